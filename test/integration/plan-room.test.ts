/** Plans of jobs whose target lies on a file system that is nearly full. */
import { readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { planTarget } from '../../electron/service/plan/plan-target.ts';
import type { PlanChoice } from '../../shared/model/plan/plan.ts';
import { makeFolder, qemuImg, qemuIo, run, temporaryFolder } from '../support/tools.ts';

const MIB = 2 ** 20;
const FREE_BYTES = 2 * MIB;

vi.mock('node:fs/promises', async original => ({
  ...(await original<typeof import('node:fs/promises')>()),
  statfs: async () => ({ bavail: FREE_BYTES / 4096, bsize: 4096 }),
}));

const folder = temporaryFolder();

async function noRoom(top: string, choice: Partial<PlanChoice> = {}): Promise<string[]> {
  const request = { operation: 'commit', job: 'qemu-img', ...choice } as const;
  const { hazards } = await planTarget(
    { kind: 'files', files: [top] },
    { allow: [], allowAll: true },
    request,
  );
  return hazards.filter(({ code }) => code === 'PLAN_NO_ROOM').map(({ what }) => what);
}

/** Bytes that a file takes on its disk. */
async function storedBytes(path: string): Promise<number> {
  return (await stat(path)).blocks * 512;
}

/** An overlay with 3 MiB of data, and the space that a commit of it by qemu-img takes in `base`. */
async function committed(base: string, format: string, data = base) {
  const top = `${base}-top`;
  await qemuImg('create', '-q', '-f', 'qcow2', '-F', format, '-b', base, top, '8M');
  await qemuIo(top, 'write -P3 1M 3M');
  const hazards = await noRoom(top);
  const before = await storedBytes(data);
  expect(await run('qemu-img', ['commit', '-q', '-d', top])).toMatchObject({ code: 0 });
  return { hazards, taken: (await storedBytes(data)) - before };
}

it('warns where data goes into holes of a raw file, and not where the file has none', async () => {
  const own = await makeFolder(folder, 'raw');
  const sparse = join(own, 'sparse');
  await writeFile(sparse, '');
  await truncate(sparse, 8 * MIB);
  const { hazards, taken } = await committed(sparse, 'raw');
  expect(hazards).toMatchObject([
    expect.stringMatching(/^2 MiB are free where "sparse" lies, and its file may need up to 3 MiB more: /),
  ]);
  expect(taken).toBeGreaterThan(FREE_BYTES);
  const full = join(own, 'full');
  await writeFile(full, new Uint8Array(8 * MIB).fill(1), { flush: true }); // its space is taken then
  const other = await committed(full, 'raw');
  expect(other.hazards).toEqual([]);
  expect(other.taken).toBeLessThanOrEqual(FREE_BYTES);
});

it('warns where data goes into clusters that were made without space, and into an external data file', async () => {
  const own = await makeFolder(folder, 'qcow2');
  const sparse = join(own, 'sparse');
  await qemuImg('create', '-q', '-f', 'qcow2', '-o', 'preallocation=metadata', sparse, '8M');
  const first = await committed(sparse, 'qcow2');
  expect(first.hazards).toMatchObject([
    expect.stringMatching(/"sparse" lies, and its file may need up to 3 MiB more/),
  ]);
  expect(first.taken).toBeGreaterThan(FREE_BYTES);
  const apart = join(own, 'apart');
  const data = join(own, 'data');
  await qemuImg('create', '-q', '-f', 'qcow2', '-o', `data_file=${data}`, apart, '8M');
  const second = await committed(apart, 'qcow2', data);
  expect(second.hazards).toMatchObject([expect.stringMatching(/^2 MiB are free where "data" lies, /)]);
  expect(second.taken).toBeGreaterThan(FREE_BYTES);
  expect(await readFile(data)).toHaveLength(8 * MIB);
});
