/** The window in use for a long time: what it holds returns to its level, and what is drawn comes in time. */
import { fileURLToPath } from 'node:url';
import type { ElectronApplication, Page } from '@playwright/test';
import { driveGently } from '../bench/drive-gently.ts';
import { openImageStore, type SizeName } from '../bench/images.ts';
import { generator } from '../bench/patterns.ts';
import { describeSetting, markdownTable, writeResults } from '../bench/report.ts';
import { expect, opened, test } from '../e2e/app.ts';
import { compareLevels, type Held, type Level, levelOf } from './levels.ts';
import { installMainProbe } from './main-probe.ts';
import { traceTasks } from './task-probe.ts';
import { actAtRandom, command, openFiles, type Random } from './user.ts';
import { installWindowProbe, percentile, takeFrames } from './window-probe.ts';

const MINUTES = Number(process.env.COWSCOPE_SOAK_MINUTES ?? 30);
const SIZE = (process.env.COWSCOPE_SOAK_SIZE ?? 'M') as SizeName;
const SEED = Number(process.env.COWSCOPE_SOAK_SEED ?? 1);
/** Rounds after which everything has been used once and what is kept for good is there. */
const WARM_UP = 3;
/** Milliseconds of use in one round, and in one whose chain is closed while it is being read. */
const USE = 25_000;
const SHORT_USE = 4000;
/** Milliseconds in which the window is left alone, to see what the machine's other work does to its frames. */
const LEFT_ALONE = 5000;
/** Milliseconds a frame may take, but for one in a thousand. */
const FRAME = 50;
const SHARE = 0.999;
/** Where even the window left alone has later frames: how much later those in use may come. */
const BUSY_MACHINE = 1.5;
/** Milliseconds for a chain to be read and drawn. */
const OPENING = 180_000;

/** Milliseconds of everything that was timed. */
interface Times {
  readonly frames: number[];
  readonly framesLeftAlone: number[];
  readonly mainTasks: number[];
  readonly mainTasksCpu: number[];
  readonly windowTasks: number[];
  readonly windowTasksCpu: number[];
}

test(`${MINUTES} minutes of use without aim, seed ${SEED}`, async ({ start }) => {
  const store = openImageStore(process.env.COWSCOPE_SOAK_IMAGES, console.log);
  const { top } = store.chain('alt', SIZE);
  const end = driveGently();
  try {
    const { app, page } = await start('--window-size=1600x1000');
    page.setDefaultTimeout(OPENING);
    await installMainProbe(app);
    await installWindowProbe(page);
    const random = generator(SEED);
    const begun = Date.now();
    const times: Times = {
      frames: [],
      framesLeftAlone: [],
      mainTasks: [],
      mainTasksCpu: [],
      windowTasks: [],
      windowTasksCpu: [],
    };
    const closed: Level[] = [];
    const atRest: Level[] = [];
    let rounds = 0;
    let actions = 0;
    for (; rounds < WARM_UP + 2 || Date.now() - begun < MINUTES * 60_000; rounds++) {
      closed.push(await levelOf(app, page));
      await openFiles(app, [top]);
      await expect(page.locator('.lanes')).toBeVisible();
      // After warming up some chains are used and closed while they are being read.
      if (rounds >= WARM_UP && random() < 0.3) actions += await use(app, page, random, SHORT_USE);
      else {
        actions += await fullRound(app, page, random, times);
        atRest.push(await levelOf(app, page));
      }
      await command(app, 'close');
      await expect(page.locator('.lanes')).toBeHidden();
      await page.waitForTimeout(1000);
      console.log(
        `round ${rounds} at ${((Date.now() - begun) / 60_000).toFixed(1)} min: ${roundText(closed, atRest)}`,
      );
    }
    closed.push(await levelOf(app, page));

    const whenClosed = compareLevels(closed[WARM_UP] as Level, closed.at(-1) as Level);
    const whenOpen = compareLevels(levelAtRest(atRest), atRest.at(-1) as Level);
    console.log(`${rounds} rounds (${atRest.length} of them full), ${actions} actions`);
    console.log(`\nwith no chain open, after ${WARM_UP} rounds and at the end\n\n${heldTable(whenClosed)}`);
    console.log(
      `\nopen and at rest, second full round and last (listeners and nodes: the most of the first half)\n\n${heldTable(whenOpen)}`,
    );
    console.log(`\ntimes in milliseconds\n\n${timesTable(times)}\n`);
    const written = writeResults(
      fileURLToPath(new URL('../../bench-results', import.meta.url)),
      `soak-${SIZE}`,
      {
        setting: describeSetting(),
        minutes: MINUTES,
        seed: SEED,
        rounds,
        actions,
        whenClosed,
        whenOpen,
        times: Object.fromEntries(Object.entries(times).map(([name, list]) => [name, spread(list)])),
        closed,
        atRest,
      },
    );
    console.log(`written to ${written}`);

    for (const [when, list] of [
      ['closed', whenClosed],
      ['open', whenOpen],
    ] as const)
      for (const { what, atLast, atMost } of list)
        expect.soft(atLast, `${what}, ${when}`).toBeLessThanOrEqual(atMost);
    expect.soft(closed.at(-1)?.main.workersAlive, 'at most the spare worker is left').toBeLessThanOrEqual(1);
    expect.soft(closed.at(-1)?.main.children, 'no child is left').toEqual([]);
    expect.soft(closed.at(-1)?.main.descriptors.images, 'no image is left open').toBe(0);
    expect
      .soft(spread(times.frames).most, 'frames, 999 of 1000')
      .toBeLessThanOrEqual(frameLimit(times.framesLeftAlone));
  } finally {
    end();
    if (process.env.COWSCOPE_SOAK_IMAGES === undefined) store.remove();
  }
});

