/** Runs of a layer as a plan looks them up. */
import { expect, it } from 'vitest';
import { type LayerRun, Qcow2Runs } from '../../../../electron/plan/layers/layer-runs.ts';
import { DATA, UNALLOCATED } from '../../../../electron/qcow2/format/entry.ts';
import { openQcow2 } from '../../../../electron/qcow2/read/image.ts';
import { createMap } from '../../../../electron/qcow2/read/map.ts';
import { WordSet } from '../../../../shared/extent/page.ts';
import { buildImage } from '../../../support/qcow2-reading.ts';

const TIB = 2 ** 40;
const MIB = 2 ** 20;

it('of a disk of a tebibyte with two clusters are few, and cover it without a gap', () => {
  const size = TIB + 5 * MIB;
  const { source } = buildImage({
    size,
    clusterBits: 12,
    clusters: [
      { index: 0, kind: 'data' },
      { index: (2 ** 39 + 8 * MIB) / 4096, kind: 'data' },
    ],
  });
  const runs = new Qcow2Runs(createMap(openQcow2(source), { words: new WordSet(), hosts: true }));
  const found: LayerRun[] = [];
  for (let at = 0; at < size; at = (found.at(-1) as LayerRun).end) {
    const run = runs.at(at);
    expect(run.start).toBeLessThanOrEqual(at);
    expect(run.end).toBeGreaterThan(at);
    found.push(run);
  }
  expect(found.length).toBeLessThan(20);
  const data = found.filter(({ kind }) => kind === DATA);
  expect(data.map(({ start, end }) => [start, end])).toEqual([
    [0, 4096],
    [2 ** 39 + 8 * MIB, 2 ** 39 + 8 * MIB + 4096],
  ]);
  expect(new Set(found.map(({ kind }) => kind))).toEqual(new Set([DATA, UNALLOCATED]));
  expect(found.at(-1)?.end).toBe(size);
});
