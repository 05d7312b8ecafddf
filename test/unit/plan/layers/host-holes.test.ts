/** Which data may lie in holes of a file. */
import { describe, expect, it } from 'vitest';
import { ChainContent } from '../../../../electron/plan/layers/chain-content.ts';
import { findHolesIn } from '../../../../electron/plan/layers/host-holes.ts';
import { RawRuns } from '../../../../electron/plan/layers/layer-runs.ts';
import type { ImageSource } from '../../../../electron/qcow2/read/source.ts';
import { fakeRuns } from '../../../support/fake-runs.ts';

const SIZE = 2 ** 21;

function memorySource(bytes: Uint8Array): ImageSource {
  return {
    path: 'bytes',
    size: bytes.length,
    readAt(into, position) {
      const part = bytes.subarray(position, position + into.length);
      into.set(part);
      return part.length;
    },
    currentSize: () => bytes.length,
    bytesOnDisk: () => -1,
  };
}

/** Holes that may be found in [start, end) of a raw layer whose bytes are set but in `zeros`, at most `limit` bytes of it read. */
function holesOf(zeros: readonly (readonly [number, number])[], start: number, end: number, limit = SIZE) {
  const bytes = new Uint8Array(SIZE).fill(7);
  for (const [from, to] of zeros) bytes.fill(0, from, to);
  const runs = new RawRuns(SIZE);
  const layers = [{ runs, source: memorySource(bytes), compression: 'zlib' as const }];
  const content = new ChainContent(layers, () => new Uint8Array(), limit);
  return findHolesIn([runs], new Set([0]), content)(0, start, end);
}

describe('findHolesIn', () => {
  it('finds whole sectors of zeros', () => {
    expect(holesOf([[512, 2048]], 0, 8192)).toEqual([[512, 2048]]);
    expect(holesOf([[100, 1023]], 0, 8192)).toEqual([]);
    expect(
      holesOf(
        [
          [100, 1024],
          [8000, 9000],
        ],
        0,
        8192,
      ),
    ).toEqual([[512, 1024]]);
  });

  it('finds them in the part that is asked for, also where that is read in pieces', () => {
    expect(holesOf([[0, SIZE]], 512, 1024)).toEqual([[512, 1024]]);
    expect(holesOf([[2 ** 20 - 512, 2 ** 20 + 512]], 0, SIZE)).toEqual([
      [2 ** 20 - 512, 2 ** 20],
      [2 ** 20, 2 ** 20 + 512],
    ]);
  });

  it('takes all data for holes where it cannot be read', () => {
    expect(holesOf([], 0, 8192, 4096)).toEqual([[0, 8192]]);
    expect(findHolesIn([new RawRuns(SIZE)], new Set([0]), undefined)(0, 0, 4096)).toEqual([[0, 4096]]);
  });

  it('ends where the layer does, though a request goes on', () => {
    expect(holesOf([[SIZE - 512, SIZE]], SIZE - 1024, SIZE + 65_536)).toEqual([[SIZE - 512, SIZE]]);
    expect(findHolesIn([fakeRuns('d')], new Set([0]), undefined)(0, 0, 4 * 65_536)).toEqual([[0, 65_536]]);
  });

  it('finds none in other layers, and none in compressed clusters', () => {
    const runs = [fakeRuns('dcd')];
    expect(findHolesIn(runs, new Set([1]), undefined)(0, 0, 65_536)).toEqual([]);
    expect(findHolesIn(runs, new Set([0]), undefined)(0, 0, 3 * 65_536)).toEqual([
      [0, 65_536],
      [131_072, 196_608],
    ]);
  });
});
