import { expect, it } from 'vitest';
import { PlaceList } from '../../../../electron/engine/places/place-list.ts';

const at = (start: number) => ({ kind: 'overrides', slot: 2, state: 0, bitmap: -1, start }) as const;

it('counts every place, and keeps the first ones', () => {
  const list = new PlaceList(0, 3);
  for (let i = 0; i < 5; i++) list.end(list.begin(at(10 * i)), 10 * i + 4 + i, 7);
  list.finish();
  expect([list.total, list.bytes, list.kept]).toEqual([5, 30, 3]);
  expect(list.at(2, 'start')).toEqual({ ...at(20), end: 26, others: 7 });
  expect(list.at(0, 'length')).toEqual({ ...at(20), end: 26, others: 7 });
  expect(list.at(3, 'start')).toBeUndefined();
});

it('keeps the order of starts where places end in another, and drops those that are too short', () => {
  const list = new PlaceList(5);
  const long = list.begin(at(0));
  const short = list.begin(at(1));
  const last = list.begin(at(2));
  list.end(short, 3, 0);
  list.end(last, 100, 1);
  list.end(long, 50, 2);
  list.finish();
  expect([0, 1, 2].map(i => list.at(i, 'start')?.start)).toEqual([0, 2, undefined]);
  expect([0, 1].map(i => list.at(i, 'length')?.start)).toEqual([2, 0]);
  expect([list.total, list.bytes]).toEqual([2, 148]);
});

it('grows beyond its first room', () => {
  const list = new PlaceList(0);
  for (let i = 0; i < 5000; i++) list.end(list.begin(at(i)), i + 1, i);
  list.finish();
  expect(list.at(4999, 'start')).toEqual({ ...at(4999), end: 5000, others: 4999 });
  expect(list.at(1023, 'start')?.others).toBe(1023);
});
