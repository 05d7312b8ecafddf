import { describe, expect, it } from 'vitest';
import { readLocks, WriterLocks, withWriters } from '../../../electron/chain/writer-lock.ts';
import { makeFinding } from '../../../shared/model/finding.ts';

// 8:33, as the GNU C library packs it
const file = { dev: 0x821n, ino: 1234n };
const lock = (range: string, place = '08:21:1234', kind = 'OFDLCK ADVISORY  READ ') =>
  `7: POSIX  ADVISORY  WRITE 501 08:21:99 0 EOF\n12: ${kind} -1 ${place} ${range}\n`;

const isLockedForWriting = (list: string, file: { dev: bigint; ino: bigint }) =>
  new WriterLocks(list).has(file);

describe('WriterLocks', () => {
  it.each(['101 101', '100 101', '103 103', '102 103', '100 103', '0 EOF', '103 EOF'])('sees %s', range => {
    expect(isLockedForWriting(lock(range), file)).toBe(true);
  });

  it.each(['100 100', '102 102', '104 EOF', '201 203', '0 100'])('passes over %s', range => {
    expect(isLockedForWriting(lock(range), file)).toBe(false);
  });

  it('passes over other files, other devices, other kinds of lock and lines that are none', () => {
    for (const place of ['08:21:1235', '08:22:1234', '09:21:1234', '08:21:12345'])
      expect(isLockedForWriting(lock('101 101', place), file)).toBe(false);
    expect(isLockedForWriting(lock('101 101', undefined, 'POSIX  ADVISORY  READ '), file)).toBe(false);
    expect(isLockedForWriting('1: OFDLCK\n12: -> OFDLCK ADVISORY READ -1 08:21:1234 101 101', file)).toBe(
      false,
    );
    expect(isLockedForWriting('', file)).toBe(false);
  });

  it('takes device numbers apart where they are large', () => {
    const dev = (0x12000n << 32n) | (0x345n << 8n) | (0x678n << 20n) | 0x9an;
    expect(isLockedForWriting(lock('101 101', '12345:6789a:5'), { dev, ino: 5n })).toBe(true);
  });
});

it('takes the dirty bit for a trace of a crash only in a layer that no program has open for writing', () => {
  const dirty = [0, 1].map(layer =>
    makeFinding({ code: 'QCOW2_DIRTY', severity: 'hazard', layer, what: 'not closed properly' }),
  );
  const found = withWriters(dirty, [undefined, ['qemu-system-x86 (pid 7)']]);
  expect(found.map(({ code, layer, severity, causedBy }) => [code, layer, severity, causedBy])).toEqual([
    ['QCOW2_DIRTY', 0, 'hazard', undefined],
    ['QCOW2_DIRTY', 1, 'note', 'CHAIN_IN_USE'],
    ['CHAIN_IN_USE', 1, 'hazard', undefined],
  ]);
  expect(found[1]?.what).toMatch(/^a program has the image open with lazy refcounts \(dirty bit\)/);
});

it('reads the list of this system', async () => {
  expect(await readLocks()).toMatch(/^(?:\d+: .*\n)*$/);
});
