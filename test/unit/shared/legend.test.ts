import { expect, test } from 'vitest';
import { STATES, stateAt } from '../../../shared/extent/flags.ts';
import { partOf } from '../../../shared/extent/parts.ts';
import {
  LEGEND,
  type LegendKey,
  legendOf,
  legendOfGuest,
  legendOfWitness,
  legendOn,
  MARK_KEYS,
  marksIn,
  shortLabel,
} from '../../../shared/legend.ts';
import type { OpenedChain } from '../../../shared/model/chain.ts';
import type { ImageFormat } from '../../../shared/model/layer.ts';
import { PRESENT } from '../../../shared/model/tile.ts';
import type { Witness } from '../../../shared/model/track.ts';
import { LIGHT_PALETTE } from '../../../shared/palette.ts';
import { goldenChain } from '../../support/window/fake-chain.ts';

const golden = goldenChain();
const opened: OpenedChain = { sessionId: 1, chain: golden.info, tracks: golden.tracks };

/** The golden chain with its base of another format, read by another witness. */
function withBase(format: ImageFormat, witness: Witness): OpenedChain {
  const layers = opened.chain.layers.map((layer, i) => (i === 0 ? { ...layer, format } : layer));
  const tracks = opened.tracks.map(track => (track.layer === 0 ? { ...track, witness } : track));
  return { ...opened, chain: { ...opened.chain, layers }, tracks };
}
const repeated = (list: readonly string[]) => list.filter((item, i) => list.indexOf(item) !== i);

test('every state and every mark has an entry', () => {
  expect(Object.keys(LEGEND)).toEqual([...STATES, ...Object.keys(PRESENT)]);
  expect([...MARK_KEYS].sort()).toEqual(Object.keys(PRESENT).sort());
});

test('labels are different, and letters are one ASCII character that tells states and marks apart', () => {
  const entries = Object.entries(LEGEND);
  expect(repeated(entries.map(([, { label }]) => label))).toEqual([]);
  for (const keys of [STATES, MARK_KEYS] as const)
    expect(repeated(keys.map(key => LEGEND[key].letter))).toEqual([]);
  for (const [, { letter }] of entries) expect(letter).toMatch(/^[!-~]$/);
});

test('meanings are sentences and colors are of the palette', () => {
  for (const { meaning, color } of Object.values(LEGEND)) {
    expect(meaning).toMatch(/^[A-Z].*\.$/);
    expect(['lane', 'frame', ...Object.keys(LIGHT_PALETTE.states)]).toContain(color);
  }
});

test('zeros are called by what is known of their space: nothing is claimed over NBD', () => {
  expect(legendOf(opened).zeroHole.label).toBe('zero (no space)');
  expect(legendOf(opened).zeroAllocated.label).toBe('zero (allocated)');
  expect(legendOf(withBase('qcow2', 'nbd')).zeroHole.label).toBe('zero');
  expect(legendOf(withBase('nbd', 'nbd')).zeroHole.label).toBe('zero');
  expect(legendOfWitness('nbd').zeroHole.label).toBe('zero');
  expect(legendOfWitness('metadata')).toBe(LEGEND);
});

test('a raw layer is read by NBD alone and still tells a hole from data', () => {
  expect(legendOf(withBase('raw', 'nbd'))).toBe(LEGEND);
});

test('data over NBD may be compressed, and unallocated may lie past the end of a remote layer', () => {
  const meaningIn = (chain: OpenedChain, key: LegendKey) => legendOf(chain)[key].meaning;
  expect(meaningIn(opened, 'data')).toBe('Data here.');
  expect(meaningIn(withBase('qcow2', 'nbd'), 'data')).toContain('compressed or not');
  expect(meaningIn(withBase('qcow2', 'nbd'), 'unallocated')).toBe(LEGEND.unallocated.meaning);
  expect(meaningIn(withBase('nbd', 'nbd'), 'unallocated')).toContain('past this layer’s end');
});

test('unallocated on the base names what is below it: nothing, or a file that is not open', () => {
  const base = opened.tracks.find(({ layer }) => layer === 0)!;
  const top = opened.tracks.find(({ layer }) => layer === 2)!;
  const incomplete = { ...opened, chain: { ...opened.chain, complete: false } };
  expect(legendOn(top, opened).unallocated.meaning).toBe(LEGEND.unallocated.meaning);
  expect(legendOn(base, opened).unallocated.meaning).toContain('There is no layer below');
  expect(legendOn(base, incomplete).unallocated.meaning).toContain('the backing file, which is not open');
  expect(legendOn(base, opened).reserved.meaning).toContain('There is no layer below');
  expect(legendOn(top, opened).reserved.meaning).toContain('the content comes from the layer below');
  expect(legendOn(base, opened).data.meaning).toBe('Data here.');
  expect(legendOn(opened.tracks[0]!, opened).unallocated.label).toBe('nothing stored, reads as zeros');
});

test('for the guest its own disk does not end where a layer does', () => {
  const guest = legendOfGuest(LEGEND);
  expect(guest.outOfRange).toBe(guest.unallocated);
  expect(shortLabel(guest.outOfRange)).toBe('nothing stored');
  expect(shortLabel(LEGEND.zeroAllocated)).toBe('zero');
  expect(shortLabel(LEGEND.outOfRange)).toBe('past the end');
});

test('marks come by importance, and zeros that hide data are not also named an override', () => {
  const all = Object.values(PRESENT).reduce((sum, bit) => sum | bit, 0);
  expect(marksIn(all)).toEqual(MARK_KEYS.filter(mark => mark !== 'overrides'));
  expect(marksIn(PRESENT.overrides | PRESENT.dirty | (1 << partOf(0)))).toEqual(['overrides', 'dirty']);
  expect(marksIn(STATES.reduce((bits, _, state) => bits | (1 << partOf(state)), 0))).toEqual([]);
});

test('an index that no state has is one of which nothing is known', () => {
  expect(STATES.map((_, i) => stateAt(i))).toEqual(STATES);
  expect(stateAt(255)).toBe('unread');
});
