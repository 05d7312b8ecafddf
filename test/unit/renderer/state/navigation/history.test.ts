import { expect, test } from 'vitest';
import { NO_HISTORY, travel, visit } from '../../../../../renderer/state/navigation/history.ts';

const place = (start: number) => ({ start, end: start + 10 });

test('back and forward go through the places visited', () => {
  const history = [place(0), place(1), place(2)].reduce(visit, NO_HISTORY);
  const back = travel(history, -1);
  expect(back?.places[back.at]).toEqual(place(1));
  expect(travel(history, 1)).toBeUndefined();
  expect(travel(travel(history, -2) ?? NO_HISTORY, -1)).toBeUndefined();
});

test('a new place forgets what lay ahead, the same place twice is one', () => {
  const history = [place(0), place(1), place(1)].reduce(visit, NO_HISTORY);
  expect(history.places).toHaveLength(2);
  const branched = visit(travel(history, -1) ?? NO_HISTORY, place(9));
  expect(branched.places).toEqual([place(0), place(9)]);
});

test('the history is bounded', () => {
  let history = NO_HISTORY;
  for (let i = 0; i < 1000; i++) history = visit(history, place(i));
  expect(history.places.length).toBeLessThanOrEqual(100);
  expect(history.places[history.at]).toEqual(place(999));
});
