import { availableParallelism } from 'node:os';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it, test } from 'vitest';
import { createExportPool, serversAtOnce } from '../../../electron/qemu/export-pool.ts';

/** A task that ends when told to. */
function task() {
  let finish = () => {};
  let started = false;
  const ended = new Promise<void>(resolve => {
    finish = resolve;
  });
  const run = async () => {
    started = true;
    await ended;
    return 'done';
  };
  return { run, finish: () => finish(), started: () => started };
}

test('a window keeps a core that servers beside it do not take, and there is always one server', () => {
  const alone = serversAtOnce(false);
  expect(alone).toBe(availableParallelism() + 1);
  expect(serversAtOnce(true)).toBe(Math.max(1, alone - 2));
});

describe('createExportPool', () => {
  it('runs at most so many at once, in order', async () => {
    const pool = createExportPool(2);
    const tasks = [task(), task(), task(), task()];
    const results = tasks.map(one => pool.run(one.run));
    await turn();
    expect(tasks.map(one => one.started())).toEqual([true, true, false, false]);
    tasks[1]!.finish();
    expect(await results[1]).toBe('done');
    expect(tasks.map(one => one.started())).toEqual([true, true, true, false]);
    for (const one of tasks) one.finish();
    expect(await Promise.all(results)).toEqual(['done', 'done', 'done', 'done']);
  });

  it('passes a place on when a task fails', async () => {
    const pool = createExportPool(1);
    const failing = pool.run(() => Promise.reject(new Error('no')));
    const next = pool.run(async () => 'yes');
    await expect(failing).rejects.toThrow('no');
    expect(await next).toBe('yes');
  });

  it('forgets a waiting task whose signal aborts, and no other', async () => {
    const pool = createExportPool(1);
    const [first, second, third] = [task(), task(), task()];
    const running = pool.run(first.run);
    const cancel = new AbortController();
    const waiting = pool.run(second.run, cancel.signal);
    const last = pool.run(third.run, new AbortController().signal);
    cancel.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'CANCELLED' });
    await expect(pool.run(second.run, cancel.signal)).rejects.toMatchObject({ code: 'CANCELLED' });
    first.finish();
    third.finish();
    expect([await running, await last, second.started()]).toEqual(['done', 'done', false]);
    expect(await pool.run(async () => 1)).toBe(1);
  });

  it('always has room for one', async () => {
    expect(await createExportPool(0).run(async () => 1)).toBe(1);
  });
});
