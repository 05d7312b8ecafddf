/** What the sums of a track count as held, hidden and hiding. */
import { expect, test } from 'vitest';
import { PARTS, type Part } from '../../../../shared/extent/parts.ts';
import {
  bytesInState,
  heldBytes,
  hiddenBytes,
  hidingZeroBytes,
} from '../../../../shared/extent/track-bytes.ts';

/** A track with a different power of two of bytes in each part, so that a sum tells which parts are in it. */
const track = { track: 1, read: 0, parts: PARTS.map((_, i) => 2 ** i) };

const partsIn = (sum: number) => PARTS.filter((_, i) => Math.floor(sum / 2 ** i) % 2 === 1).map(nameOf);
const nameOf = ({ state, variant }: Part) => `${variant} ${state}`;

const CONTENT = ['data', 'compressed', 'zeroAllocated', 'zeroHole', 'holeUnknown'];

test('what is hidden is what a layer holds below another layer or past a shorter one', () => {
  const hidden = PARTS.map(nameOf).filter(name => /^(overridden|shadowed) /.test(name));
  expect(partsIn(hiddenBytes(track)).sort()).toEqual(
    hidden.filter(name => CONTENT.includes(name.split(' ')[1] ?? '')).sort(),
  );
  expect(partsIn(hiddenBytes(track))).toEqual(expect.arrayContaining(['overridden data', 'shadowed data']));
});

test('what is held is content, hidden or not', () => {
  const held = partsIn(heldBytes(track));
  expect(held).toEqual(expect.arrayContaining(['plain data', 'overridden data', 'hidesData zeroHole']));
  expect(held.filter(name => !CONTENT.includes(name.split(' ')[1] ?? ''))).toEqual([]);
});

test('zeros that hide data are counted apart from those that do not', () => {
  const hiding = partsIn(hidingZeroBytes(track));
  expect(hiding.length).toBeGreaterThan(0);
  expect(hiding.every(name => /^hidesData zero/.test(name))).toBe(true);
});

test('a state counts with all its variants', () => {
  expect(partsIn(bytesInState(track, 'data')).every(name => name.endsWith(' data'))).toBe(true);
  expect(partsIn(bytesInState(track, 'data'))).toEqual(
    expect.arrayContaining(['plain data', 'overridden data', 'shadowed data']),
  );
});
