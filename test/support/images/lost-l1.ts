/** Images whose L1 table is overwritten with zeros, and which places of their L2 tables are inferred right and wrongly. */
import { openSync, readSync, writeSync } from 'node:fs';
import { inferL1 } from '../../../electron/qcow2/infer/infer-image.ts';
import { openQcow2 } from '../../../electron/qcow2/read/image.ts';
import { runToEnd } from '../../../electron/qcow2/read/sliced-work.ts';
import { readBytes } from '../../../electron/qcow2/read/source.ts';
import type { Inference } from '../../../shared/model/inference.ts';
import { openSource } from '../qcow2-reading.ts';

/** What was inferred of an image without its L1 table. */
export interface InferredPlaces {
  /** Entries of the L1 table that lead to the table they led to before, in ascending order. */
  readonly right: readonly number[];
  /** Entries that lead to another one. */
  readonly wrong: readonly number[];
  /** Entries that led to a table before. */
  readonly used: readonly number[];
  readonly inference: Inference | undefined;
}

/** Overwrites the L1 table of an image, and infers it. */
export function inferAfterLoss(path: string): InferredPlaces {
  const file = openSync(path, 'r+');
  const header = Buffer.alloc(48);
  readSync(file, header, 0, 48, 0);
  const offset = Number(header.readBigUInt64BE(40));
  const table = Buffer.alloc(header.readUInt32BE(36) * 8);
  readSync(file, table, 0, table.length, offset);
  writeSync(file, Buffer.alloc(table.length), 0, table.length, offset);
  const image = runToEnd(inferL1(openQcow2(openSource(path)), { reading: 1 }));
  const before = entriesOf(table);
  const used = [...before.keys()].filter(index => before[index] !== 0n);
  if (image === undefined) return { right: [], wrong: [], used, inference: undefined };
  const now = readBytes(image.source, image.header.l1TableOffset, table.length);
  const after = entriesOf(Buffer.from(now));
  const placed = [...after.keys()].filter(index => after[index] !== 0n);
  return {
    right: placed.filter(index => after[index] === before[index]),
    wrong: placed.filter(index => after[index] !== before[index]),
    used,
    inference: image.inferred?.inference,
  };
}

/** The offsets that entries hold. */
function entriesOf(table: Buffer): bigint[] {
  const count = Math.floor(table.length / 8);
  return Array.from({ length: count }, (_, i) => table.readBigUInt64BE(i * 8) & 0x00ff_ffff_ffff_fe00n);
}

/** Overwrites the L2 table that an entry of the L1 table leads to with zeros. */
export function overwriteTable(path: string, index: number): void {
  const file = openSync(path, 'r+');
  const header = Buffer.alloc(48);
  readSync(file, header, 0, 48, 0);
  const entry = Buffer.alloc(8);
  readSync(file, entry, 0, 8, Number(header.readBigUInt64BE(40)) + index * 8);
  const [offset = 0n] = entriesOf(entry);
  const clusterSize = 2 ** header.readUInt32BE(20);
  writeSync(file, Buffer.alloc(clusterSize), 0, clusterSize, Number(offset));
}
