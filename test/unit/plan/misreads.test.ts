import { describe, expect, it } from 'vitest';
import type { LayerTables } from '../../../electron/plan/commit/commit-input.ts';
import { findMisreads, MisreadRows } from '../../../electron/plan/misreads.ts';
import { openQcow2 } from '../../../electron/qcow2/read/image.ts';
import { createMap } from '../../../electron/qcow2/read/map.ts';
import { runToEnd } from '../../../electron/qcow2/read/sliced-work.ts';
import { WordSet } from '../../../shared/extent/page.ts';
import type { MisreadReader, MisreadRow } from '../../../shared/model/misread.ts';
import type { ClusterSpec, ImageSpec } from '../../support/images/qcow2-builder.ts';
import { buildImage } from '../../support/qcow2-reading.ts';
import { layerInfo } from '../../support/window/fake-chain.ts';

const K64 = 65_536;
const KINDS = { d: 'data', z: 'zeroHole', a: 'zeroAllocated' } as const;

/** A layer whose clusters are d for data, z for zeros, a for zeros with host space, c for compressed data, . for nothing. */
function layerOf(letters: string, index: number, spec: Partial<ImageSpec> = {}): LayerTables {
  const clusterSize = 2 ** (spec.clusterBits ?? 16);
  const clusters = [...letters].flatMap((letter, at): ClusterSpec[] => {
    if (letter === 'c') return [{ index: at, kind: 'compressed', content: new Uint8Array(clusterSize) }];
    return letter === '.' ? [] : [{ index: at, kind: KINDS[letter as keyof typeof KINDS] }];
  });
  const size = letters.length * clusterSize;
  const image = openQcow2(buildImage({ size, clusters, ...spec }).source);
  const map = createMap(image, { words: new WordSet(), hosts: true });
  return { info: layerInfo(index, `${index}.qcow2`, size), image, map };
}

/** What a reader gets wrong, as [layer, first cluster, clusters, how it is read]. */
function misreads(reader: MisreadReader, ...layers: readonly LayerTables[]): unknown[] {
  const rows: unknown[] = [];
  runToEnd(
    findMisreads(layers, reader, ({ layer, start, length, reads }) =>
      rows.push([layer, start / K64, length / K64, reads]),
    ),
  );
  return rows;
}

describe('zeros over a chain', () => {
  const layers = [layerOf('dzd.d', 0), layerOf('....z', 1), layerOf('zzaaz', 2)];

  it('are misread where a reader sees through them to something that is not zeros', () => {
    expect(misreads('hole-bit', ...layers)).toEqual([
      [1, 4, 1, 'below'],
      [2, 0, 1, 'below'],
      [2, 2, 1, 'below'],
    ]);
  });

  it('with host space are old data to a reader that knows offsets alone, and right to one that knows allocation', () => {
    expect(misreads('offset-only', ...layers)).toEqual([
      [1, 4, 1, 'below'],
      [2, 0, 1, 'below'],
      [2, 2, 2, 'stale'],
    ]);
    expect(misreads('allocated', ...layers)).toEqual([
      [1, 4, 1, 'below'],
      [2, 0, 1, 'below'],
    ]);
  });

  it('are right past the end of a shorter layer below', () => {
    expect(misreads('hole-bit', layerOf('dd', 0), layerOf('zzzz', 1))).toEqual([[1, 0, 2, 'below']]);
  });
});

describe('compressed data', () => {
  it('is garbage to a reader that knows offsets alone, and refused with its whole layer by one that knows allocation', () => {
    const layers = [layerOf('dc.', 0), layerOf('..d', 1)];
    expect(misreads('hole-bit', ...layers)).toEqual([]);
    expect(misreads('offset-only', ...layers)).toEqual([[0, 1, 1, 'garbage']]);
    expect(misreads('allocated', ...layers)).toEqual([[0, 0, 3, 'refused']]);
  });
});

describe('a layer as a whole', () => {
  it('of subclusters is garbage to readers of plain entries', () => {
    const layer = layerOf('....', 0, { extendedL2: true });
    expect(misreads('hole-bit', layer)).toEqual([]);
    for (const reader of ['offset-only', 'allocated'] as const)
      expect(misreads(reader, layer)).toEqual([[0, 0, 4, 'garbage']]);
  });

  it('of other clusters than 64 KiB is refused by the reader that knows no others', () => {
    const layer = layerOf('d'.repeat(16), 0, { clusterBits: 12 });
    expect(misreads('allocated', layer)).toEqual([[0, 0, 1, 'refused']]);
    expect(misreads('offset-only', layer)).toEqual([]);
  });

  it('that is raw is read by all of them', () => {
    expect(misreads('allocated', { info: layerInfo(0, 'raw', K64) })).toEqual([]);
  });
});

it('rows of one layer that touch and are misread alike are one row', () => {
  const taken: MisreadRow[] = [];
  const rows = new MisreadRows(row => taken.push(row));
  const added = [
    [0, 0, 10, 'below'],
    [0, 10, 5, 'below'],
    [0, 20, 5, 'below'],
    [0, 25, 5, 'stale'],
    [1, 30, 5, 'stale'],
  ] as const;
  for (const [layer, start, length, reads] of added) rows.add({ layer, start, length, reads });
  expect(taken).toHaveLength(3);
  rows.finish();
  rows.finish();
  expect(taken.map(({ layer, start, length, reads }) => [layer, start, length, reads])).toEqual([
    [0, 0, 15, 'below'],
    [0, 20, 5, 'below'],
    [0, 25, 5, 'stale'],
    [1, 30, 5, 'stale'],
  ]);
});
