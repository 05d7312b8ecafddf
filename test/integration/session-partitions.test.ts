/** The guest's partitions of an open session: read once, with their notes among the findings, and ended with it. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { GuestBytes } from '../support/guest/guest-tables.ts';
import { openTarget } from '../support/session.ts';
import { qemuImg, temporaryFolder } from '../support/tools.ts';

const OPTIONS = { witness: 'metadata' } as const;

async function image(): Promise<string> {
  const folder = temporaryFolder();
  const disk = new GuestBytes(4 * 2 ** 20).gpt([{ first: 64, last: 4095, name: 'root' }]).ext4(64 * 512);
  writeFileSync(join(folder, 'disk.raw'), disk.put(512 + 16, Uint8Array.of(1)).bytes);
  await qemuImg('convert', '-q', '-c', '-O', 'qcow2', join(folder, 'disk.raw'), join(folder, 'disk.qcow2'));
  return join(folder, 'disk.qcow2');
}

it('are read once, and their notes are among the findings from then on', async () => {
  const session = await openTarget({ kind: 'files', files: [await image()] }, OPTIONS);
  try {
    const codes = async () => (await session.allFindings()).map(({ code }) => code);
    expect(await codes()).toEqual([]);
    const [disk, again] = await Promise.all([session.partitions(), session.partitions()]);
    expect(disk).toBe(again);
    expect(disk.partitions.map(({ number, content }) => [number, content?.type])).toEqual([[1, 'ext4']]);
    expect(await codes()).toEqual(['GUEST_GPT_HEADER_DAMAGED']);
  } finally {
    await session.close();
  }
});

it('are not read of a session that is closed', async () => {
  const session = await openTarget({ kind: 'files', files: [await image()] }, OPTIONS);
  const reading = session.partitions();
  await session.close();
  await expect(reading).rejects.toMatchObject({ code: 'CANCELLED' });
  await expect(session.partitions()).rejects.toMatchObject({ code: 'CANCELLED' });
});
