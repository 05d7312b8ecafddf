import { describe, expect, it } from 'vitest';
import { entryCount, StatusCursor, setFirstLength } from '../../../../shared/extent/status-cursor.ts';
import { statusList } from '../../../support/status-lists.ts';

describe.each([false, true])('a cursor over entries (64-bit: %s)', wide => {
  const entries = [
    { length: 512, value: 3 },
    { length: 0xffffffff, value: 0xfffffffe },
    { length: 1, value: 0 },
  ];
  const list = statusList(0, entries, wide);

  it('reads the length and the value of every entry and then is at the end', () => {
    const read = [];
    for (const cursor = new StatusCursor(list); !cursor.atEnd; cursor.advance())
      read.push({ length: cursor.length(), value: cursor.high() * 2 ** 32 + cursor.low() });
    expect(read).toEqual(entries);
    expect(entryCount(list)).toBe(3);
  });

  it('starts at any entry of a payload that is part of a buffer', () => {
    const padded = new Uint8Array(list.payload.length + 5);
    padded.set(list.payload, 5);
    const cursor = new StatusCursor({ wide, payload: padded.subarray(5) });
    cursor.at = wide ? 16 : 8;
    expect([cursor.length(), cursor.low()]).toEqual([0xffffffff, 0xfffffffe]);
  });

  it('takes a shortened first entry', () => {
    const copy = { ...list, payload: list.payload.slice() };
    setFirstLength(copy, 7);
    expect(new StatusCursor(copy).length()).toBe(7);
  });
});

it('reads both halves of lengths and values above 2^32, and lengths above 2^53 as above 2^53', () => {
  const list = statusList(0, [{ length: 2 ** 40 + 512, value: 2 ** 33 + 5 }], true);
  const cursor = new StatusCursor(list);
  expect([cursor.length(), cursor.high(), cursor.low()]).toEqual([2 ** 40 + 512, 2, 5]);
  setFirstLength(list, 2 ** 53 - 512);
  expect(cursor.length()).toBe(2 ** 53 - 512);
  list.payload.fill(0xff, 0, 8);
  expect(cursor.length()).toBeGreaterThan(2 ** 53);
});
