/** The window in use for a long time: what it holds returns to its level, and what is drawn comes in time. */

import type { ElectronApplication, Page } from '@playwright/test';
import { openImageStore, type SizeName } from '../bench/images.ts';
import { generator } from '../bench/patterns.ts';
import { expect, opened, test } from '../e2e/app.ts';
import { installMainProbe, type MainState, mainState, takeBusy } from './main-probe.ts';
import { actAtRandom, command, openFiles, type Random } from './user.ts';
import { installWindowProbe, percentile, takeFrames, type WindowState, windowState } from './window-probe.ts';

const MINUTES = Number(process.env.COWSCOPE_SOAK_MINUTES ?? 30);
const SIZE = (process.env.COWSCOPE_SOAK_SIZE ?? 'M') as SizeName;
const SEED = Number(process.env.COWSCOPE_SOAK_SEED ?? 1);
/** Rounds after which everything has been used once and what is kept for good is there. */
const WARM_UP = 3;
/** Milliseconds of use in one round. */
const USE = 25_000;
/** Milliseconds in which the window is left alone, to see what the machine's other work does to its frames. */
const LEFT_ALONE = 5000;
/** Milliseconds a frame may take, but for one in a thousand. */
const FRAME = 50;
/** Share by which memory may differ from its level, and what is too little to count, in bytes. */
const TOLERANCE = 0.1;
const SLACK = 2 ** 20;
/** What an allocator may keep of a process's memory for its next use, in bytes. */
const ALLOCATOR_SLACK = 32 * 2 ** 20;

interface Level {
  readonly main: MainState;
  readonly window: WindowState;
}

async function levelOf(app: ElectronApplication, page: Page): Promise<Level> {
  return { main: await mainState(app), window: await windowState(app, page) };
}

test(`${MINUTES} minutes of use without aim, seed ${SEED}`, async ({ start }) => {
  const store = openImageStore(process.env.COWSCOPE_SOAK_IMAGES, console.log);
  const { top } = store.chain('alt', SIZE);
  try {
    const { app, page } = await start('--window-size', '1600x1000');
    await installMainProbe(app);
    await installWindowProbe(page);
    const random = generator(SEED);
    const begun = Date.now();
    const frames: number[] = [];
    const idleFrames: number[] = [];
    const tasks: number[] = [];
    const before: Level[] = [];
    const atRest: Level[] = [];
    let rounds = 0;
    let actions = 0;
    for (; rounds < WARM_UP + 2 || Date.now() - begun < MINUTES * 60_000; rounds++) {
      before.push(await levelOf(app, page));
      await openFiles(app, [top]);
      await expect(page.locator('.lanes')).toBeVisible();
      if (random() < 0.3) {
        // Used and closed while it is being read.
        actions += await use(app, page, random, 4000);
      } else {
        page.setDefaultTimeout(180_000);
        await test.expect(page.locator('html')).toHaveAttribute('data-idle', 'true', { timeout: 180_000 });
        await opened(page);
        await takeFrames(page);
        await page.waitForTimeout(LEFT_ALONE);
        idleFrames.push(...(await takeFrames(page)).gaps);
        await takeBusy(app);
        actions += await use(app, page, random, USE);
        frames.push(...(await takeFrames(page)).gaps);
        tasks.push(...(await takeBusy(app)));
        await command(app, 'fit');
        await page.waitForTimeout(1000);
        atRest.push(await levelOf(app, page));
      }
      await command(app, 'close');
      await expect(page.locator('.lanes')).toBeHidden();
      await page.waitForTimeout(1000);
      console.log(roundText(rounds, begun, before.at(-1) as Level, atRest.at(-1), frames, tasks));
    }
    before.push(await levelOf(app, page));
    console.log(`${rounds} rounds, ${actions} actions`);
    console.log(`closed, after warming up: ${JSON.stringify(before[WARM_UP])}`);
    console.log(`closed, at the end:       ${JSON.stringify(before.at(-1))}`);
    console.log(`open and at rest, first:  ${JSON.stringify(atRest[0])}`);
    console.log(`open and at rest, last:   ${JSON.stringify(atRest.at(-1))}`);
    console.log(`frames outside loading: ${spread(frames)}`);
    console.log(`frames in which nothing is drawn: ${spread(idleFrames)}`);
    console.log(`main thread, busy at a stretch: ${spread(tasks)}`);

    compareLevels(before[WARM_UP] as Level, before.at(-1) as Level);
    if (atRest.length > 2) compareLevels(atRest[1] as Level, atRest.at(-1) as Level);
    expect(before.at(-1)?.main.workers, 'no worker is left').toEqual([]);
    expect(before.at(-1)?.main.children, 'no child is left').toEqual([]);
    // Where other programs keep the cores, frames in which nothing is drawn come as late.
    const limit = Math.max(FRAME, 1.5 * percentile(sorted(idleFrames), 0.999));
    expect(percentile(sorted(frames), 0.999), 'frames, 99.9th percentile').toBeLessThan(limit);
  } finally {
    if (process.env.COWSCOPE_SOAK_IMAGES === undefined) store.remove();
  }
});

