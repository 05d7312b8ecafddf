/** What the command line tells people in situations that were reported: what they must know, first things first. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Finding } from '../../shared/model/finding.ts';
import { complaints, cowscope, cowscopeJson } from '../support/cli.ts';
import * as cases from '../support/images/reported/cases.ts';
import { FolderTools } from '../support/images/reported/folder-tools.ts';
import { makeFolder, run, temporaryFolder } from '../support/tools.ts';

const folder = temporaryFolder();
let made = 0;

/** The files of a case, in a folder that no other case knows. */
async function make(makeCase: cases.MakeCase): Promise<FolderTools> {
  const tools = new FolderTools(await makeFolder(folder, `case-${++made}`));
  await makeCase(tools);
  return tools;
}

/** What a command prints to its standard output, which ends with that code. */
async function printed(code: number, ...args: readonly string[]): Promise<string> {
  const result = await cowscope(args);
  expect([result.code, result.stderr.includes('INTERNAL')]).toEqual([code, false]);
  return result.stdout;
}

/** The complaints of a command on standard error, as one text. */
async function complained(code: number, ...args: readonly string[]): Promise<string> {
  const result = await cowscope(args);
  expect(result.code).toBe(code);
  return complaints(result).join('\n');
}

/** Codes of the findings that a check lists as causes, worst first. */
async function roots(path: string, code: number): Promise<string[]> {
  const { findings } = await cowscopeJson(['check', '--output', 'json', path], code);
  return findings.filter(({ causedBy }: Finding) => causedBy === undefined).map((one: Finding) => one.code);
}

test('a nested JSON description: the file beside the image is named, with the command that records it', async () => {
  const tools = await make(cases.jsonBackingNested);
  const told = await complained(3, 'layers', tools.at('d3.qcow2'));
  expect(told).toContain(`(${tools.at('d2.qcow2')})`);
  expect(told).toContain(`qemu-img rebase -u -F qcow2 -b d2.qcow2 ${tools.at('d3.qcow2')}`);
});

test('a snapshot table in guest data: the disk is whole, and what repairs it without loss', async () => {
  const tools = await make(cases.snapshotTableInData);
  const check = await printed(2, 'check', tools.at('s.qcow2'));
  expect(check).toContain('in a copy of the file set nb_snapshots (4 bytes at offset 60) to 0');
  expect(check).toContain('do not run `qemu-img check -r all` on the only one');
  expect(check).toContain('there is no table, and the data of the guest is whole');
  expect(check).toContain('0x0009_0000: data of guest 0x0004_0000 ');
});

test('extra data of a bitmap: the disk is whole, and qemu can neither open nor mend the image', async () => {
  const tools = await make(cases.bitmapExtraData);
  expect((await run('qemu-img', ['info', tools.at('x.qcow2')])).code).not.toBe(0);
  expect(await roots(tools.at('x.qcow2'), 2)).toEqual(['QCOW2_BITMAP_ENTRY']);
  const told = await complained(3, 'map', tools.at('x.qcow2'));
  expect(told).toContain('the disk itself is whole: in a copy of the file clear autoclear bit 0');
  expect(told).toContain('qemu does not open the image before that, not even to remove a bitmap');
});

test('a backing format that is not recorded: both readings, the command that records it, exit code 3', async () => {
  const tools = await make(cases.backingFormatNotRecorded);
  const told = await complained(3, 'map', tools.at('top.qcow2'));
  expect(told).toContain(
    'by its content it is qcow2, and it is read so, as qemu does; libvirt reads it as raw',
  );
  expect(told).toContain(`qemu-img rebase -u -F qcow2 -b base.qcow2 ${tools.at('top.qcow2')}`);
  expect(await complained(0, 'map', '--backing-format', 'qcow2', tools.at('top.qcow2'))).toBe('');
});

test('an image enlarged while it was running: its data is reachable through the earlier L1 table alone', async () => {
  const tools = await make(cases.grownWhileRunning);
  const check = await printed(2, 'check', tools.at('v.qcow2'));
  expect(await roots(tools.at('v.qcow2'), 2)).toEqual(['QCOW2_L1_REPLACED']);
  expect(check).toContain('cluster that looks like an L1 table at 0x0003_0000: 2 entries');
  expect(check).toContain('9 clusters (576 KiB) are counted as used, and nothing refers to them');
  expect(check).toContain('the L1 table was moved by a resize while another program wrote to the image');
  expect(check).toContain('`qemu-img check -r` frees the data of the disk');
});

