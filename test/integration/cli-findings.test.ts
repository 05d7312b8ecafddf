/** What the command line says of damaged images: every place, once, with its offsets, and the exit code that goes with it. */
import { closeSync, openSync, truncateSync, writeSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Finding } from '../../shared/model/finding.ts';
import { codesOf, complaints, cowscope, cowscopeJson } from '../support/cli.ts';
import { codesOf as codesOfFindings } from '../support/findings.ts';
import {
  type ImageLayout,
  type ImageSpec,
  pokeU32,
  pokeU64,
  writeQcow2,
} from '../support/images/qcow2-builder.ts';
import { qemuImg, qemuIo, temporaryFolder } from '../support/tools.ts';

const K64 = 65_536;
const M512 = 2 ** 29;
const COPIED = 1n << 63n;
const folder = temporaryFolder();

/** Writes an image, damages it, and gives its path. */
function damaged(name: string, spec: ImageSpec, damage: (fd: number, layout: ImageLayout) => void): string {
  const path = join(folder, name);
  const fd = openSync(path, 'wx+');
  damage(fd, writeQcow2(fd, spec));
  closeSync(fd);
  return path;
}

interface Row {
  readonly start: number;
  readonly length: number;
  readonly state: string;
  readonly damaged?: true;
}

const damagedRows = (rows: readonly Row[]) =>
  rows.filter(row => row.damaged).map(({ start, length, state }) => [start, length, state]);

test('69 clusters past the end of a file are all damaged in rows and totals, and one finding counts them', async () => {
  const path = join(folder, 'cut.qcow2');
  await qemuImg('create', '-q', '-f', 'qcow2', path, '16M');
  await qemuIo(path, 'write 0 6M');
  truncateSync(path, 2 * 2 ** 20);
  const document = await cowscopeJson(['map', '--output', 'json', path], 3);
  expect(damagedRows(document.rows)).toEqual([[27 * K64, 69 * K64, 'unreadable']]);
  expect(document.totals.states.unreadable).toBe(69 * K64);
  expect(document.errors).toEqual([]);
  expect(document.findings).toMatchObject([
    { code: 'QCOW2_PAST_END', count: 69, bytesAtRisk: 69 * K64, guest: [[27 * K64, 69 * K64]] },
  ]);
  const text = await cowscope(['map', path]);
  expect([text.code, complaints(text).length]).toEqual([3, 1]);
  expect(text.stderr).toContain('69 data clusters [guest 0x001b_0000, 4.31 MiB]');
  expect(text.stdout).toMatch(/^0x001b_0000 +4\.31 MiB +unreadable +cut\.qcow2 +damaged$/m);
  const layers = await cowscope(['layers', path]);
  expect([layers.code, codesOf(layers)]).toEqual([3, ['QCOW2_PAST_END']]);
  expect(layers.stdout).toMatch(/^ {4}problem +QCOW2_PAST_END: the file ends at 0x0020_0000/m);
});

test('equal bad values at two places are two places', async () => {
  const path = damaged(
    'twice.qcow2',
    { size: K64 * 64, clusters: index => (index < 50 ? 'data' : 'unallocated') },
    (fd, { l2Offsets }) => {
      for (const index of [5, 40]) pokeU64(fd, l2Offsets.get(0)! + 8 * index, COPIED | 0x52a00n);
    },
  );
  const { rows, findings } = await cowscopeJson(['map', '--output', 'json', path], 3);
  expect(damagedRows(rows)).toEqual([
    [5 * K64, K64, 'unreadable'],
    [40 * K64, K64, 'unreadable'],
  ]);
  expect(findings).toMatchObject([
    {
      code: 'QCOW2_ENTRY_UNALIGNED',
      count: 2,
      guest: [
        [5 * K64, K64],
        [40 * K64, K64],
      ],
    },
  ]);
});

test('damage without a place of the guest marks none', async () => {
  const spec = {
    size: K64 * 64,
    clusters: [{ index: 0, kind: 'data' }] as const,
    snapshots: [{ id: '1', name: 's' }],
  };
  const path = damaged('snapshots.qcow2', spec, (fd, { snapshotTableOffset }) =>
    pokeU32(fd, snapshotTableOffset + 36, 0x7fffffff),
  );
  const { rows, findings } = await cowscopeJson(['map', '--output', 'json', path], 3);
  expect(damagedRows(rows)).toEqual([]);
  expect(rows[0]).toMatchObject({ start: 0, length: K64, state: 'data' });
  expect(findings).toMatchObject([{ code: 'QCOW2_SNAPSHOT_TABLE', guest: [], bytesAtRisk: 0 }]);
  const { stdout, code } = await cowscope(['layers', path]);
  expect(code).toBe(3);
  expect(stdout).toMatch(/leaks not known/);
});

