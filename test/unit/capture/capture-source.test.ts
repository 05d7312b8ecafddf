/** A captured layer gives the bytes of its frames, as far as each goes, and never zeros for what was not captured. */
import { openSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { captureSource } from '../../../electron/capture/capture-source.ts';
import { CODEC } from '../../../electron/capture/format.ts';
import { encodePlanes } from '../../../electron/capture/planes.ts';
import { newFile } from '../../support/qcow2-reading.ts';

const table = Uint8Array.from({ length: 64 }, (_, i) => i % 7);

/** Frames of a layer: [start, length, codec, stored bytes]. */
const FRAMES = [
  [0, 8, CODEC.plain, Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)],
  [8, 16, CODEC.zeros, new Uint8Array(0)],
  [100, 64, CODEC.planes, encodePlanes(table, 1)],
  [200, 64, CODEC.widePlanes, encodePlanes(table, 2)],
  [300, 8, CODEC.plain, Uint8Array.of(9, 9, 9)], // shorter than it says
  [400, 64, CODEC.planes, Uint8Array.of(0xff)], // no such code
] as const;

/** The source of a layer of 500 bytes with these frames. */
function sourceOfFrames() {
  const path = newFile();
  writeFileSync(path, Buffer.concat(FRAMES.map(([, , , stored]) => stored)));
  const lengths = FRAMES.map(([, , , stored]) => stored.length);
  const positions = lengths.map((_, i) => lengths.slice(0, i).reduce((sum, length) => sum + length, 0));
  const frames = {
    starts: Float64Array.from(FRAMES, ([start]) => start),
    ends: Float64Array.from(FRAMES, ([start, length]) => start + length),
    codecs: Uint8Array.from(FRAMES, ([, , codec]) => codec),
    positions: Float64Array.from(positions),
    lengths: Uint32Array.from(lengths),
    bytesOnDisk: 4096,
  };
  return captureSource({ fd: openSync(path, 'r'), size: 500, path, frames });
}

const source = sourceOfFrames();

/** What a read gives; 7 stands where it wrote nothing. */
function read(position: number, length: number): number[] {
  const into = new Uint8Array(length).fill(7);
  const count = source.readAt(into, position);
  expect([...into.subarray(count)]).toEqual(Array(length - count).fill(7));
  return [...into.subarray(0, count)];
}

it('reads a frame of any codec, from any place in it to its end at most', () => {
  expect(read(0, 4)).toEqual([1, 2, 3, 4]);
  expect(read(5, 20)).toEqual([6, 7, 8]);
  expect(read(8, 3)).toEqual([0, 0, 0]);
  expect(read(20, 20)).toEqual([0, 0, 0, 0]);
  for (const start of [100, 200]) {
    expect(read(start, 64)).toEqual([...table]);
    expect(read(start + 60, 64)).toEqual([...table.subarray(60)]);
  }
});

it('refuses to read what no frame holds, and ends where the file does', () => {
  for (const position of [24, 99, 164, 499])
    expect(() => read(position, 1)).toThrow(expect.objectContaining({ code: 'NOT_CAPTURED' }));
  expect(read(500, 8)).toEqual([]);
  expect(read(0, 0)).toEqual([]);
});

it('tells how far it holds everything from an offset on', () => {
  expect([0, 7, 8, 23].map(position => source.heldUpTo?.(position))).toEqual([24, 24, 24, 24]);
  expect([24, 99].map(position => source.heldUpTo?.(position))).toEqual([24, 99]);
  expect(source.heldUpTo?.(500)).toBe(Number.POSITIVE_INFINITY);
});

it('refuses a frame that cannot be decoded, and one that is shorter than it says', () => {
  for (const position of [300, 303, 400, 463])
    expect(() => read(position, 1)).toThrow(expect.objectContaining({ code: 'CAPTURE_DAMAGED' }));
});