/** Waits until the chain is read, leaves the window alone, uses it, and brings it to rest. */
async function fullRound(
  app: ElectronApplication,
  page: Page,
  random: Random,
  times: Times,
): Promise<number> {
  await expect(page.locator('html')).toHaveAttribute('data-idle', 'true', { timeout: OPENING });
  await opened(page);
  await takeFrames(page);
  await page.waitForTimeout(LEFT_ALONE);
  keep(times.framesLeftAlone, await takeFrames(page));
  let actions = 0;
  const { main, window } = await traceTasks(app, async () => {
    await takeFrames(page);
    actions = await use(app, page, random, USE);
    keep(times.frames, await takeFrames(page));
  });
  keep(times.mainTasks, main.wall);
  keep(times.mainTasksCpu, main.cpu);
  keep(times.windowTasks, window.wall);
  keep(times.windowTasksCpu, window.cpu);
  await command(app, 'fit');
  await page.waitForTimeout(1000);
  return actions;
}

/** The second round's level. A page that shows more has more nodes: of those the most that was seen in the first half. */
function levelAtRest(levels: readonly Level[]): Level {
  const second = levels[1] as Level;
  const early = levels.slice(1, Math.max(2, Math.ceil(levels.length / 2))).map(({ window }) => window);
  const most = (pick: (window: Level['window']) => number) => Math.max(...early.map(pick));
  const shown = { listeners: most(({ listeners }) => listeners), nodes: most(({ nodes }) => nodes) };
  return { ...second, window: { ...second.window, ...shown } };
}

async function use(app: ElectronApplication, page: Page, random: Random, length: number): Promise<number> {
  const end = Date.now() + length;
  let actions = 0;
  for (; Date.now() < end; actions++) await actAtRandom(app, page, random);
  return actions;
}

/** What is drawn cannot come sooner than on a machine whose cores others keep: then frames with nothing to draw count. */
function frameLimit(leftAlone: readonly number[]): number {
  const { most } = spread(leftAlone);
  return most > FRAME ? most * BUSY_MACHINE : FRAME;
}

function spread(list: readonly number[]) {
  const all = list.toSorted((a, b) => a - b);
  const [median = 0, most = 0, longest = 0] = [0.5, SHARE, 1].map(share => percentile(all, share));
  return { count: all.length, median, most, longest };
}

/** Lists of a long soak are too long to be spread into arguments. */
function keep(all: number[], more: readonly number[]): void {
  for (const value of more) all.push(value);
}

function timesTable(times: Times): string {
  const { frames, framesLeftAlone } = times;
  const line = (what: string, list: readonly number[], atMost?: number) => {
    const { count, median, most, longest } = spread(list);
    const met = atMost === undefined ? '' : most <= atMost ? 'yes' : 'no';
    const limit = atMost === undefined ? '' : atMost.toFixed(1);
    return [what, `${count}`, median.toFixed(1), most.toFixed(1), longest.toFixed(1), limit, met];
  };
  const limit = frameLimit(framesLeftAlone);
  return markdownTable([
    ['what', 'number', 'median', '999 of 1000', 'longest', 'at most', 'met'],
    line('frames in use', frames, FRAME),
    ...(limit > FRAME ? [line('the same, for a machine as busy as this', frames, limit)] : []),
    line('frames of the window left alone', framesLeftAlone),
    line('tasks of the main process', times.mainTasks),
    line('the same by CPU time', times.mainTasksCpu),
    line('tasks of the window', times.windowTasks),
    line('the same by CPU time', times.windowTasksCpu),
  ]);
}

function heldTable(list: readonly Held[]): string {
  const value = (amount: number, unit: Held['unit']) =>
    unit === 'bytes' ? `${(amount / 2 ** 20).toFixed(1)} MiB` : amount.toFixed(0);
  return markdownTable([
    ['what', 'first', 'last', 'at most', 'met'],
    ...list.map(({ what, unit, atFirst, atLast, atMost }) => [
      what,
      ...[atFirst, atLast, atMost].map(amount => value(amount, unit)),
      atLast <= atMost ? 'yes' : 'no',
    ]),
  ]);
}

function roundText(closed: readonly Level[], atRest: readonly Level[]): string {
  const mib = (bytes = 0) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
  const text = (level: Level | undefined) =>
    `${mib(level?.main.rss)} resident, heaps ${mib(level?.main.main.heapUsed)} and ${mib(level?.window.heapUsed)}, window ${mib(level?.window.resident)}`;
  return `closed ${text(closed.at(-1))}; open ${text(atRest.at(-1))}`;
}
