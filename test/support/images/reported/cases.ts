/**
 * What people had when they asked for help, made from public reports with the real tools and a few overwritten bytes.
 * The numbers name the reports: GL is QEMU's tracker, LP the older one at Launchpad.
 */
import {
  copyFileSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { Chance } from '../damage.ts';
import { FolderTools } from './folder-tools.ts';

const K64 = 65_536;
const COPIED = 1n << 63n;

/** Makes the files of a case in a folder. */
export type MakeCase = (tools: FolderTools) => Promise<void>;

/** A cluster full of a line of text. */
function text(line: string, bytes = K64): Buffer {
  return Buffer.alloc(bytes, line);
}

/** GL 1117: the name of the backing file is a description of all levels, as a migrated machine wrote it. */
export const jsonBackingNested: MakeCase = async tools => {
  const file = (filename: string) => ({ driver: 'qcow2', file: { driver: 'file', filename } });
  await tools.create('d0.qcow2', ['1M'], 'write -P 1 0 512k');
  await tools.overlay('d1.qcow2', `json:${JSON.stringify(file('d0.qcow2'))}`, 'write -P 2 64k 64k');
  await tools.overlay('d2.qcow2', 'd1.qcow2', 'write -P 3 128k 64k');
  const d1 = { backing: file('d0.qcow2'), ...file('d1.qcow2') };
  const name = `json:${JSON.stringify({ backing: d1, ...file('d2.qcow2') })}`;
  await tools.img('create', '-q', '-f', 'qcow2', '-u', '-F', 'qcow2', '-b', name, 'd3.qcow2', '1M');
};

/** LP 1354167: the header names a snapshot table that lies in data of the guest. */
export const snapshotTableInData: MakeCase = async tools => {
  await tools.create('s.qcow2', ['-o', 'compat=0.10', '2M'], 'write -P 7 0 1M');
  const image = tools.fields('s.qcow2');
  const data = image.hostOf(4);
  image.put(data, text('192.0.2.7 - - [12/Mar/2014:10:11:12 +0000] "POST /a/select HTTP/1.1" 200 4517\n'));
  image.putU32(60, 1);
  image.putU64(64, BigInt(data));
};

/** LP 1808928: an entry of the bitmap directory claims extra data, and qemu refuses the whole image. */
export const bitmapExtraData: MakeCase = async tools => {
  await tools.create('x.qcow2', ['4M'], 'write -P 5 0 1M');
  await tools.img('bitmap', '--add', 'x.qcow2', 'nightly');
  await tools.io('x.qcow2', 'write -P 6 256k 64k');
  const image = tools.fields('x.qcow2');
  const at = image.bitmapsExtension;
  const [size, offset] = [image.u64(at + 8), image.u64(at + 16)];
  const entry = image.bytes.subarray(offset, offset + size);
  const extra = Buffer.alloc(4 + 16);
  extra.writeUInt32BE(16);
  image.put(offset, Buffer.concat([entry.subarray(0, 20), extra, entry.subarray(24)]));
  image.putU64(at + 8, BigInt(size + 16));
};

/** LP 1857143: no format is recorded for a backing file of qcow2. */
export const backingFormatNotRecorded: MakeCase = async tools => {
  await tools.create('base.qcow2', ['4M'], 'write -P 85 0 64k', 'write -P 2 1M 1M');
  await tools.overlay('top.qcow2', 'base.qcow2', 'write -P 3 2M 64k');
  const image = tools.fields('top.qcow2');
  image.putU32(image.bytes.readUInt32BE(100), 0x12345678); // an extension that is not known
};

/** OpenNebula/one#1585: the file was enlarged while a machine ran, which went on with the earlier L1 table. */
export const grownWhileRunning: MakeCase = async tools => {
  await tools.create('v.qcow2', ['1G'], 'write -P 1 0 256k');
  copyFileSync(tools.at('v.qcow2'), tools.at('vm.tmp')); // what the machine has in its memory
  await tools.img('resize', '-q', 'v.qcow2', '3G');
  await tools.io('vm.tmp', 'write -P 2 600M 128k', 'write -P 3 256k 64k');
  const machine = tools.fields('vm.tmp').bytes;
  const image = tools.fields('v.qcow2');
  for (let at = K64; at < machine.length; at += K64) {
    const block = machine.subarray(at, at + K64);
    if (block.some(byte => byte !== 0) && !block.equals(image.bytes.subarray(at, at + block.length)))
      image.put(at, block);
  }
  rmSync(tools.at('vm.tmp'));
};

/** zchee/go-qcow2#2: a library wrote an L1 table past the end of the file into the header. */
export const l1PastTheEnd: MakeCase = async tools => {
  await tools.create('cloud.qcow2', ['2M'], 'write -P 9 0 1M');
  await tools.img('create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', 'cloud.qcow2', 'disk.qcow2', '64G');
  truncateSync(tools.at('disk.qcow2'), 3 * K64);
  tools.fields('disk.qcow2').putU64(40, 0x7_0000n);
};

/** GL 1179: the deletion of an internal snapshot left refcounts of 0 and of 2. */
export const snapshotDeletionFailed: MakeCase = async tools => {
  await tools.create('w.qcow2', ['8M'], 'write -P 1 0 2M');
  await tools.img('snapshot', '-c', 'standard', 'w.qcow2');
  await tools.io('w.qcow2', 'write -P 2 512k 512k');
  await tools.img('snapshot', '-d', 'standard', 'w.qcow2');
  const image = tools.fields('w.qcow2');
  for (let entry = 8; entry < 14; entry++) image.putRefcount(image.hostOf(entry), 0);
  for (let entry = 20; entry < 26; entry++) image.putRefcount(image.hostOf(entry), 2);
};

/** nova#1732428: the base was replaced by another build under its name. */
export const baseReplaced: MakeCase = async tools => {
  const touch = (name: string, time: string) => utimesSync(tools.at(name), new Date(time), new Date(time));
  await tools.create('nixos.qcow2', ['4M'], 'write -P 1 0 3M');
  await tools.overlay('disk.qcow2', 'nixos.qcow2', 'write -P 2 1M 256k');
  await tools.create('new.qcow2', ['6M'], 'write -P 7 64k 5M');
  renameSync(tools.at('new.qcow2'), tools.at('nixos.qcow2'));
  touch('disk.qcow2', '2026-01-11T10:00:00Z');
  touch('nixos.qcow2', '2026-02-16T09:00:00Z');
};

/** cloud-hypervisor#8606: L2 tables that hold refcounts and text, and a cluster that is table and data. */
export const l2Overwritten: MakeCase = async tools => {
  await tools.create('c.qcow2', ['-o', 'cluster_size=4k', '8M'], 'write -P 1 0 8M');
  const image = tools.fields('c.qcow2');
  const refcounts = image.bytes.subarray(image.refcountBlock, image.refcountBlock + 4096);
  image.put(image.l2Table(1), refcounts);
  image.put(image.l2Table(2), text('Jul 17 03:12:44 host kernel: EXT4-fs error (device vda1)\n', 4096));
  image.putU64(image.l2Table(3) + 8 * 7, BigInt(image.l2Table(0)) | COPIED);
};

/** cloud-hypervisor#8624: a hole was punched into an L2 table. */
export const l2Punched: MakeCase = async tools => {
  await tools.create('base.qcow2', ['1536M'], 'write -P 9 512M 128k');
  await tools.overlay(
    'top.qcow2',
    'base.qcow2',
    'write -P 1 0 64k',
    'write -P 2 512M 4M',
    'write -P 3 1G 64k',
  );
  const image = tools.fields('top.qcow2');
  image.put(image.l2Table(1), new Uint8Array(K64));
};

/** GL 1621: freed clusters below and new ones at the end need more of a volume than the disk has; bitmaps left in use. */
export const volumeTooSmall: MakeCase = async tools => {
  await tools.create('lv.qcow2', ['8M']);
  for (const name of ['cp-1', 'cp-2', 'cp-3', 'cp-4']) await tools.img('bitmap', '--add', 'lv.qcow2', name);
  const freed = Array.from({ length: 64 }, (_, i) => `discard ${2 * i * 64}k 64k`);
  await tools.io('lv.qcow2', 'write -P 1 0 8M');
  await tools.io('lv.qcow2', ...freed);
  const image = tools.fields('lv.qcow2');
  const at = image.bitmapsExtension;
  for (let i = 0, entry = image.u64(at + 16); i < image.bytes.readUInt32BE(at); i++) {
    image.putU32(entry + 12, image.bytes.readUInt32BE(entry + 12) | 1); // in use
    const [name, extra] = [image.bytes.readUInt16BE(entry + 18), image.bytes.readUInt32BE(entry + 20)];
    entry += Math.ceil((24 + name + extra) / 8) * 8;
  }
  let end = Math.ceil(image.bytes.length / K64) * K64;
  for (let entry = 0; entry < 80; entry += 2, end += K64) {
    image.put(end, new Uint8Array(K64).fill(entry + 1));
    image.putRefcount(end, 1);
    image.putU64(image.l2Table() + 8 * entry, BigInt(end) | COPIED);
  }
};

/** LP 1810603: internal snapshots came and went, and the file is four times as large as the disk. */
export const snapshotsCameAndWent: MakeCase = async tools => {
  await tools.create('big.qcow2', ['4M'], 'write -P 1 0 4M');
  for (const i of [1, 2, 3]) {
    await tools.img('snapshot', '-c', `nightly${i}`, 'big.qcow2');
    await tools.io('big.qcow2', `write -P ${i + 1} 0 4M`);
  }
  for (const i of [1, 3]) await tools.img('snapshot', '-d', `nightly${i}`, 'big.qcow2');
};

/** virtnbdbackup#250: trimmed ranges are dirty in the bitmap and zero in the image, or stored nowhere. */
export const trimmedAndDirty: MakeCase = async tools => {
  await tools.create('base.qcow2', ['8M'], 'write -P 1 0 4M');
  await tools.create('vdc.qcow2', ['8M']);
  await tools.img('bitmap', '--add', 'vdc.qcow2', 'cp.0');
  await tools.io('vdc.qcow2', 'write -P 2 3M 64k', 'discard 6M 64k');
  await tools.overlay('vdd.qcow2', 'base.qcow2');
  await tools.img('bitmap', '--add', '-g', '1M', 'vdd.qcow2', 'cp.0');
  await tools.io('vdd.qcow2', 'write -P 2 3M 64k');
};

/** GL 1218: checkpoints and external snapshots mixed; one snapshot was taken by hand, without a bitmap. */
export const bitmapsAcrossChain: MakeCase = async tools => {
  await tools.create('vm.img', ['8M'], 'write -P 1 0 2M');
  await tools.img('bitmap', '--add', 'vm.img', 'a');
  await tools.overlay('vm.s1', 'vm.img');
  await tools.img('bitmap', '--add', 'vm.s1', 'a');
  await tools.overlay('vm.s2', 'vm.s1', 'write -P 4 512k 64k');
  await tools.overlay('vm.s3', 'vm.s2');
  for (const name of ['a', 'b']) await tools.img('bitmap', '--add', 'vm.s3', name);
};

/** nova#2038898: an image was attached as a raw disk, and the guest's partition table lies over its header. */
export const usedAsRaw: MakeCase = async tools => {
  await tools.create(
    'as-raw.img',
    ['-o', 'preallocation=metadata,cluster_size=4k', '16M'],
    'write -P 9 0 1M',
  );
  const sectors = Buffer.alloc(1024);
  Buffer.from([0, 0, 2, 0, 0xee, 0xff, 0xff, 0xff, 1, 0, 0, 0, 0xff, 0x7f, 0, 0]).copy(sectors, 446);
  sectors.writeUInt16BE(0x55aa, 510);
  sectors.write('EFI PART', 512);
  sectors.writeBigUInt64LE(1n, 512 + 24);
  tools.fields('as-raw.img').put(0, Buffer.concat([sectors, Buffer.alloc(1024, 1)]));
};

/** LP 1592590: a resize by 4000 TiB. */
export const resizedFar: MakeCase = async tools => {
  await tools.create('r.qcow2', ['2G'], 'write -P 1 0 1M', 'write -P 2 1G 256k');
  const image = tools.fields('r.qcow2');
  const size = 2n * 2n ** 30n + 4000n * 2n ** 40n;
  const entries = Number(size >> 29n);
  const table = Math.ceil(image.bytes.length / K64) * K64;
  image.put(table, image.bytes.subarray(image.l1Table, image.l1Table + 32));
  truncateSync(tools.at('r.qcow2'), table + 8 * entries);
  image.putU64(24, size);
  image.putU32(36, entries);
  image.putU64(40, BigInt(table));
};

/** LP 1524546: base and overlay were moved together, and the base is recorded by its full name; or it is gone. */
export const movedAndGone: MakeCase = async tools => {
  for (const folder of ['moved', 'gone']) mkdirSync(tools.at(folder));
  await tools.create('moved/win11.qcow2', ['8M'], 'write -P 1 0 2M');
  const base = '/nowhere/images/win11.qcow2';
  await tools.img('create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', base, '-u', 'moved/win11.fresh', '8M');
  await tools.ioAlone('moved/win11.fresh', 'write -P 2 1M 256k');
  copyFileSync(tools.at('moved/win11.fresh'), tools.at('gone/win11.fresh'));
};

/** LP 1250360: after a crash of the host the disk reads as zeros, and the check of qemu finds nothing. */
export const l1NeverWritten: MakeCase = async tools => {
  await tools.create('z.qcow2', ['-o', 'cluster_size=1M', '64M'], 'write -P 1 0 2M');
  const image = tools.fields('z.qcow2');
  image.put(image.l1Table, new Uint8Array(8));
  for (let at = 4 * 2 ** 20; at <= image.bytes.length; at += 2 ** 20) image.putRefcount(at, 0);
};

/** GL 1330: a base full of bitmaps that the top has not. */
export const staleBitmaps: MakeCase = async tools => {
  await tools.create('base.qcow2', ['64M']);
  for (let i = 1; i <= 6; i++) await tools.img('bitmap', '--add', '-g', '512', 'base.qcow2', `stale-${i}`);
  await tools.io('base.qcow2', 'write -P 1 0 512k');
  await tools.overlay('top.qcow2', 'base.qcow2');
  await tools.img('bitmap', '--add', 'top.qcow2', 'good');
  await tools.io('top.qcow2', 'write -P 2 1M 2M', 'write -z 0 64k');
};

/** apache/cloudstack#10632: a tree of snapshots, and a clone in another folder. */
export const treeOfSiblings: MakeCase = async tools => {
  for (const folder of ['vm', 'other']) mkdirSync(tools.at(folder));
  const vm = new FolderTools(tools.at('vm'));
  await vm.create('root', ['4M'], 'write -P 1 0 2M');
  await vm.overlay('s1', 'root', 'write -P 2 512k 256k');
  await vm.overlay('s2', 's1', 'write -P 3 640k 256k');
  await vm.overlay('s3', 's1', 'write -P 4 2M 64k');
  await new FolderTools(tools.at('other')).overlay('clone.qcow2', '../vm/s1', 'write -P 5 3M 64k');
};

/** cloud-hypervisor#8358: the first cluster was overwritten, by a table and by a log. */
export const headerOverwritten: MakeCase = async tools => {
  await tools.create('a.qcow2', ['64M'], 'write -P 1 0 1M');
  copyFileSync(tools.at('a.qcow2'), tools.at('b.img'));
  const table = Buffer.alloc(4096);
  for (const entry of [3, 4, 9]) table.writeBigUInt64BE(COPIED | BigInt(0x5_0000 + K64 * entry), 8 * entry);
  tools.fields('a.qcow2').put(0, table);
  tools.fields('b.img').put(0, text('[    0.000000] Linux version 6.6.1 (builder@host)\n'));
};

/** GL 1796: a name that counts from the overlay's folder has that folder in it again. */
export const nameDoubled: MakeCase = async tools => {
  mkdirSync(tools.at('images'));
  await tools.create('images/base.qcow2', ['4M'], 'write -P 1 0 1M');
  const named = ['-b', 'images/base.qcow2', '-F', 'qcow2', '-u'];
  await tools.img('create', '-q', '-f', 'qcow2', ...named, 'images/snap.qcow2', '4M');
  await tools.ioAlone('images/snap.qcow2', 'write -P 2 1M 64k');
};

/** OpenNebula/one#5336: a copy that stopped half-way, and an import of a compressed image that ended early. */
export const endedEarly: MakeCase = async tools => {
  await tools.create('cut.qcow2', ['2G'], 'write -P 1 0 6M', 'write -P 2 1G 1M');
  truncateSync(tools.at('cut.qcow2'), 2 * 2 ** 20);
  const chance = new Chance(5);
  const raw = Buffer.alloc(4 * 2 ** 20);
  for (let cluster = 0; cluster < 48; cluster++) {
    const quarter = Buffer.alloc(K64 / 4);
    for (let at = 0; at < quarter.length; at++) quarter[at] = chance.below(256);
    Buffer.alloc(K64, quarter).copy(raw, cluster * K64);
  }
  writeFileSync(tools.at('src.raw'), raw);
  await tools.img('convert', '-q', '-c', '-f', 'raw', '-O', 'qcow2', 'src.raw', 'imported.qcow2');
  truncateSync(tools.at('imported.qcow2'), statSync(tools.at('imported.qcow2')).size - 6 * K64);
};

/** incus#3688: several checkpoints, one of which does not record. */
export const cumulativeCheckpoints: MakeCase = async tools => {
  await tools.create('vda.qcow2', ['8M'], 'write -P 1 0 4M');
  for (const [i, name] of ['cp.1', 'cp.2', 'cp.10'].entries()) {
    await tools.img('bitmap', '--add', 'vda.qcow2', name);
    await tools.io('vda.qcow2', `write -P ${i + 2} ${i}M 64k`);
  }
  await tools.img('bitmap', '--disable', 'vda.qcow2', 'cp.2');
  await tools.io('vda.qcow2', 'write -P 5 3M 64k');
};
