/**
 * The bytes of a simple qcow2 layer, for a machine without qemu: version 3, clusters of 64 KiB, at most one L2 table and
 * one refcount block, laid out as qemu-img and qemu-io would. It understands what the recipes of plain chains use.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { pokeAndSync } from './recipes.mjs';

const CLUSTER = 0x10000;
const [REFCOUNT_TABLE, REFCOUNT_BLOCK, L1, L2, FIRST_FREE] = [1, 2, 3, 4, 5].map(index => index * CLUSTER);
const HEADER_LENGTH = 112;
const BACKING_FORMAT = 0xe2792aca;
const COPIED = 1n << 63n;
const COMPRESSED = 1n << 62n;
const ZERO = 1n;

/** The paths of a plain chain's files, base first, written without qemu into an existing folder. */
export async function writeChain(recipe, folder) {
  const paths = [];
  let backing;
  for (const layer of recipe.layers) {
    const path = join(folder, layer.file);
    await writeFile(path, layerBytes(layer, backing));
    await pokeAndSync(path, layer.pokes ?? []);
    paths.push(path);
    backing = layer.file;
  }
  return paths;
}

/** True when a layer is qcow2 without options and bitmaps: the kind that {@link layerBytes} can write. */
export function isPlain({ format = 'qcow2', options = [], bitmaps = [] }) {
  return format === 'qcow2' && options.length === 0 && bitmaps.length === 0;
}

/** The content of a plain layer's file, before its pokes. `backing` is the name of the qcow2 file it stands on, if any. */
function layerBytes({ size, writes = [] }, backing) {
  const image = Buffer.alloc(FIRST_FREE + bytesOf(size));
  const entries = new Map();
  let end = FIRST_FREE;
  for (const command of writes) {
    const { verb, flags, pattern, from, to } = parse(command);
    for (let guest = from; guest < to; guest += CLUSTER) {
      const old = entries.get(guest) ?? 0n;
      if (verb === 'discard' || flags.has('u')) entries.set(guest, ZERO);
      else if (flags.has('z')) entries.set(guest, old | ZERO);
      else {
        const content = Buffer.alloc(CLUSTER, pattern);
        const stored = flags.has('c') ? deflateRawSync(content, { windowBits: 12 }) : content;
        image.set(stored, end);
        entries.set(guest, flags.has('c') ? compressedEntry(end, stored.length) : COPIED | BigInt(end));
        end += CLUSTER;
      }
    }
  }
  writeHeader(image, bytesOf(size), backing);
  image.writeBigUInt64BE(BigInt(REFCOUNT_BLOCK), REFCOUNT_TABLE);
  image.writeBigUInt64BE(COPIED | BigInt(L2), L1);
  for (const [guest, entry] of entries) image.writeBigUInt64BE(entry, L2 + (guest / CLUSTER) * 8);
  for (const cluster of usedClusters(entries)) image.writeUInt16BE(1, REFCOUNT_BLOCK + cluster * 2);
  return image.subarray(0, end);
}

/** The header, the backing file's format and its name (QEMU, docs/interop/qcow2, "Header" and "Header extensions"). */
function writeHeader(image, size, backing) {
  image.write('QFI\xfb', 0, 'latin1');
  image.writeUInt32BE(3, 4);
  image.writeUInt32BE(Math.log2(CLUSTER), 20);
  image.writeBigUInt64BE(BigInt(size), 24);
  image.writeUInt32BE(1, 36); // L1 entries
  image.writeBigUInt64BE(BigInt(L1), 40);
  image.writeBigUInt64BE(BigInt(REFCOUNT_TABLE), 48);
  image.writeUInt32BE(1, 56); // clusters of the refcount table
  image.writeUInt32BE(4, 96); // refcounts of 1 << 4 bits
  image.writeUInt32BE(HEADER_LENGTH, 100);
  if (backing === undefined) return;
  const format = 'qcow2';
  image.writeUInt32BE(BACKING_FORMAT, HEADER_LENGTH);
  image.writeUInt32BE(format.length, HEADER_LENGTH + 4);
  image.write(format, HEADER_LENGTH + 8);
  const name = HEADER_LENGTH + 24; // past the format, padded to 8 bytes, and the end mark
  image.writeBigUInt64BE(BigInt(name), 8);
  image.writeUInt32BE(image.write(backing, name), 16);
}

/** The high bits count the 512-byte sectors after the first that the stored bytes reach into. */
function compressedEntry(offset, length) {
  const moreSectors = Math.ceil(length / 512) - 1;
  return COMPRESSED | (BigInt(moreSectors) << 54n) | BigInt(offset);
}

/** The metadata's clusters and those that L2 entries point to. A zero entry may keep one; a discarded cluster is free. */
function usedClusters(entries) {
  const offsets = [...entries.values()].map(entry => Number(entry & 0x003ffffffffffe00n)).filter(Boolean);
  return [0, REFCOUNT_TABLE, REFCOUNT_BLOCK, L1, L2, ...offsets].map(offset => offset / CLUSTER);
}

/** A command of qemu-io such as `write -z -u 192k 64k`: whole clusters only. */
function parse(command) {
  const [verb, ...words] = command.split(' ');
  const from = bytesOf(words.at(-2));
  const to = from + bytesOf(words.at(-1));
  const options = words.slice(0, -2);
  const pattern = Number(options.find(option => option.startsWith('-P'))?.slice(2) ?? 0);
  const known = verb === 'write' || verb === 'discard';
  if (!known || from % CLUSTER !== 0 || to % CLUSTER !== 0)
    throw new Error(`cannot write by hand: ${command}`);
  return { verb, flags: new Set(options.map(option => option[1])), pattern, from, to };
}

/** Bytes of a size in qemu's notation, such as `64k` or `1M`. */
function bytesOf(text) {
  const units = { k: 2 ** 10, M: 2 ** 20 };
  return Number.parseInt(text, 10) * (units[text.at(-1)] ?? 1);
}
