/** Each way in which a guest's partition table is damaged is noted under its code, and nothing else is. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readGuestDisk } from '../../../electron/guest/read-guest-disk.ts';
import { DAMAGED_TABLES } from '../../support/guest/damaged-tables.ts';
import { memoryGuest } from '../../support/guest/guest-tables.ts';

describe('notes about the guest', () => {
  it.each(DAMAGED_TABLES.map(table => [table.title, table] as const))('tell of %s', async (_title, table) => {
    const disk = await readGuestDisk(memoryGuest(table.make(), table.fails));
    expect(disk.findings.map(({ code }) => code).sort()).toEqual(table.codes);
    expect(
      disk.findings.every(
        ({ severity, bytesAtRisk, layer }) => severity === 'note' && bytesAtRisk === 0 && layer === -1,
      ),
    ).toBe(true);
    expect([disk.scheme, disk.partitions.map(({ number }) => number)]).toEqual([
      table.scheme,
      table.partitions,
    ]);
    expect(disk.isUsable).toBe(table.isUsable ?? true);
  });

  it('have an image for every code', () => {
    const source = readFileSync(new URL('../../../electron/guest/table-notes.ts', import.meta.url), 'utf8');
    const codes = [...source.matchAll(/code: '(GUEST_[A-Z_]+)'/g)].map(match => match[1]);
    expect(codes.length).toBeGreaterThan(10);
    const fired = new Set(DAMAGED_TABLES.flatMap(table => table.codes));
    expect(codes.filter(code => !fired.has(code as string))).toEqual([]);
  });
});
