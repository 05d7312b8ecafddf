/** The window while reads of a file hang, as they do on a file system whose server does not answer. */
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { golden } from '../../examples/recipes.mjs';
import { hollowImage } from '../support/images/hollow-image.ts';
import { qemuImg, qemuIo } from '../support/tools.ts';
import { STALL_MS } from '../support/traced-program.ts';
import { expect, laneNames, opened, test } from './app.ts';

const GOLDEN_LANES = ['guest', 'top.qcow2', 'mid.qcow2', 'base.qcow2'];
/** Milliseconds from a call of the window to its answer: a small part of the time that a read hangs. */
const ANSWER_MS = STALL_MS / 10;

/** Milliseconds that the main process takes to answer. */
function answerTime(page: Page): Promise<number> {
  return page.evaluate(async () => {
    const asked = performance.now();
    await (
      window as unknown as { cowscope: { call(name: string, args: undefined): Promise<unknown> } }
    ).cowscope.call('app:diagnostics', undefined);
    return performance.now() - asked;
  });
}

test('a file whose first read hangs can be given up, and another chain opens meanwhile', async ({
  start,
  run,
  tracing,
  make,
  folder,
}) => {
  const [, , top] = await make(golden);
  const stalled = join(folder, 'stalled.qcow2');
  await qemuImg('create', '-q', '-f', 'qcow2', stalled, '64M');
  await qemuIo(stalled, 'write -P5 0 64k');
  tracing.stall(stalled);
  const { app, page } = await start(stalled);
  tracing.isOn = false;
  const opening = page.getByRole('status', { name: 'Opening' });
  await expect(opening).toContainText('stalled.qcow2');
  await expect.poll(() => tracing.calls().some(call => call.includes('pread64('))).toBe(true);
  expect(await answerTime(page)).toBeLessThan(ANSWER_MS);
  await opening.getByRole('button', { name: 'Cancel' }).click();
  await expect(opening).toHaveCount(0);
  expect((await run(top as string)).code).toBe(0);
  await opened(page);
  expect(await laneNames(page)).toEqual(GOLDEN_LANES);
  expect(tracing.calls().filter(call => call.includes('DELAYED'))).toEqual([]); // none of them is done
  await app.close();
});

test('a chain whose reads hang while it is shown can be closed, and another one opens meanwhile', async ({
  start,
  run,
  tracing,
  make,
  folder,
}) => {
  const [, , top] = await make(golden);
  const hollow = await hollowImage(join(folder, 'hollow.qcow2'));
  const first = 3; // the few reads that open the file are spread over the threads of the pool
  tracing.stall(hollow, first);
  const { app, page } = await start(hollow);
  tracing.isOn = false;
  await expect(page.locator('.lanes')).toBeVisible();
  await expect.poll(() => mostOfOneThread(tracing.calls())).toBeGreaterThanOrEqual(first);
  expect(await answerTime(page)).toBeLessThan(ANSWER_MS);
  await page.keyboard.press('n'); // asks the engine, which waits for the file
  expect(await answerTime(page)).toBeLessThan(ANSWER_MS);
  expect((await run(top as string)).code).toBe(0);
  await opened(page);
  expect(await laneNames(page)).toEqual(GOLDEN_LANES);
  expect(tracing.calls().filter(call => call.includes('DELAYED'))).toEqual([]);
  await app.close();
});

/** How many reads the thread with most of them has begun. */
function mostOfOneThread(calls: readonly string[]): number {
  const counts = new Map<string, number>();
  for (const call of calls) {
    const thread = /^(\d+) +pread/.exec(call)?.[1];
    if (thread !== undefined) counts.set(thread, (counts.get(thread) ?? 0) + 1);
  }
  return Math.max(0, ...counts.values());
}
