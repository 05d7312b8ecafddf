/** The header that an image had, as far as it was inferred: bytes to lay over what is lost. */
import { QCOW_MAGIC } from '../format/header.ts';

/** What an inferred header says. Offsets are bytes of the file. */
export interface HeaderFields {
  readonly clusterBits: number;
  /** Virtual size in bytes. */
  readonly size: number;
  readonly l1TableOffset: number;
  readonly l1Size: number;
  readonly refcountTableOffset: number;
  readonly refcountTableClusters: number;
  readonly refcountBits: number;
  readonly extendedL2: boolean;
  readonly zstd: boolean;
  /** The data lies in another file, whose name is not known. */
  readonly hasDataFile: boolean;
  readonly snapshots: { readonly offset: number; readonly count: number };
}

const HEADER_LENGTH = 112;
/** The header, and the extension that ends the list of them. */
const BYTES = HEADER_LENGTH + 8;

/** The header of version 3, without any extension or backing file. Source: qcow2 specification, "Header". */
export function encodeHeader(fields: HeaderFields): Uint8Array {
  const bytes = new Uint8Array(BYTES);
  const view = new DataView(bytes.buffer);
  const u64 = (at: number, value: number) => view.setBigUint64(at, BigInt(value));
  view.setUint32(0, QCOW_MAGIC);
  view.setUint32(4, 3);
  view.setUint32(20, fields.clusterBits);
  u64(24, fields.size);
  view.setUint32(36, fields.l1Size);
  u64(40, fields.l1TableOffset);
  u64(48, fields.refcountTableOffset);
  view.setUint32(56, fields.refcountTableClusters);
  view.setUint32(60, fields.snapshots.count);
  u64(64, fields.snapshots.offset);
  u64(72, (fields.extendedL2 ? 0x10 : 0) + (fields.zstd ? 0x08 : 0) + (fields.hasDataFile ? 0x04 : 0));
  view.setUint32(96, Math.log2(fields.refcountBits));
  view.setUint32(100, HEADER_LENGTH);
  view.setUint8(104, fields.zstd ? 1 : 0);
  return bytes;
}
