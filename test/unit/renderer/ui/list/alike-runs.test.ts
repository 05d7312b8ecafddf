import { expect, test } from 'vitest';
import { alikeRuns } from '../../../../../renderer/ui/list/alike-runs.ts';

/** The runs of the letters of a text, each as a text. */
const runsOf = (letters: string, alone = -1) =>
  alikeRuns(
    [...letters].map((letter, at) => ({ letter, at })),
    ({ at }) => at === alone,
    (one, other) => one.letter === other.letter,
  ).map(run => run.map(({ letter }) => letter).join(''));

test('three or more neighbors that are alike share a row, and two stand alone', () => {
  expect(runsOf('aaabaa')).toEqual(['aaa', 'b', 'a', 'a']);
  expect(runsOf('')).toEqual([]);
});

test('an item that is to stand alone parts the run that it lies in', () => {
  expect(runsOf('aaaaaaa', 3)).toEqual(['aaa', 'a', 'aaa']);
});
