import { expect, test } from 'vitest';
import { stackRuns } from '../../../../../renderer/views/inspector/stack-runs.ts';
import { ABSENT, HOLE, LOCAL, ZERO } from '../../../../../shared/extent/flags.ts';
import type { InspectedLayer } from '../../../../../shared/model/inspection.ts';

const NONE = ABSENT | HOLE | ZERO;
const layersOf = (...words: number[]) => words.map((word, track) => ({ track, word }) as InspectedLayer);
const tracks = (layers: readonly InspectedLayer[], alone = -1) =>
  stackRuns(layers, ({ track }) => track === alone).map(run => run.map(({ track }) => track));

test('three or more layers that are alike share a row, and two stand alone', () => {
  expect(tracks(layersOf(NONE, NONE, NONE, LOCAL, NONE, NONE))).toEqual([[0, 1, 2], [3], [4], [5]]);
  expect(tracks([])).toEqual([]);
});

test('the layer that is read and the one that is chosen always have a row to themselves', () => {
  expect(tracks(layersOf(NONE, NONE, NONE, NONE, NONE, NONE, NONE), 3)).toEqual([[0, 1, 2], [3], [4, 5, 6]]);
});