test.each<[string, string, (fd: number, layout: ImageLayout) => void, number]>([
  ['an L1 table past the end', 'QCOW2_PAST_END', fd => pokeU64(fd, 40, 0x700000n), 2 * M512],
  [
    'an L2 table past the end',
    'QCOW2_PAST_END',
    (fd, { l1Offset }) => pokeU64(fd, l1Offset, 1n << 40n),
    M512,
  ],
  [
    'an L1 entry that is not aligned',
    'QCOW2_L1_UNALIGNED',
    (fd, { l1Offset }) => pokeU64(fd, l1Offset, 0x30200n),
    M512,
  ],
  [
    'an L2 entry that is not aligned',
    'QCOW2_ENTRY_UNALIGNED',
    (fd, { l2Offsets }) => pokeU64(fd, l2Offsets.get(0)!, 0x50200n),
    K64,
  ],
])('%s: layers and map name it with its whole range and end with 3', async (name, code, damage, bytes) => {
  const clusters = [
    { index: 0, kind: 'data' },
    { index: 8192, kind: 'data' },
  ] as const;
  const path = damaged(`${name}.qcow2`, { size: 2 * M512, clusters }, damage);
  for (const command of ['map', 'layers']) {
    const result = await cowscope([command, path]);
    expect([result.code, codesOf(result)]).toEqual([3, [code]]);
    const document = await cowscopeJson([command, '--output', 'json', path], 3);
    expect(document.findings).toMatchObject([{ code, guest: [[0, bytes]], bytesAtRisk: bytes }]);
  }
  const { totals } = await cowscopeJson(['map', '--totals', '--output', 'json', path], 3);
  expect(totals.states.unreadable).toBe(bytes);
});

test('an L2 table that was wiped is a hazard, with its whole range', async () => {
  const clusters = [{ index: 0, kind: 'data' }] as const;
  const path = damaged('wiped.qcow2', { size: M512, clusters }, (fd, { l2Offsets }) =>
    writeSync(fd, new Uint8Array(K64), 0, K64, l2Offsets.get(0)!),
  );
  for (const command of ['map', 'layers']) {
    const { findings } = await cowscopeJson([command, '--output', 'json', path]);
    expect(findings).toMatchObject([{ code: 'QCOW2_L2_EMPTY', severity: 'hazard', guest: [[0, M512]] }]);
  }
  const { stderr } = await cowscope(['map', path]);
  expect(stderr).toContain('cowscope: note: wiped.qcow2: An L2 table is there and holds no entry');
});

/** A qemu-nbd that serves an empty disk in the place of `lied` about, whatever it is given. */
async function lyingServer(lied: string): Promise<NodeJS.ProcessEnv> {
  const empty = join(folder, 'empty.qcow2');
  await qemuImg('create', '-q', '-f', 'qcow2', empty, '1G');
  const wrapper = join(folder, 'qemu-nbd');
  const script = `#!/bin/sh
[ "$1" = --version ] && exec qemu-nbd --version
[ "$(readlink /proc/self/fd/3)" = '${lied}' ] && exec 3<'${empty}'
exec qemu-nbd "$@"
`;
  await writeFile(wrapper, script, { mode: 0o755 });
  return { ...process.env, COWSCOPE_QEMU_NBD: wrapper };
}

test('where witnesses differ in one layer, the text of another layer alone says that they agree', async () => {
  const [base, top] = [join(folder, 'lied.qcow2'), join(folder, 'honest.qcow2')];
  await qemuImg('create', '-q', '-f', 'qcow2', base, '1G');
  await qemuIo(base, 'write -P1 0 300M');
  await qemuImg('create', '-q', '-f', 'qcow2', '-b', base, '-F', 'qcow2', top, '1G');
  await qemuIo(top, 'write -P2 700M 64k');
  const env = await lyingServer(base);
  const textOf = (...args: string[]) =>
    cowscope(['map', '--totals', '--witness', 'both', ...args, top], { env });
  expect((await textOf('--layer', '1')).stdout).toContain('\nThe two witnesses agree.\n');
  // 300 MiB in five pages of 64 MiB are one difference.
  const differing =
    /\nThe two witnesses differ:\n {2}0x0000_0000 +300 MiB {2}lied\.qcow2: .*say data.*says unallocated[^\n]*\n$/;
  expect((await textOf('--layer', '0')).stdout).toMatch(differing);
  expect((await textOf()).stdout).toMatch(differing);
  const { findings } = await cowscopeJson(
    ['map', '--totals', '--output', 'json', '--witness', 'both', top],
    0,
    { env },
  );
  expect(codesOfFindings(findings)).toEqual(['WITNESSES_DIFFER']);
  expect(findings[0]).toMatchObject({ count: 1, guest: [[0, 300 * 2 ** 20]] } satisfies Partial<Finding>);
});

test('a table that is missing is one finding by both witnesses, not a difference for every page', async () => {
  const clusters = [{ index: 0, kind: 'data' }] as const;
  const path = damaged('missing-l1.qcow2', { size: 2 ** 32, clusters }, fd => pokeU64(fd, 40, 0x70_0000n));
  const document = await cowscopeJson(['map', '--output', 'json', '--witness', 'both', path], 3);
  expect(document.findings).toMatchObject([
    {
      code: 'QCOW2_PAST_END',
      guest: [[0, 2 ** 32]],
      what: expect.stringContaining('the L1 table at 0x0070_0000'),
    },
  ]);
});