test('an L1 table past the end: one finding for the whole disk', async () => {
  const tools = await make(cases.l1PastTheEnd);
  expect(await roots(tools.at('disk.qcow2'), 2)).toEqual(['QCOW2_PAST_END', 'CHAIN_LAYER_GROWN']);
  const check = await printed(2, 'check', tools.at('disk.qcow2'));
  expect(check).toContain(
    'The file ends at 0x0003_0000 (192 KiB), and the image refers to places in it up to at least 0x0007_0400; missing past its end: the L1 table at 0x0007_0000, so that nothing of this layer can be found.',
  );
  expect(check).toContain('takes missing tables as if this layer held nothing');
});

test('a failed deletion of a snapshot: which guest data the next write overwrites, and what is harmless', async () => {
  const tools = await make(cases.snapshotDeletionFailed);
  const check = await printed(2, 'check', tools.at('w.qcow2'));
  expect(check).toContain('6 clusters are in use and counted as free: the next write may overwrite them.\n');
  expect(check).toContain('\n    guest 0x0008_0000, 384 KiB\n');
  expect(check).toContain('The refcounts of 6 clusters are above their references.');
  expect(check).toContain('next: nothing is lost: such clusters are copied on the next write');
});

test('a base that was replaced: newer than the overlay and larger, as evidence and no proof', async () => {
  const tools = await make(cases.baseReplaced);
  const check = await printed(0, 'check', tools.at('disk.qcow2'));
  expect(check).toMatch(
    /CHAIN_BASE_NEWER: .* and its disk is larger \(6 MiB, above it 4 MiB\): it may not be/,
  );
  expect(check).toContain('so that this is evidence and no proof');
});

test('overwritten L2 tables: one finding each, what they hold, and where their data probably is', async () => {
  const tools = await make(cases.l2Overwritten);
  expect(await roots(tools.at('c.qcow2'), 2)).toEqual([
    'QCOW2_L2_INVALID',
    'QCOW2_L2_INVALID',
    'QCOW2_DATA_ON_METADATA',
  ]);
  const check = await printed(2, 'check', tools.at('c.qcow2'));
  expect(check).toMatch(/was overwritten: it holds refcounts, .* is lost\.\n {4}guest 0x0020_0000, 2 MiB\n/);
  expect(check).toMatch(/was overwritten: it holds text, .* is lost\.\n {4}guest 0x0040_0000, 2 MiB\n/);
  expect(check).toContain(
    '1,025 clusters (4 MiB) are counted as used, and nothing refers to them: likely the data of the 2 lost tables, which can name 1,024.',
  );
  expect(check).toMatch(/mapped onto metadata in 1 cluster: .*\n {4}guest 0x0060_7000, 4 KiB\n/);
  const { findings } = await cowscopeJson(['check', '--output', 'json', tools.at('c.qcow2')], 2);
  const leaked = findings.find(({ code }: Finding) => code === 'QCOW2_LEAKED');
  expect(leaked.advice).toContain('do not free them');
});

test('a punched L2 table: its range, what it held, and which old data shows in its place', async () => {
  const tools = await make(cases.l2Punched);
  const check = await printed(1, 'check', tools.at('top.qcow2'));
  expect(check).toMatch(/An L2 table is there and holds no entry: .*\n {4}guest 0x2000_0000, 512 MiB\n/);
  expect(check).toContain('next: do not start the machine');
  expect(check).toContain(
    '64 clusters (4 MiB) are counted as used, and nothing refers to them: likely the data',
  );
  expect(check).toContain(
    'Data of the layers below shows in the range of the empty table: 128 KiB of "base.qcow2" at 0x2000_0000; at most 128 KiB of that is old data',
  );
  const { findings } = await cowscopeJson(['check', '--output', 'json', tools.at('top.qcow2')], 1);
  expect(findings.find(({ code }: Finding) => code === 'CHAIN_OLD_DATA')).toMatchObject({
    severity: 'hazard',
    layer: 1,
    guest: [[2 ** 29, 2 ** 17]],
    causedBy: 'QCOW2_L2_EMPTY',
  });
});

