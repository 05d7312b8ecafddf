/** The map of `cowscope map` for a person: its rows, its sums, and where witnesses differ. */
import {
  DAMAGED,
  DIRTY,
  DIRTY_UNKNOWN,
  type ExtentState,
  HOLE_OVERRIDES,
  LOCAL,
  OUT_OF_RANGE,
  ownerKnown,
  STATES,
  stateOf,
} from '../../shared/extent/flags.ts';
import { type Legend, type LegendEntry, shortLabel } from '../../shared/legend.ts';
import type { CheckStep } from '../../shared/model/check.ts';
import type { BitmapChoice } from '../../shared/model/context.ts';
import { type Finding, totalLength } from '../../shared/model/finding.ts';
import type { ChainInfo } from '../../shared/model/layer.ts';
import type { MapTotals } from '../../shared/model/statistics.ts';
import { distinctLabels } from '../../shared/text/distinct-labels.ts';
import { findingSentence } from '../../shared/text/finding-text.ts';
import { formatOffset, formatShare, formatSize } from '../../shared/text/offset.ts';
import { escapeUntrusted } from '../../shared/text/untrusted-text.ts';
import type { ListFormat } from './list-format.ts';
import { bitmapRowsOf, bitmapsLeft } from './map-bitmaps.ts';
import { ownersOf } from './map-owners.ts';
import type { MapRowKind, MapRowKinds } from './map-rows.ts';

const MAX_DIFFERENCES = 20;
/** Bitmaps that one row names. */
const MAX_BITMAPS_NAMED = 4;
/** Characters of the column of states. */
const STATE_CHARACTERS = 17;
/** Characters of the labels of sums, at least. */
const LABEL_CHARACTERS = 34;

/** How rows read. */
export interface MapTextRows {
  readonly kinds: MapRowKinds;
  /** Titles of the layers, base first. Untrusted text. */
  readonly titles: readonly string[];
  readonly legend: Legend;
  /** The bitmaps, by number. Their names are untrusted text. */
  readonly bitmaps: readonly BitmapChoice[];
  /** Columns that a line has: a row that is longer takes several. Default: a line each. */
  readonly width?: number | undefined;
}

/** The rows: offset, length, state, owner, and what it hides. */
export function mapTextRows(rows: MapTextRows): ListFormat {
  const { kinds, width = Number.POSITIVE_INFINITY } = rows;
  const texts: RowTexts = {
    layers: distinctLabels(rows.titles, 40),
    bitmaps: bitmapLabels(rows.bitmaps, rows.titles),
    legend: rows.legend,
  };
  return {
    head: '',
    separator: '\n',
    tail: '',
    plainNumbers: false,
    row: (start, length, key, host) => folded(rowParts(texts, start, length, kinds.kind(key), host), width),
  };
}

/** The words that rows are made of, safe for a terminal. */
interface RowTexts {
  readonly layers: readonly string[];
  readonly bitmaps: readonly string[];
  readonly legend: Legend;
}

function rowParts(
  { layers, bitmaps, legend }: RowTexts,
  start: number,
  length: number,
  kind: MapRowKind,
  host: number,
): string[] {
  const { stop, word } = kind;
  const nameOf = (layer: number) => layers[layer] ?? String(layer);
  const owner =
    word & LOCAL ? nameOf(stop) : stop >= 0 && word & OUT_OF_RANGE ? `- (${nameOf(stop)} ends)` : '-';
  const columns = [
    formatOffset(start).padEnd(14),
    formatSize(length).padStart(12),
    ` ${rowLabel(legend[stateOf(word)]).padEnd(STATE_CHARACTERS)}`,
  ];
  const notes = [
    ...(host < 0 ? [] : [`at ${formatOffset(host)}`]),
    ...rowNotes(kind, legend, nameOf, number => bitmaps[number] ?? String(number)),
  ];
  return [columns.join(' '), owner.padEnd(18), notes.join('; ')];
}

