/** Rows of the result: as a table for a person, and as JSON. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { arch, cpus, platform, totalmem } from 'node:os';
import { join } from 'node:path';
import type { Outcome } from './measure.ts';

/** Units of a figure. */
export type Unit = 's' | 'ms' | 'ns' | 'B' | 'MiB' | 'MB';

/** One measured thing. */
export interface Row {
  /** What was done, and on which images. */
  readonly what: string;
  readonly unit: Unit;
  readonly ours: number;
  /** What it is compared with; absent where the figure has no peer. */
  readonly peer?: { readonly name: string; readonly value: number };
  /** Largest ratio to the peer (or largest figure where there is none) that is good; absent where nothing is aimed at. */
  readonly atMost?: number;
  /** As `atMost`, for what would be good beyond it. */
  readonly stretch?: number;
}

/** What a suite found. */
export interface SuiteResult {
  readonly rows: readonly Row[];
  readonly outcomes: readonly Outcome[];
  /** What a reader must know: skipped parts and why. */
  readonly notes: readonly string[];
}

/** The machine and programs that were measured, in general terms. */
export interface Setting {
  readonly machine: string;
  readonly programs: string;
}

/** What this is measured on. */
export function describeSetting(): Setting {
  const cores = cpus().length;
  const model = cpus()[0]
    ?.model.replace(/\((?:R|TM)\)|CPU|Processor|@.*|\d+-Core/g, '')
    .replace(/\s+/g, ' ')
    .trim();
  const memory = Math.round(totalmem() / 2 ** 30);
  return {
    machine: `${cores} ${cores === 1 ? 'core' : 'cores'} (${model ?? 'unknown'}, ${arch()}), ${memory} GiB, ${platform()}`,
    programs: [`Node ${process.versions.node}`, ...['qemu-img', 'nbdinfo'].map(versionOf)].join(', '),
  };
}

/** The commit that is measured, with a + where files differ from it; `unknown` outside of a clone. */
export function describeCommit(root: string): string {
  const git = (...args: string[]) => execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim();
  try {
    return `${git('rev-parse', '--short=9', 'HEAD')}${git('status', '--porcelain') === '' ? '' : '+'}`;
  } catch {
    return 'unknown';
  }
}

function versionOf(program: string): string {
  try {
    const text = execFileSync(program, ['--version'], { encoding: 'utf8' });
    return `${program} ${/\d+\.\d+(?:\.\d+)?/.exec(text)?.[0] ?? 'of unknown version'}`;
  } catch {
    return `no ${program}`;
  }
}

/** What a row's target is about: the ratio to the peer, or the figure itself. */
function measureOf({ ours, peer }: Row): number {
  return peer === undefined ? ours : ours / peer.value;
}

/** The rows as a Markdown table. */
export function tableOf(rows: readonly Row[]): string {
  const cells = rows.map(row => {
    const { what, unit, ours, peer, atMost, stretch } = row;
    const measure = measureOf(row);
    const limit = (value: number | undefined) =>
      value === undefined ? '' : peer === undefined ? figure(value, unit) : ratio(value);
    return [
      what,
      peer === undefined ? '' : `${peer.name} ${figure(peer.value, unit)}`,
      figure(ours, unit),
      peer === undefined ? '' : ratio(measure),
      limit(atMost),
      atMost === undefined ? '' : measure <= atMost ? 'yes' : 'no',
      stretch === undefined ? '' : `${limit(stretch)}${measure <= stretch ? ', met' : ''}`,
    ];
  });
  return markdownTable([['what', 'peer', 'cowscope', 'ratio', 'at most', 'met', 'stretch'], ...cells]);
}

/** Lines of cells as a Markdown table; the first is its head. */
export function markdownTable(lines: readonly (readonly string[])[]): string {
  const widths =
    lines[0]?.map((_, column) => Math.max(...lines.map(line => line[column]?.length ?? 0))) ?? [];
  const text = (line: readonly string[]) =>
    `| ${line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const [head = [], ...body] = lines;
  return [text(head), text(widths.map(width => '-'.repeat(width))), ...body.map(text)].join('\n');
}

function figure(value: number, unit: Unit): string {
  if (!Number.isFinite(value)) return 'unknown';
  return `${value >= 100 ? value.toFixed(0) : value.toPrecision(3)} ${unit}`;
}

/** Small ratios read better as fractions. */
function ratio(value: number): string {
  if (!Number.isFinite(value)) return 'unknown';
  return value > 0 && value < 0.95 ? `1/${(1 / value).toFixed(value < 0.1 ? 0 : 1)}` : value.toFixed(2);
}

/** Writes everything as JSON to a new file in `folder` and returns its path. */
export function writeResults(folder: string, name: string, results: unknown): string {
  mkdirSync(folder, { recursive: true });
  const stamp = new Date().toISOString().slice(0, 19).replaceAll(':', '-');
  const file = join(folder, `${name}-${stamp}.json`);
  writeFileSync(file, `${JSON.stringify(results, null, 2)}\n`);
  return file;
}