test('an image that outgrows its volume: where its bytes went, how long a copy gets, and which backup comes next', async () => {
  const tools = await make(cases.volumeTooSmall);
  const layers = await printed(0, 'layers', tools.at('lv.qcow2'));
  expect(layers).toMatch(/image ends at +0x00be_0000 \(148 % of the virtual size\)/);
  expect(layers).toContain('4.5 MiB free inside');
  await tools.img('convert', '-O', 'qcow2', 'lv.qcow2', 'copy.qcow2');
  const { copyBytes } = await cowscopeJson(['layout', '--output', 'json', tools.at('lv.qcow2')]);
  expect(copyBytes).toBe(tools.fields('copy.qcow2').bytes.length);
  expect(await printed(0, 'layout', tools.at('lv.qcow2'))).toContain(
    'a copy by `qemu-img convert -O qcow2` has at most 6.81 MiB (7,143,424 bytes), and no internal snapshots and bitmaps',
  );
  const check = await printed(0, 'check', tools.at('lv.qcow2'));
  expect(check).toContain('4 bitmaps were not saved cleanly');
  expect(check).toContain('next: take a full backup');
});

test('a file larger than its disk after snapshots: what each one holds, what is free, how long a copy gets', async () => {
  const tools = await make(cases.snapshotsCameAndWent);
  const layers = await printed(0, 'layers', tools.at('big.qcow2'));
  expect(layers).toMatch(/nightly2, .*, holds 4 MiB alone, deleting it frees 4\.19 MiB/);
  expect(layers).toContain('8.25 MiB free inside');
  expect(await printed(0, 'layout', tools.at('big.qcow2'))).toContain('has at most 4.31 MiB');
});

test('trimmed ranges: every dirty byte is counted, with the zeros among them', async () => {
  const tools = await make(cases.trimmedAndDirty);
  expect(await printed(0, 'map', '--totals', tools.at('vdc.qcow2'))).toMatch(
    /dirty in cp\.0 +128 KiB .*\n +of it zeros +64 KiB/,
  );
  expect(await printed(0, 'map', '--totals', tools.at('vdd.qcow2'))).toMatch(/dirty in cp\.0 +1 MiB/);
});

test('checkpoints over a chain: where the record of changes has a gap, and which backup comes next', async () => {
  const tools = await make(cases.bitmapsAcrossChain);
  const check = await printed(0, 'check', tools.at('vm.s3'));
  expect(check).toMatch(/vm\.s2\n {2}hazard CHAIN_BITMAP_GAP: .*: "a"\.\n {4}next: take a full backup/);
});

test('an image that was attached as a raw disk: what was written over its header, and what is left of it', async () => {
  const tools = await make(cases.usedAsRaw);
  const check = await printed(1, 'check', tools.at('as-raw.img'));
  expect(check).toContain('It begins with a GPT in place of a header');
  expect(check).toContain('laid out as a qcow2 image with clusters of 4 KiB');
  expect(check).toContain('refcount table at 0x0000_1000: 0x0000_2000');
  expect(check).toContain('what looks like an L1 table at 0x0000_3000: 0x0000_4000');
  const inferred = await cowscopeJson(['map', '--infer', '--output', 'json', tools.at('as-raw.img')], 3);
  expect(inferred.totals.states.data).toBe(2 ** 24); // preallocated
});

test('a disk resized to petabytes: what is used of the L1 table, and that all of it is there', async () => {
  const tools = await make(cases.resizedFar);
  const check = await printed(2, 'check', tools.at('r.qcow2'));
  expect(check).toContain(
    '2 of the 8,192,004 L1 entries are used, the last is number 2: what they describe lies below 1.5 GiB (0x6000_0000).',
  );
  const { totals } = await cowscopeJson(['map', '--totals', '--output', 'json', tools.at('r.qcow2')], 3);
  expect(totals.states.data).toBe(1.25 * 2 ** 20);
});

test('a base that was moved with its overlay lies beside it, and of one that is gone it is known what is left', async () => {
  const tools = await make(cases.movedAndGone);
  const moved = await complained(3, 'layers', tools.at('moved/win11.fresh'));
  expect(moved).toContain('no such file; another one of its name lies beside the image');
  expect(moved).toContain(`qemu-img rebase -u -F qcow2 -b win11.qcow2 ${tools.at('moved/win11.fresh')}`);
  expect(await printed(1, 'check', tools.at('gone/win11.fresh'))).toContain(
    "no such file; 256 KiB of the disk's 8 MiB are in this layer",
  );
});