async function use(app: ElectronApplication, page: Page, random: Random, length: number): Promise<number> {
  const end = Date.now() + length;
  let actions = 0;
  for (; Date.now() < end; actions++) await actAtRandom(app, page, random);
  return actions;
}

/** Memory may differ by a tenth; what can be counted may not grow. */
function compareLevels(first: Level, last: Level): void {
  const memory = ({ main, window }: Level) => ({
    'main heap': main.main.heapUsed,
    'main array buffers': main.main.arrayBuffers,
    'worker heaps': main.workers.reduce((sum, worker) => sum + worker.heapUsed, 0),
    'worker array buffers': main.workers.reduce((sum, worker) => sum + worker.arrayBuffers, 0),
    'window heap': window.heapUsed,
    'window array buffers': window.arrayBuffers,
  });
  const then = memory(first);
  for (const [name, bytes] of Object.entries(memory(last)))
    expect.soft(bytes, name).toBeLessThan((then[name as keyof typeof then] ?? 0) * (1 + TOLERANCE) + SLACK);
  expect
    .soft(last.window.resident, 'memory of the window’s process')
    .toBeLessThan(first.window.resident * (1 + TOLERANCE) + ALLOCATOR_SLACK);
  expect.soft(last.main.workers.length, 'workers').toBe(first.main.workers.length);
  expect.soft(last.main.listeners, 'listeners').toBeLessThanOrEqual(first.main.listeners);
  expect.soft(last.main.descriptors, 'descriptors').toBeLessThanOrEqual(first.main.descriptors + 4);
  expect.soft(last.window.listeners, 'listeners of the page').toBeLessThan(first.window.listeners * 1.5 + 50);
  expect.soft(last.main.children, 'children').toEqual(first.main.children);
}

function sorted(list: readonly number[]): readonly number[] {
  return list.toSorted((a, b) => a - b);
}

function spread(list: readonly number[]): string {
  const all = sorted(list);
  const parts = [0.5, 0.99, 0.999, 1].map(share => percentile(all, share).toFixed(1));
  return `${all.length}, median ${parts[0]} ms, 99 % ${parts[1]}, 99.9 % ${parts[2]}, longest ${parts[3]}`;
}

function roundText(
  round: number,
  begun: number,
  { main, window }: Level,
  atRest: Level | undefined,
  frames: readonly number[],
  tasks: readonly number[],
): string {
  const mib = (bytes = 0) => (bytes / 2 ** 20).toFixed(1);
  const [worker] = atRest?.main.workers ?? [];
  const parts = [
    `round ${round} at ${((Date.now() - begun) / 60_000).toFixed(1)} min`,
    `closed: ${mib(main.rss)} MiB resident, heaps ${mib(main.main.heapUsed)} and ${mib(window.heapUsed)}, window ${mib(window.resident)}, ${main.descriptors} descriptors`,
    `open: ${mib(atRest?.main.rss)} MiB resident, worker ${mib(worker?.heapUsed)} and ${mib(worker?.arrayBuffers)}`,
    `frames ${spread(frames)}`,
    `main ${spread(tasks)}`,
  ];
  return parts.join('; ');
}
