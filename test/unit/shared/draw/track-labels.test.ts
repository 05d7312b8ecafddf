import { expect, test } from 'vitest';
import type { StripRun } from '../../../../shared/draw/strip/runs.ts';
import { trackCaptions, trackLabels } from '../../../../shared/draw/track-labels.ts';
import { type ExtentState, STATES } from '../../../../shared/extent/flags.ts';
import { type PartVariant, partOf } from '../../../../shared/extent/parts.ts';
import type { OpenedChain } from '../../../../shared/model/chain.ts';
import { goldenChain } from '../../../support/window/fake-chain.ts';

const golden = goldenChain();
const chain: OpenedChain = { sessionId: 1, chain: golden.info, tracks: golden.tracks };
const guest = chain.tracks[0]!;
const mid = chain.tracks[2]!;
const run = (state: ExtentState, more: Partial<StripRun> = {}, variant: PartVariant = 'plain'): StripRun => ({
  from: 0,
  to: 100,
  part: partOf(STATES.indexOf(state), variant),
  marks: 0,
  owner: -1,
  ...more,
});

test('a run of a layer is named by its state, then shorter, then by its letter', () => {
  const labels = trackLabels(mid, chain);
  expect(labels(run('zeroAllocated'))).toEqual(['zero (allocated)', 'zero', 'Z']);
  expect(labels(run('data'))).toEqual(['data', 'D']);
  expect(labels(run('unallocated'))).toEqual(['unallocated']);
});

test('labels say what a layer above hides, and first what a shorter layer hides', () => {
  const labels = trackLabels(mid, chain);
  expect(labels(run('data', {}, 'overridden'))).toEqual([
    'data, hidden by a layer above',
    'data, hidden',
    'data',
    'D',
  ]);
  expect(labels(run('data', {}, 'shadowed'))).toEqual(['hidden by a shorter layer', 'hidden', 'D']);
});

test('a run of the guest names the layer that decides, with its name made safe', () => {
  expect(trackLabels(guest, chain)(run('data', { owner: 1 }))).toEqual(['data · mid.qcow2', 'data', 'D']);
  const tracks = chain.tracks.map(track => (track === mid ? { ...track, title: 'evil\u202e<b>' } : track));
  expect(trackLabels(guest, { ...chain, tracks })(run('data', { owner: 1 }))[0]).toBe(
    'data · evil\\u{202e}<b>',
  );
  expect(trackLabels(guest, chain)(run('unallocated'))).toEqual([
    'nothing stored, reads as zeros',
    'nothing stored',
  ]);
});

test('below the guest’s runs stands the layer that is read, and nothing where none is', () => {
  const captions = trackCaptions(guest, chain);
  expect(captions?.(run('data', { owner: 2 }))).toBe('2');
  expect(captions?.(run('outOfRange', { owner: 1 }))).toBe('');
  expect(captions?.(run('unallocated'))).toBe('');
  expect(trackCaptions(mid, chain)).toBeUndefined();
});