test('an L1 table that was never written: the table that a crash left behind the end of the image', async () => {
  const tools = await make(cases.l1NeverWritten);
  expect((await run('qemu-img', ['check', tools.at('z.qcow2')])).code).toBe(0);
  const check = await printed(0, 'check', tools.at('z.qcow2'));
  expect(check).toContain('The disk reads as empty, and a cluster behind the image');
  expect(check).toContain('cluster that looks like an L2 table at 0x0040_0000: 2 entries');
  expect(check).toContain('do not start the machine and write nothing to the image');
});

test('a commit into a base full of bitmaps: what is copied, and what the bitmaps take', async () => {
  const tools = await make(cases.staleBitmaps);
  const plan = await printed(0, 'plan', 'commit', tools.at('top.qcow2'));
  expect(plan).toMatch(/would copy +2 MiB /);
  expect(plan).toMatch(/bitmaps kept +832 KiB /);
  expect(plan).toContain('6 of them are not in the committed layer');
});

test('a commit into a shared layer: which images it breaks, where they were looked for, and how to look further', async () => {
  const tools = await make(cases.treeOfSiblings);
  const plan = await printed(0, 'plan', 'commit', tools.at('vm/s2'));
  expect(plan).toContain(`What rests on "s1" is broken by the commit: "${tools.at('vm/s3')}".`);
  expect(plan).toContain(`were looked for in "${tools.at('vm')}" alone`);
  expect(plan).toContain(`such as \`--store ${tools.folder}\``);
  const further = await printed(0, 'plan', 'commit', '--store', tools.folder, tools.at('vm/s2'));
  expect(further).toContain(tools.at('vm/s3'));
  expect(further).toContain(tools.at('other/clone.qcow2'));
});

test('an overwritten header: what lies in its place', async () => {
  const tools = await make(cases.headerOverwritten);
  const table = await printed(1, 'check', tools.at('a.qcow2'));
  expect(table).toContain('It begins with what looks like an L2 table in place of a header');
  expect(table).toContain(
    'first 4 KiB at 0x0000_0000: like an L2 table: 3 entries, the first names 0x0008_0000',
  );
  const log = await printed(1, 'check', tools.at('b.img'));
  expect(log).toContain('It begins with text in place of a header');
});

test('a folder that is in a name twice: the file beside the image, with the command that records it', async () => {
  const tools = await make(cases.nameDoubled);
  const told = await complained(3, 'layers', tools.at('images/snap.qcow2'));
  expect(told).toContain(`lies beside the image (${join(tools.folder, 'images/images/base.qcow2')})`);
  expect(told).toContain(`qemu-img rebase -u -F qcow2 -b base.qcow2 ${tools.at('images/snap.qcow2')}`);
});

test('a copy that ended early: how far references reach, and how much is missing', async () => {
  const tools = await make(cases.endedEarly);
  const told = await complained(3, 'layers', tools.at('cut.qcow2'));
  expect(told).toContain('the file ends at 0x0020_0000 (2 MiB)');
  expect(told).toContain('up to at least 0x0066_0000; missing past its end: 1 L2 table, 69 data clusters');
  const { totals } = await cowscopeJson(['map', '--totals', '--output', 'json', tools.at('cut.qcow2')], 3);
  expect(totals.states.unreadable).toBe(2 ** 29 + 69 * 65_536);
  expect(await roots(tools.at('imported.qcow2'), 2)).toEqual(['QCOW2_PAST_END']);
});

test('several checkpoints: what is dirty in each of them, and which one does not record', async () => {
  const tools = await make(cases.cumulativeCheckpoints);
  const map = await printed(0, 'map', '--totals', tools.at('vda.qcow2'));
  expect(map).toMatch(/dirty in cp\.1 +256 KiB/);
  expect(map).toMatch(/dirty in cp\.2, disabled +128 KiB/);
  expect(map).toMatch(/dirty in cp\.10 +128 KiB/);
  expect(await printed(0, 'check', tools.at('vda.qcow2'))).toMatch(/CHAIN_BITMAP_DISABLED: .*: "cp\.2"\./);
});
