import { expect, test } from 'vitest';
import { NewestRun } from '../../../shared/newest-run.ts';

test('beginning a run supersedes the one before, once', () => {
  const superseded: string[] = [];
  const runs = new NewestRun();
  const first = runs.begin(() => superseded.push('first'));
  expect(first()).toBe(true);
  const second = runs.begin(() => superseded.push('second'));
  expect([first(), second()]).toEqual([false, true]);
  runs.begin();
  expect([first(), second()]).toEqual([false, false]);
  expect(superseded).toEqual(['first', 'second']);
});

test('ending leaves no newest run', () => {
  let superseded = 0;
  const runs = new NewestRun();
  const isNewest = runs.begin(() => superseded++);
  runs.end();
  runs.end();
  expect([isNewest(), superseded]).toEqual([false, 1]);
});

test('a run that is begun while another is superseded is the newest', () => {
  const runs = new NewestRun();
  let inner = () => false;
  const outer = runs.begin(() => {
    inner = runs.begin();
  });
  const last = runs.begin();
  expect([outer(), inner(), last()]).toEqual([false, false, true]);
});
