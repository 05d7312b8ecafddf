/** The order in which the window's chain is read: what is looked at first, the rest spread evenly. */
import { openSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, expect, test, vi } from 'vitest';
import { createPageSchedule, type PageSchedule } from '../../../../electron/engine/reading/page-schedule.ts';
import { writeQcow2 } from '../../../support/images/qcow2-builder.ts';
import { openSession, planFiles } from '../../../support/merge-session.ts';
import { temporaryFolder } from '../../../support/tools.ts';

const GIB = 2 ** 30;

afterEach(() => void vi.restoreAllMocks());

function rest(plan: PageSchedule): number[] {
  const pages: number[] = [];
  for (let page = plan.next(); page !== undefined; page = plan.next()) pages.push(page);
  return pages;
}

test('every beginning is spread over the disk', () => {
  expect(rest(createPageSchedule(5))).toEqual([0, 4, 2, 1, 3]);
  expect(rest(createPageSchedule(0))).toEqual([]);
});

test('what is looked at comes first, spread too, and then the rest goes on where it was', () => {
  const plan = createPageSchedule(8);
  expect([plan.next(), plan.next()]).toEqual([0, 4]);
  plan.prioritize(3, 7);
  expect(rest(plan)).toEqual([3, 5, 6, 2, 1, 7]);
  expect(plan.taken).toBe(8);
});

test('the newest look counts', () => {
  const plan = createPageSchedule(100);
  plan.prioritize(90, 99);
  plan.prioritize(50, 52);
  expect([plan.next(), plan.next(), plan.next()]).toEqual([50, 51, 0]);
});

test('every page is given out once, whatever is looked at meanwhile', () => {
  const looks = fc.array(
    fc.record({ after: fc.nat(20), first: fc.integer({ min: -3, max: 400 }), count: fc.nat(99) }),
  );
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 300 }), looks, (pages, all) => {
      const plan = createPageSchedule(pages);
      const seen: number[] = [];
      for (const { after, first, count } of all) {
        for (let i = 0; i < after; i++) {
          const page = plan.next();
          if (page !== undefined) seen.push(page);
        }
        expect(plan.taken).toBe(seen.length);
        plan.prioritize(first, first + count);
      }
      seen.push(...rest(plan));
      expect(seen.sort((a, b) => a - b)).toEqual(Array.from({ length: pages }, (_, i) => i));
    }),
  );
});

/** A chain of one empty image of 1 TiB: 4,096 pages of 256 MiB. */
function largeImage() {
  const path = join(temporaryFolder(), 'large.qcow2');
  const fd = openSync(path, 'wx+');
  writeQcow2(fd, { size: 1024 * GIB, clusterBits: 21 });
  return planFiles([path]);
}

/** A clock in which a slice of work is over after one page. */
function onePageSlices(): void {
  let clock = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => {
    clock += 4;
    return clock;
  });
}

test.each([
  ['extents', { start: 700 * GIB, end: 701 * GIB }, 700 * GIB],
  ['tiles', { level: 22, first: 700, count: 1 }, 700 * GIB],
  ['extents', { start: 0, end: 1024 * GIB }, 0], // the whole disk changes nothing
] as const)('the engine reads first what a question for %s shows: %o', async (name, range, start) => {
  onePageSlices();
  const session = openSession(largeImage());
  void session.ask(name, range as never);
  const first = await session.until(({ kind }) => kind === 'changed');
  session.send({ kind: 'cancelReading' });
  expect(first).toMatchObject({ start, end: start + GIB / 4 });
});
