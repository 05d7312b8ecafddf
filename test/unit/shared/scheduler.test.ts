/** Turns of the event loop, with and without Node's setImmediate. */
import { afterEach, expect, test, vi } from 'vitest';
import { nextTurn, runInNextTurn } from '../../../shared/scheduler.ts';

afterEach(() => void vi.unstubAllGlobals());

test.each(['with', 'without'])('work runs in a later turn %s setImmediate', async how => {
  if (how === 'without') vi.stubGlobal('setImmediate', undefined);
  const order: string[] = [];
  runInNextTurn(() => order.push('turn'));
  await Promise.resolve().then(() => order.push('microtask'));
  await nextTurn();
  expect(order).toEqual(['microtask', 'turn']);
});
