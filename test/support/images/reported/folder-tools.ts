/** qemu-img and qemu-io in one folder, and fields of the images there. */
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { runWell } from '../../tools.ts';

const OFFSET_MASK = 0x00ff_ffff_ffff_fe00n;

/** The tools in a folder: names of files count from there, as in the names that images record. */
export class FolderTools {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** The path of a file in the folder. */
  at(name: string): string {
    return join(this.folder, name);
  }

  /** Runs qemu-img, which must succeed. */
  img(...args: readonly string[]): Promise<string> {
    return runWell('qemu-img', args, { cwd: this.folder });
  }

  /** Makes an image of qcow2 with some data in it. */
  async create(name: string, args: readonly string[], ...commands: readonly string[]): Promise<void> {
    await this.img('create', '-q', '-f', 'qcow2', ...args.slice(0, -1), name, ...args.slice(-1));
    if (commands.length > 0) await this.io(name, ...commands);
  }

  /** Makes an overlay with some data in it. */
  async overlay(name: string, base: string, ...commands: readonly string[]): Promise<void> {
    await this.img('create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', base, name);
    if (commands.length > 0) await this.io(name, ...commands);
  }

  /** Runs qemu-io commands on an image of qcow2; discards free host space. */
  io(name: string, ...commands: readonly string[]): Promise<string> {
    const args = commands.flatMap(command => ['-c', command]);
    return runWell('qemu-io', ['-f', 'qcow2', '-d', 'unmap', ...args, name], { cwd: this.folder });
  }

  /** The same on an image whose backing file is not there. */
  ioAlone(name: string, ...commands: readonly string[]): Promise<string> {
    const node = { driver: 'qcow2', backing: null, file: { driver: 'file', filename: this.at(name) } };
    const args = commands.flatMap(command => ['-c', command]);
    return runWell('qemu-io', [...args, `json:${JSON.stringify(node)}`], { cwd: this.folder });
  }

  /** The fields of an image as they are now. */
  fields(name: string): ImageFields {
    return new ImageFields(this.at(name));
  }
}

/** An image read whole, and overwritten in places. What is written does not change what was read. */
export class ImageFields {
  readonly bytes: Buffer;
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
    this.bytes = readFileSync(path);
  }

  u64(at: number): number {
    return Number(this.bytes.readBigUInt64BE(at));
  }

  /** Where an entry at a file offset leads to. */
  target(at: number): number {
    return Number(this.bytes.readBigUInt64BE(at) & OFFSET_MASK);
  }

  get clusterSize(): number {
    return 2 ** this.bytes.readUInt32BE(20);
  }

  get l1Table(): number {
    return this.u64(40);
  }

  /** The L2 table of an L1 entry. */
  l2Table(index = 0): number {
    return this.target(this.l1Table + 8 * index);
  }

  /** The host cluster of an entry of the first L2 table. */
  hostOf(entry: number): number {
    return this.target(this.l2Table() + 8 * entry);
  }

  /** The first refcount block. */
  get refcountBlock(): number {
    return this.u64(this.u64(48));
  }

  /** Where the bitmaps extension begins, behind its type and length. */
  get bitmapsExtension(): number {
    for (let at = this.bytes.readUInt32BE(100); ; ) {
      if (this.bytes.readUInt32BE(at) === 0x23852875) return at + 8;
      at += 8 + Math.ceil(this.bytes.readUInt32BE(at + 4) / 8) * 8;
    }
  }

  /** Writes bytes at a file offset. */
  put(at: number, bytes: Uint8Array): void {
    const fd = openSync(this.#path, 'r+');
    writeSync(fd, bytes, 0, bytes.length, at);
    closeSync(fd);
  }

  putU64(at: number, value: bigint): void {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64BE(value);
    this.put(at, bytes);
  }

  putU32(at: number, value: number): void {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(value);
    this.put(at, bytes);
  }

  /** Sets the refcount, of 16 bits, of the cluster at a file offset. */
  putRefcount(offset: number, count: number): void {
    this.put(this.refcountBlock + 2 * (offset / this.clusterSize), Buffer.of(count >> 8, count & 255));
  }
}
