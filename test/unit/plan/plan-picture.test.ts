/** The picture of a target's disk: exact as long as it can be, columns with exact shares where it cannot. */
import { describe, expect, it } from 'vitest';
import { PlanPictureBuilder } from '../../../electron/plan/plan-picture.ts';
import { DATA, UNALLOCATED, ZERO_HOLE } from '../../../electron/qcow2/format/entry.ts';
import { MAX_MESSAGE_BYTES, messageBytes } from '../../../electron/shell/ipc/answer.ts';
import { planStrip } from '../../../shared/draw/plan-strip.ts';
import { stateOf } from '../../../shared/extent/flags.ts';
import { PARTS } from '../../../shared/extent/parts.ts';
import { MAX_PICTURE_EXTENTS, type PlanTrack } from '../../../shared/model/plan/plan-picture.ts';

const UNIT = 65_536;

describe('a picture of few ranges', () => {
  const builder = new PlanPictureBuilder({ before: 3 * UNIT, after: 4 * UNIT });
  builder.add(0, UNIT, UNALLOCATED, UNALLOCATED, false);
  builder.add(UNIT, 2 * UNIT, UNALLOCATED, DATA, true);
  builder.add(2 * UNIT, 4 * UNIT, UNALLOCATED, ZERO_HOLE, true);
  const picture = builder.finish();

  it('has each range once, and nothing of the disk behind its old end', () => {
    if (picture.kind !== 'exact') return expect.unreachable();
    const rows = picture.extents.map(({ starts, words }) =>
      [...starts].map((start, i) => [start / UNIT, stateOf(words[i]!)]),
    );
    expect(rows).toEqual([
      [
        [0, 'unallocated'],
        [3, 'outOfRange'],
      ],
      [
        [0, 'unallocated'],
        [1, 'data'],
        [2, 'zeroHole'],
      ],
      [
        [0, 'unallocated'],
        [1, 'data'],
      ],
    ]);
  });

  it('fills strips of any width', () => {
    const statesIn = (track: PlanTrack, width: number) => {
      const { part } = planStrip(picture, track, { start: 0, end: picture.size }, width);
      return [...part].map(index => PARTS[index]?.state);
    };
    expect(statesIn('before', 4)).toEqual(['unallocated', 'unallocated', 'unallocated', 'outOfRange']);
    expect(statesIn('after', 4)).toEqual(['unallocated', 'data', 'zeroHole', 'zeroHole']);
    expect(statesIn('written', 8).map(state => state === 'data')).toEqual(
      [0, 0, 1, 1, 1, 1, 1, 1].map(Boolean),
    );
  });
});

it('marks zeros that are stored when the target grows as written, and nothing where it only gets longer', () => {
  const builder = new PlanPictureBuilder({ before: UNIT, after: 4 * UNIT });
  builder.add(0, UNIT, DATA, DATA, false);
  builder.add(UNIT, 2 * UNIT, ZERO_HOLE, ZERO_HOLE, false);
  builder.add(2 * UNIT, 4 * UNIT, UNALLOCATED, UNALLOCATED, false);
  const picture = builder.finish();
  if (picture.kind !== 'exact') return expect.unreachable();
  const [, , written] = picture.extents;
  expect([...(written?.starts ?? [])]).toEqual([0, UNIT, 2 * UNIT]);
  expect([...(written?.words ?? [])].map(stateOf)).toEqual(['unallocated', 'data', 'unallocated']);
});

describe('a picture of more ranges than are listed', () => {
  const count = 4 * MAX_PICTURE_EXTENTS;
  const builder = new PlanPictureBuilder({ before: count * UNIT, after: count * UNIT });
  for (let i = 0; i < count; i++) {
    const isData = i % 4 === 0;
    builder.add(i * UNIT, (i + 1) * UNIT, isData ? DATA : UNALLOCATED, DATA, i === 7);
  }
  const picture = builder.finish();

  it('has columns whose shares are those of the ranges', () => {
    expect(picture.kind).toBe('columns');
    const { part, shares } = planStrip(picture, 'before', { start: 0, end: picture.size }, 512);
    const index = PARTS.findIndex(({ state, variant }) => state === 'data' && variant === 'plain');
    expect(part.every(code => PARTS[code] === undefined)).toBe(true);
    for (let column = 0; column < 512; column++)
      expect(Math.abs((shares[column * PARTS.length + index] as number) - 255 / 4)).toBeLessThan(2);
  });

  it('shows one written cluster at any zoom', () => {
    const written = (width: number) => {
      const { present } = planStrip(picture, 'written', { start: 0, end: picture.size }, width);
      const bit = 1 << PARTS.findIndex(({ state, variant }) => state === 'data' && variant === 'plain');
      return [...present].filter(bits => bits & bit).length;
    };
    expect([512, 1000, 1920].map(written)).toEqual([1, 1, 1]);
  });

  it('is no longer than a message may be', () => {
    if (picture.kind !== 'columns') return expect.unreachable();
    expect(picture.tiles.flat()).toHaveLength(3 * 16);
    expect(messageBytes(picture)).toBeLessThan(MAX_MESSAGE_BYTES / 2);
  });
});
