/** What a safe rebase writes, on layers whose clusters are d for data, z for zeros and . for nothing. */
import { describe, expect, it } from 'vitest';
import type { ChainContent } from '../../../../electron/plan/layers/chain-content.ts';
import { type RebaseWork, rebaseWrites } from '../../../../electron/plan/rebase/rebase-writes.ts';
import { runToEnd } from '../../../../electron/qcow2/read/sliced-work.ts';
import { CLUSTER as C, fakeRuns } from '../../../support/fake-runs.ts';

/** Bytes in which contents are made. */
const STEP = 512;

/** What a chain reads: data of a layer is the layer's number plus 1 in every byte, or what `other` makes of an offset. */
function contentOf(
  layers: readonly string[],
  sizes: readonly number[],
  other: (layer: number, at: number) => number,
) {
  const byteAt = (top: number, at: number): number => {
    for (let layer = top; layer >= 0; layer--) {
      if (at >= (sizes[layer] as number)) return 0;
      const letter = layers[layer]?.[Math.floor(at / C)];
      if (letter === 'z') return 0;
      if (letter === 'd') return other(layer, at);
    }
    return 0;
  };
  const read = (layer: number, start: number, into: Uint8Array) => {
    for (let at = 0; at < into.length; at += STEP) into.fill(byteAt(layer, start + at), at, at + STEP);
  };
  return { read } as unknown as ChainContent;
}

interface Rebase extends Partial<RebaseWork> {
  readonly layers: readonly string[];
  /** Sizes in clusters of layers that do not end with a cluster. */
  readonly sizes?: Readonly<Record<number, number>>;
  readonly data?: (layer: number, at: number) => number;
}

/** The writes as [start, end, zero], in clusters. */
function writesOf({ layers, sizes = {}, data = layer => layer + 1, ...more }: Rebase) {
  const runs = layers.map((letters, layer) => {
    const whole = fakeRuns(letters);
    return { ...whole, size: (sizes[layer] ?? letters.length) * C };
  });
  const content = contentOf(
    layers,
    runs.map(({ size }) => size),
    data,
  );
  const work = {
    runs,
    target: layers.length - 1,
    base: 0,
    unit: C,
    alignsWrites: true,
    keepsToBuffer: true,
    ...more,
  };
  const found = runToEnd(rebaseWrites(work, content));
  return found?.writes.map(({ start, end, zero }) => [start / C, end / C, zero]);
}

describe('a rebase onto a layer below', () => {
  it('writes what the layers in between change, where the target holds nothing', () => {
    expect(writesOf({ layers: ['dddd', '.d.z', 'd...'] })).toEqual([
      [1, 2, false],
      [3, 4, false],
    ]);
  });

  it('writes nothing where both chains read the same', () => {
    expect(writesOf({ layers: ['dddd', 'dddd', '....'], data: () => 5 })).toEqual([]);
    expect(writesOf({ layers: ['....', '....', 'd...'] })).toEqual([]);
    expect(writesOf({ layers: ['.zz.', 'z.zz', '....'] })).toEqual([]);
  });

  it('writes zeros from the end of the old backing file on, where the new one holds data', () => {
    expect(writesOf({ layers: ['dddd', 'dd', '....'], data: () => 5 })).toEqual([[2, 4, true]]);
  });

  it('writes sectors where qemu does not align, and leaves alone what the target holds by then', () => {
    const unaligned = { alignsWrites: false, unit: 4 * C };
    const layers = ['dddddddd', 'd.zz.d..', '........'];
    expect(writesOf({ layers, ...unaligned, data: (layer, at) => (at % C === 0 ? layer + 1 : 9) })).toEqual([
      [0, STEP / C, false],
      [5, 5 + STEP / C, false],
    ]);
  });

  it('compares up to the end of the shorter backing file where qemu does not align', () => {
    const unaligned = { alignsWrites: false, sizes: { 0: 1.5 } };
    expect(writesOf({ layers: ['dd', 'dd', '..'], ...unaligned })).toEqual([[0, 1.5, false]]);
    // Behind the end of the new one, what the old one holds is written.
    const short = { alignsWrites: false, data: () => 5 };
    expect(writesOf({ layers: ['d', 'ddd', '...'], ...short })).toEqual([[1, 3, false]]);
  });
});

describe('a flattening', () => {
  it('writes all data of the layers below, and passes over zeros in whole slices alone', () => {
    expect(writesOf({ layers: ['.d', '..'], base: -1 })).toEqual([[1, 2, false]]);
    expect(writesOf({ layers: ['d.zd', '.d..', 'd...'], base: -1 })).toEqual([
      [1, 2, false],
      [3, 4, false],
    ]);
  });
});
