/**
 * Names replaced by tokens of the same length. Equal names get equal tokens, so that chains still link; tokens are numbered in
 * the order in which names are met, so that nothing of a name is left in them.
 */
import { dataViewOf } from '../../shared/bytes.ts';
import { BACKING_FORMAT, BITMAPS, DATA_FILE, ENCRYPTION, FEATURE_NAMES } from '../qcow2/format/extensions.ts';
import type { Qcow2Image } from '../qcow2/read/image.ts';
import { readBytes } from '../qcow2/read/source.ts';

/** What stands in place of a byte that is not zero and belongs to nothing that is known. */
const MASK = 0x78; // x
/** Beginnings of recorded names that say what kind of name it is. */
const KINDS_OF_NAMES = ['json:', 'file:', 'host_device:', 'nbd:'] as const;
/** Extensions without names in them. */
const WITHOUT_NAMES: ReadonlySet<number> = new Set([BACKING_FORMAT, FEATURE_NAMES, BITMAPS, ENCRYPTION]);
/** Bytes of the header that are known. */
const KNOWN_HEADER_BYTES = 112;
/** Bytes of a snapshot's entry before its extra data, and of extra data that is known. */
const SNAPSHOT_BYTES = 40;
const KNOWN_SNAPSHOT_EXTRA_BYTES = 24;
/** Bytes of a bitmap's directory entry before its extra data. */
const BITMAP_BYTES = 24;

/** Bytes that stand in place of those of a file. */
export interface Patch {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** The tokens of one capture. */
export class Tokens {
  readonly #tokens = new Map<string, string>();
  /** How many tokens of each length there are. */
  readonly #counts = new Map<number, number>();

  /** The token of a name that is no path. */
  of(name: Uint8Array): Uint8Array {
    return Buffer.from(this.#tokenOf(Buffer.from(name).toString('latin1')), 'latin1');
  }

  /** The token of a path or of a recorded name: one for each of its components. */
  ofPath(name: Uint8Array): Uint8Array {
    const text = Buffer.from(name).toString('latin1');
    const kind = KINDS_OF_NAMES.find(start => text.startsWith(start)) ?? '';
    const rest = text.slice(kind.length);
    if (kind === 'json:') return Buffer.from(kind + this.#tokenOf(rest), 'latin1');
    const parts = rest.split('/').map(part => (isStep(part) ? part : this.#tokenOf(part)));
    return Buffer.from(kind + parts.join('/'), 'latin1');
  }

  #tokenOf(name: string): string {
    const known = this.#tokens.get(name);
    if (known !== undefined) return known;
    const token = this.#next(name.length);
    const other = token === name ? this.#next(name.length) : token;
    this.#tokens.set(name, other);
    return other;
  }

  /** The next token of a length. Short ones repeat, once there are no more. */
  #next(length: number): string {
    if (length === 0) return '';
    const count = this.#counts.get(length) ?? 0;
    this.#counts.set(length, count + 1);
    return `n${count.toString(36).padStart(length - 1, '0')}`.slice(-length);
  }
}

/** A component that leads somewhere and names nothing. */
function isStep(part: string): boolean {
  return part === '' || part === '.' || part === '..';
}

/** What stands in place of the names in an image: in its first cluster, its snapshot table and its bitmap directory. */
export function namePatches(image: Qcow2Image, tokens: Tokens): Patch[] {
  return [firstCluster(image, tokens), ...snapshotPatches(image, tokens), ...bitmapPatches(image, tokens)];
}

function firstCluster({ source, header, geometry, extensions }: Qcow2Image, tokens: Tokens): Patch {
  const bytes = readBytes(source, 0, geometry.clusterSize).slice();
  const masked = bytes.map(byte => (byte === 0 ? 0 : MASK));
  const put = (offset: number, what: Uint8Array) => {
    if (offset < masked.length) masked.set(what.subarray(0, masked.length - offset), offset);
  };
  const keep = (offset: number, length: number) => put(offset, bytes.subarray(offset, offset + length));
  keep(0, Math.min(header.headerLength, KNOWN_HEADER_BYTES));
  let end = header.extensionsOffset;
  for (const { type, offset, length } of extensions.entries) {
    keep(offset - 8, 8);
    end = offset + Math.ceil(length / 8) * 8;
    const data = bytes.subarray(offset, offset + length);
    if (type === DATA_FILE) put(offset, tokens.ofPath(data));
    else if (!WITHOUT_NAMES.has(type)) put(offset, tokens.of(data));
    else if (type !== BACKING_FORMAT || length < 16) keep(offset, length);
  }
  keep(end, 8); // what ends the extensions, or why they end
  // Version 1 has no extensions, and its L1 table lies where the header or the backing name ends.
  if (header.version === 1) keep(header.l1TableOffset, header.l1Size * 8);
  const { backingFileOffset: offset, backingFileSize: length } = header;
  if (length > 0) put(offset, tokens.ofPath(bytes.subarray(offset, offset + length)));
  return { offset: 0, bytes: masked };
}

function snapshotPatches({ source, snapshots }: Qcow2Image, tokens: Tokens): Patch[] {
  return snapshots.map(({ fileOffset, length, extraDataSize }) => {
    const bytes = readBytes(source, fileOffset, length).slice();
    const view = dataViewOf(bytes);
    const idAt = SNAPSHOT_BYTES + extraDataSize;
    const nameAt = idAt + view.getUint16(12);
    mask(bytes.subarray(Math.min(idAt, SNAPSHOT_BYTES + KNOWN_SNAPSHOT_EXTRA_BYTES), idAt));
    bytes.set(tokens.of(bytes.subarray(idAt, nameAt)), idAt);
    bytes.set(tokens.of(bytes.subarray(nameAt, length)), nameAt);
    return { offset: fileOffset, bytes };
  });
}

/** The whole directory: what lies behind its last entry is masked. */
function bitmapPatches({ source, extensions, bitmaps }: Qcow2Image, tokens: Tokens): Patch[] {
  const directory = extensions.bitmaps;
  if (directory === undefined) return [];
  const bytes = readBytes(source, directory.directoryOffset, directory.directorySize).slice();
  let end = 0;
  for (const { fileOffset, length } of bitmaps) {
    const at = fileOffset - directory.directoryOffset;
    const view = dataViewOf(bytes);
    const nameAt = at + BITMAP_BYTES + view.getUint32(at + 20);
    const nameEnd = nameAt + view.getUint16(at + 18);
    mask(bytes.subarray(at + BITMAP_BYTES, nameAt));
    bytes.set(tokens.of(bytes.subarray(nameAt, nameEnd)), nameAt);
    end = at + length;
    mask(bytes.subarray(nameEnd, end));
  }
  mask(bytes.subarray(end));
  return [{ offset: directory.directoryOffset, bytes }];
}

function mask(bytes: Uint8Array): void {
  for (let i = 0; i < bytes.length; i++) if (bytes[i] !== 0) bytes[i] = MASK;
}