function rowNotes(
  { stop, word, overridden, shadowed, dirtyIn }: MapRowKind,
  legend: Legend,
  nameOf: (layer: number) => string,
  bitmapOf: (number: number) => string,
): string[] {
  const list = (indexes: readonly number[]) => indexes.map(nameOf).join(', ');
  const notes: string[] = [];
  if (overridden.length > 0) notes.push(`hides ${list(overridden)}`);
  if (word & HOLE_OVERRIDES) notes.push(legend.holeOverrides.label);
  if (shadowed.length > 0) notes.push(`${list(shadowed)} hidden by the shorter layer`);
  if (word & DAMAGED) notes.push('damaged');
  if (dirtyIn.length > 0) {
    const more = dirtyIn.length > MAX_BITMAPS_NAMED ? ` and ${dirtyIn.length - MAX_BITMAPS_NAMED} more` : '';
    notes.push(`dirty in ${dirtyIn.slice(0, MAX_BITMAPS_NAMED).map(bitmapOf).join(', ')}${more}`);
  } else if (word & DIRTY) notes.push('dirty');
  if (word & DIRTY_UNKNOWN) notes.push('a bitmap is unknown');
  if (stop >= 0 && !ownerKnown(word)) notes.push('owner unknown');
  return notes;
}

/** Columns under which a row goes on that is too long for its line. */
const FOLD_INDENT = ' '.repeat(29);

/** The parts of a row in one line; where that is wider than `width`, a part that does not fit begins a new line. */
function folded(parts: readonly string[], width: number): string {
  const row = parts.join(' ').trimEnd();
  if (row.length <= width) return row;
  const lines: string[] = [];
  let line = '';
  const begin = () => {
    lines.push(line.trimEnd());
    line = FOLD_INDENT;
  };
  for (const part of parts) {
    if (line.length + part.trimEnd().length > width) begin();
    for (const word of part.split(' ')) {
      if (line.trim() !== '' && word !== '' && line.length + word.length > width) begin();
      line += `${word} `;
    }
  }
  return [...lines, line.trimEnd()].join('\n');
}

/** The label of a row's state, short where it is too long for its column. */
function rowLabel(entry: LegendEntry): string {
  return entry.label.length > STATE_CHARACTERS ? shortLabel(entry) : entry.label;
}

/** What stands in place of a sum that is not known. */
export const NOT_KNOWN = 'not known';

/** A sum: its label, and its bytes, or undefined where they are not known. */
export type TotalRow = readonly [label: string, bytes: number | undefined];

/** The sums of a map in the order in which they are printed; a label of a part begins with blanks. */
export function totalRows(
  chain: ChainInfo,
  legend: Legend,
  sums: MapTotals,
  layer: number | undefined,
): TotalRow[] {
  const owners = ownersOf(chain, sums, layer);
  const rows: TotalRow[] = [];
  const add = (label: string, bytes: number) => rows.push([label, bytes]);
  // What the open layers hide of each other is the least: they may hide more of those that are not open.
  const addHiding = (label: string, bytes: number) => {
    if (chain.complete) add(label, bytes);
    else rows.push(bytes === 0 ? [label, undefined] : [`${label}, at least`, bytes]);
  };
  const byLabel = new Map<string, number>();
  STATES.forEach((state, s) => {
    const { label } = legend[state];
    byLabel.set(label, (byLabel.get(label) ?? 0) + (sums.states[s] as number));
  });
  for (const [label, bytes] of byLabel) if (bytes !== 0) add(label, bytes);
  if (owners.length > 1) {
    const labels = distinctLabels(
      owners.map(({ name }) => name),
      24,
    );
    for (const [i, short] of [...labels.entries()].reverse()) {
      add(`owned by ${short}`, sums.owners[i] as number);
      if (sums.shadowed[i] !== 0) add(`  of ${short} hidden by a shorter layer`, sums.shadowed[i] as number);
    }
    const unowned = sums.owners[owners.length] as number;
    const none = Math.min(unowned, ownedByNone(sums));
    if (none !== 0) add('owned by no layer', none);
    if (unowned !== none) add('owner not known', unowned - none);
    // An NBD export of a whole chain does not tell what is hidden.
    if (owners[0]?.key === 'layer') {
      addHiding('overrides a lower layer', sums.overrides);
      addHiding(legend.holeOverrides.label, sums.holeOverrides);
    }
  }
  addBitmaps(chain, sums, add);
  return rows;
}

/** States of a range that no layer owns. What is not known or cannot be read may have an owner. */
const WITHOUT_OWNER: readonly ExtentState[] = ['unallocated', 'reserved', 'outOfRange'];

function ownedByNone({ states }: MapTotals): number {
  return WITHOUT_OWNER.reduce((sum, state) => sum + (states[STATES.indexOf(state)] ?? 0), 0);
}

