/** `cowscope compare --content` against `qemu-img compare`, and each of its rows against the bytes that qemu-img reads. */
import { copyFile, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Difference } from '../../shared/model/comparison.ts';
import { cowscope } from '../support/cli.ts';
import { randomChain } from '../support/images/random-chain.ts';
import { schemaErrors } from '../support/json-schema.ts';
import { qemuImg, qemuIo, run, temporaryFolder } from '../support/tools.ts';

const CHAINS = 5;
const SECTOR = 512;
const folder = temporaryFolder();
const schema = JSON.parse(
  await readFile(new URL('../../docs/formats/compare.schema.json', import.meta.url), 'utf8'),
);

/** What the tools of qemu say of two disks. */
interface Truth {
  readonly code: number;
  /** Of the first sector that differs; -1 where none does. */
  readonly first: number;
  readonly a: Buffer;
  readonly b: Buffer;
}

async function truthOf(a: string, b: string): Promise<Truth> {
  const { stdout, code } = await run('qemu-img', ['compare', a, b]);
  const first = /Content mismatch at offset (\d+)/.exec(stdout)?.[1];
  const contents: Buffer[] = [];
  for (const [index, path] of [a, b].entries()) {
    const raw = join(folder, `content${index}`);
    await qemuImg('convert', '-O', 'raw', path, raw);
    contents.push(await readFile(raw));
  }
  return { code, first: first === undefined ? -1 : Number(first), a: contents[0]!, b: contents[1]! };
}

interface Document {
  readonly verdict: string;
  readonly firstContent: number | null;
  readonly rows: readonly Difference[];
  readonly same: number;
}

async function compare(code: number, ...args: readonly string[]): Promise<Document> {
  const result = await cowscope(['compare', '--allow-all', '--output', 'json', ...args]);
  expect(result.stderr).toBe('');
  expect(result.code, result.stdout).toBe(code);
  const document = JSON.parse(result.stdout);
  expect(schemaErrors(schema, document)).toEqual([]);
  return document;
}

/** True where the bytes of both disks are the same in [start, end); what lies past an end reads as zeros. */
function readsSame({ a, b }: Truth, start: number, end: number): boolean {
  const part = (bytes: Buffer) => {
    const own = bytes.subarray(start, end);
    return Buffer.concat([own, Buffer.alloc(end - start - own.length)]);
  };
  return part(a).equals(part(b));
}

/** Every range that a document calls the same, or merely stored otherwise, reads the same; every other sector does not. */
function proveRows(truth: Truth, { rows, same }: Document): void {
  const size = Math.max(truth.a.length, truth.b.length);
  let at = 0;
  let sum = 0;
  for (const { start, length, kind } of rows) {
    expect(start).toBeGreaterThanOrEqual(at);
    expect(readsSame(truth, at, start), `the same in [${at}, ${start})`).toBe(true);
    sum += start - at;
    at = start + length;
    if (kind === 'mayDiffer') continue;
    expect(['content', 'state', 'length']).toContain(kind);
    const step = kind === 'content' ? SECTOR : length;
    for (let sector = start; sector < at; sector += step)
      expect(readsSame(truth, sector, Math.min(at, sector + step)), `${kind} at ${sector}`).toBe(
        kind !== 'content',
      );
  }
  expect(readsSame(truth, at, size)).toBe(true);
  expect(same).toBe(sum + size - at);
}

async function prove(a: string, b: string): Promise<string> {
  const truth = await truthOf(a, b);
  const content = await compare(truth.code, '--content', a, b);
  expect(content.firstContent ?? -1).toBe(truth.first);
  proveRows(truth, content);
  const states = await cowscope(['compare', '--allow-all', '--output', 'json', a, b]);
  const byState: Document = JSON.parse(states.stdout);
  proveRows(truth, byState);
  // By state alone "the same" is never said of disks that differ.
  if (truth.code !== 0) expect(byState.verdict).toBe('mayDiffer');
  return content.verdict;
}

it('agrees with qemu-img compare on the verdict, the first difference and every sector of random chains', {
  timeout: 600_000,
}, async () => {
  const verdicts: string[] = [];
  let previous: string | undefined;
  for (let seed = 1; seed <= CHAINS; seed++) {
    const own = join(folder, `${seed}`);
    await mkdir(own);
    const { layers, top } = await randomChain(4000 + seed, own, { dataFile: seed % 4 === 0 });
    const { size } = layers.at(-1)!;
    const copy = join(own, 'copy');
    await qemuImg('convert', '-O', seed % 2 ? 'raw' : 'qcow2', ...(seed % 4 === 2 ? ['-c'] : []), top, copy);
    verdicts.push(await prove(top, copy));
    const changed = join(own, 'changed');
    await copyFile(copy, changed);
    await qemuIo(changed, `write -P 77 ${Math.floor(size / SECTOR / 2) * SECTOR} 512`);
    verdicts.push(await prove(changed, top));
    const below = layers.at(-2)!.path;
    verdicts.push(await prove(below, top));
    if (previous !== undefined) verdicts.push(await prove(previous, top));
    previous = top;
  }
  // Both outcomes were seen: a test of one alone would prove little.
  expect(new Set(verdicts)).toEqual(new Set(['same', 'different']));
});

it('calls another length different only with --strict, as qemu-img compare -s does', async () => {
  const [short, long] = [join(folder, 'short.qcow2'), join(folder, 'long.qcow2')];
  await qemuImg('create', '-q', '-f', 'qcow2', short, '1M');
  await qemuImg('create', '-q', '-f', 'qcow2', long, '2M');
  for (const [args, code] of [
    [[], 0],
    [['-s'], 1],
  ] as const) {
    expect((await run('qemu-img', ['compare', ...args, short, long])).code).toBe(code);
    const { rows } = await compare(code, ...(code === 1 ? ['--strict'] : []), short, long);
    expect(rows).toMatchObject([
      { kind: 'length', start: 2 ** 20, length: 2 ** 20, a: { state: 'outOfRange' } },
    ]);
  }
});
