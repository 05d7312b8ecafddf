import { expect, it } from 'vitest';
import { createUnreadableLog } from '../../../electron/service/read-errors.ts';

const error = { code: 'NBD_IO_ERROR', what: 'EIO', subject: 'nbd://host', advice: '' };
const piece = (offset: number, covered: number) => ({ offset, covered, lists: [], unreadable: error });

it('names each run of neighboring pieces once, with its place', () => {
  const log = createUnreadableLog();
  expect(log.list()).toEqual([]);
  log.add({ offset: 0, covered: 65536, lists: [] });
  log.add(piece(65536, 65536));
  log.add(piece(131072, 65536));
  log.add({ offset: 196608, covered: 65536, lists: [] });
  log.add(piece(262144, 4096));
  expect(log.list()).toEqual([
    { ...error, what: '128 KiB from 0x0001_0000 on could not be read: EIO' },
    { ...error, what: '4 KiB from 0x0004_0000 on could not be read: EIO' },
  ]);
});

it('counts those beyond the first twenty', () => {
  const log = createUnreadableLog();
  for (let i = 0; i < 1000; i++) log.add(piece(i * 8192, 4096));
  log.add(piece(999 * 8192 + 4096, 4096));
  const errors = log.list();
  expect(errors).toHaveLength(21);
  expect(errors.at(-1)?.what).toBe('980 more places, 3.83 MiB in all, could not be read');
});

it('says how much was given up without a closer look', () => {
  const log = createUnreadableLog();
  log.add(piece(0, 65536));
  log.add({ ...piece(65536, 2 ** 20), isGivenUp: true });
  expect(log.list()[0]?.what).toBe(
    '1.06 MiB from 0x0000_0000 on could not be read (1 MiB of it given up: parts may be readable): EIO',
  );
});