/** The sums as lines. For one layer alone, what layers hide of each other is left out. */
export function mapTextTotals(
  chain: ChainInfo,
  legend: Legend,
  sums: MapTotals,
  layer: number | undefined,
): string {
  const size = sums.states.reduce((all, bytes) => all + bytes, 0);
  const rows = totalRows(chain, legend, sums, layer);
  const width = Math.max(LABEL_CHARACTERS, ...rows.map(([label]) => label.length));
  const lines = rows.map(([label, bytes]) => {
    if (bytes === undefined) return `  ${label.padEnd(width)} ${NOT_KNOWN.padStart(12)}`;
    const percent = size === 0 ? '' : formatShare(bytes / size);
    return `  ${label.padEnd(width)} ${formatSize(bytes).padStart(12)} ${percent.padStart(8)}`;
  });
  const head = `${formatSize(size)} in ${sums.extents} ${sums.extents === 1 ? 'extent' : 'extents'}`;
  const left = bitmapsLeft(chain, sums, layer);
  if (left > 0) lines.push(`  ${left} more ${left === 1 ? 'bitmap was' : 'bitmaps were'} not read`);
  return `${[head, ...lines].join('\n')}\n`;
}

/** Names of bitmaps, with that of their layer where several layers have some. Safe for a terminal. */
function bitmapLabels(bitmaps: readonly BitmapChoice[], layerNames: readonly string[]): string[] {
  const layers = distinctLabels(layerNames, 24);
  const indexes = [...new Set(bitmaps.map(({ layer }) => layer))];
  return indexes.flatMap(layer => {
    const names = bitmaps.filter(bitmap => bitmap.layer === layer).map(({ name }) => name);
    const place = indexes.length === 1 ? '' : ` of ${layers[layer] ?? ''}`;
    return distinctLabels(names, 24).map(name => `${name}${place}`);
  });
}

/** One sum for each bitmap, and below it how much of that reads as zeros or is not known. */
function addBitmaps(chain: ChainInfo, sums: MapTotals, add: (label: string, bytes: number) => void): void {
  const rows = bitmapRowsOf(chain, sums);
  const labels = bitmapLabels(
    rows,
    chain.layers.map(({ name }) => name),
  );
  for (const [i, { info, dirty, zero, unknown }] of rows.entries()) {
    const state = info?.enabled === false ? ', disabled' : '';
    add(`dirty in ${labels[i]}${state}`, dirty);
    if (zero > 0) add('  of it zeros', zero);
    if (unknown > 0) add('  not known', unknown);
  }
}

/** A layer, and whether all of it was read by both witnesses and compared. */
export interface ComparedLayer {
  readonly layer: number;
  readonly step: CheckStep;
}

/** Where the two witnesses differ, one line a cause; or of which layers they agree, and which were not compared. */
export function mapTextDifferences(
  chain: ChainInfo,
  findings: readonly Finding[],
  layers: readonly ComparedLayer[],
): string {
  const found = findings.filter(({ witnesses }) => witnesses !== undefined);
  if (found.length === 0) return agreement(chain, layers);
  const lines = found.slice(0, MAX_DIFFERENCES).map(finding => {
    const { layer, guest, count, bytesAtRisk } = finding;
    const name = escapeUntrusted(chain.layers[layer]?.name ?? '', 40);
    const bytes = formatSize(Math.max(bytesAtRisk, totalLength(guest)));
    const where = `${formatOffset(guest[0]?.[0] ?? 0)} ${bytes.padStart(12)}`;
    const places = count === 1 ? '' : ` (${count} ranges)`;
    return `  ${where}  ${name}: ${escapeUntrusted(findingSentence(finding))}${places}`;
  });
  if (found.length > lines.length) lines.push(`  and ${found.length - lines.length} more`);
  return `\nThe two witnesses differ:\n${lines.join('\n')}\n`;
}

function agreement(chain: ChainInfo, layers: readonly ComparedLayer[]): string {
  const others = layers.filter(({ step }) => !step.done);
  const name = ({ layer }: ComparedLayer) => escapeUntrusted(chain.layers[layer]?.name ?? '', 40);
  const lines = others.map(one => `  not compared: ${name(one)} (${escapeUntrusted(one.step.why)})\n`);
  if (others.length === layers.length) return `\nThe two witnesses were not compared.\n${lines.join('')}`;
  const where = others.length === 0 ? '' : ' where both have read';
  return `\nThe two witnesses agree${where}.\n${lines.join('')}`;
}
