/** When a server that keeps a request waiting is given up: after which time, with which words. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { ReplyWatch } from '../../../../electron/nbd/client/reply-watch.ts';
import type { NbdError } from '../../../../electron/nbd/errors.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const LIMIT = 120_000;

function watched(milliseconds = LIMIT, isGiven = false): { watch: ReplyWatch; failures: NbdError[] } {
  const failures: NbdError[] = [];
  return { watch: new ReplyWatch({ milliseconds, isGiven }, error => failures.push(error)), failures };
}

/** A byte a second for so many seconds. */
function trickle(watch: ReplyWatch, seconds: number): void {
  for (let i = 0; i < seconds; i++) {
    watch.received(1);
    vi.advanceTimersByTime(1000);
  }
}

it('gives up a server that says nothing for the time limit, to be asked again', () => {
  const { watch, failures } = watched();
  watch.start();
  vi.advanceTimersByTime(LIMIT - 1);
  expect(failures).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(failures).toMatchObject([
    { code: 'NBD_SILENT', what: 'the server said nothing for 120 seconds', retryable: true },
  ]);
});

it('asks a silent server again only where no person set the time limit', () => {
  const { watch, failures } = watched(1000, true);
  watch.start();
  vi.advanceTimersByTime(1000);
  expect(failures).toMatchObject([
    { code: 'NBD_SILENT', what: 'the server said nothing for 1 second', retryable: false },
  ]);
});

it('gives up a server that sends a byte a second for good, with what it sent and how to wait longer', () => {
  const { watch, failures } = watched();
  watch.start();
  trickle(watch, 120);
  expect(failures).toMatchObject([
    {
      code: 'NBD_SLOW',
      what: 'the server sent 120 bytes in 120 seconds, and no whole reply',
      advice: expect.stringContaining('reply-timeout=SECONDS'),
      retryable: false,
    },
  ]);
});

it('waits for as long as 4 KiB come within each time limit', () => {
  const { watch, failures } = watched();
  watch.start();
  for (let i = 0; i < 10; i++) {
    vi.advanceTimersByTime(LIMIT - 1);
    watch.received(2048);
    watch.received(2048);
  }
  expect(failures).toEqual([]);
  vi.advanceTimersByTime(LIMIT);
  expect(failures).toMatchObject([{ code: 'NBD_SILENT' }]);
});

it('counts bytes from zero after each reply', () => {
  const { watch, failures } = watched();
  watch.start();
  trickle(watch, 119);
  watch.gotOn();
  trickle(watch, 119);
  expect(failures).toEqual([]);
  trickle(watch, 1);
  expect(failures).toMatchObject([{ what: 'the server sent 120 bytes in 120 seconds, and no whole reply' }]);
});

it('limits nothing while no request waits', () => {
  const { watch, failures } = watched();
  watch.received(5000); // comes before the first request
  vi.advanceTimersByTime(2 * LIMIT);
  watch.start();
  watch.stop();
  vi.advanceTimersByTime(2 * LIMIT);
  expect(failures).toEqual([]);
  expect(vi.getTimerCount()).toBe(0);
});
