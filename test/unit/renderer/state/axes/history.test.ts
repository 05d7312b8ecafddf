import { expect, test } from 'vitest';
import { NO_HISTORY, travelHistory, visitView } from '../../../../../renderer/state/axes/history.ts';

const view = (start: number) => ({ start, end: start + 10 });

test('back and forward go through the places visited', () => {
  const history = [view(0), view(1), view(2)].reduce(visitView, NO_HISTORY);
  const back = travelHistory(history, -1);
  expect(back?.visited[back.at]).toEqual(view(1));
  expect(travelHistory(history, 1)).toBeUndefined();
  expect(travelHistory(travelHistory(history, -2) ?? NO_HISTORY, -1)).toBeUndefined();
});

test('a new place forgets what lay ahead, the same place twice is one', () => {
  const history = [view(0), view(1), view(1)].reduce(visitView, NO_HISTORY);
  expect(history.visited).toHaveLength(2);
  const branched = visitView(travelHistory(history, -1) ?? NO_HISTORY, view(9));
  expect(branched.visited).toEqual([view(0), view(9)]);
});

test('the history is bounded', () => {
  let history = NO_HISTORY;
  for (let i = 0; i < 1000; i++) history = visitView(history, view(i));
  expect(history.visited.length).toBeLessThanOrEqual(100);
  expect(history.visited[history.at]).toEqual(view(999));
});
