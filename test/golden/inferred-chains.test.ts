/** Layers of random chains that qemu made: nothing is inferred of a sound one, and no other range than it had of a lost one. */
import { copyFileSync, openSync, readFileSync, writeSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { inferHeader, inferL1 } from '../../electron/qcow2/infer/infer-image.ts';
import { openQcow2, type Qcow2Image } from '../../electron/qcow2/read/image.ts';
import { runToEnd } from '../../electron/qcow2/read/sliced-work.ts';
import { stateOf } from '../../shared/extent/flags.ts';
import { randomChain } from '../support/images/random-chain.ts';
import { type MappedExtent, mapWhole, openSource } from '../support/qcow2-reading.ts';
import { temporaryFolder } from '../support/tools.ts';

const folder = temporaryFolder();
/** Chains with L1 tables that lead to empty tables, or by hand as many as are wanted from a seed on. */
const FIRST = Number(process.env.COWSCOPE_INFER_FIRST_CHAIN ?? 0);
const COUNT = Number(process.env.COWSCOPE_INFER_CHAINS ?? 0);
const SEEDS = COUNT === 0 ? [501, 507, 513] : Array.from({ length: COUNT }, (_, i) => FIRST + i);

/** A copy with zeros in place of some bytes. */
function without(path: string, what: string, offset: number, bytes: number): string {
  const copy = `${path}.${what}`;
  copyFileSync(path, copy);
  writeSync(openSync(copy, 'r+'), Buffer.alloc(bytes), 0, bytes, offset);
  return copy;
}

/** Ranges that are known of an inferred image and that the image did not have, as text. */
function wrongRanges(image: Qcow2Image | undefined, truth: readonly MappedExtent[]): string[] {
  if (image === undefined) return [];
  const hostAt = ({ start, host }: MappedExtent, at: number) => (host < 0 ? -1 : host + at - start);
  const known = mapWhole(image).filter(({ word }) => stateOf(word) !== 'unreadable');
  return known.flatMap(extent =>
    truth.flatMap(other => {
      const start = Math.max(extent.start, other.start);
      if (start >= Math.min(extent.start + extent.length, other.start + other.length)) return [];
      const [ours, real] = [extent, other].map(one => `${stateOf(one.word)} at ${hostAt(one, start)}`);
      return ours === real ? [] : [`${start}: ${ours}, not ${real}`];
    }),
  );
}

it.each(SEEDS)('no range is inferred wrongly in chain %i, and nothing of what is not lost', async seed => {
  const own = join(folder, `${seed}`);
  await mkdir(own);
  const features = { snapshots: seed % 3 === 0, bitmaps: seed % 4 === 0, dataFiles: seed % 5 === 0 };
  const { layers } = await randomChain(seed, own, features);
  const paths = layers.filter(({ format }) => format === 'qcow2').map(({ path }) => path);
  expect(paths.length).toBeGreaterThan(0);
  for (const path of paths) {
    const image = openQcow2(openSource(path));
    const truth = mapWhole(image);
    expect(runToEnd(inferL1(image, { reading: 1 })), path).toBeUndefined();
    const headless = openSource(without(path, 'header', 0, 512));
    expect(wrongRanges(runToEnd(inferHeader(headless, { reading: 1 })), truth), path).toEqual([]);
    const header = readFileSync(path).subarray(0, 104);
    const l1 = Number(header.readBigUInt64BE(40));
    const stored = openQcow2(openSource(without(path, 'l1', l1, header.readUInt32BE(36) * 8)));
    expect(wrongRanges(runToEnd(inferL1(stored, { reading: 1 })), truth), path).toEqual([]);
  }
});
