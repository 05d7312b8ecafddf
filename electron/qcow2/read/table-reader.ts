/** Tables read ahead into one buffer that is used again and again. */
import { dataViewOf } from '../../../shared/bytes.ts';
import type { TableStage } from './ahead/table-stage.ts';
import { type ImageSource, readFully } from './source.ts';

/** Bytes read at once where tables lie one behind the other: more than that leaves the processor's cache before it is used. */
export const READ_AHEAD_BYTES = 2 ** 18;
/** The largest table, and the most memory that a reader holds. */
export const MAX_TABLE_BYTES = 2 ** 21;

/** A stretch of the file in memory. */
export interface TableReader {
  /** The buffer; big endian. Valid until the next {@link loadTable}. */
  view: DataView;
  bytes: Uint8Array;
  /** File offset of the first byte held, and how many bytes the file had there (the rest of what was asked is zeros). */
  position: number;
  length: number;
  /** Bytes asked for when it was filled. */
  asked: number;
  /** Where tables are read ahead, if anywhere. */
  readonly stage: TableStage | undefined;
}

/** A reader that holds nothing yet and takes no memory until it is used; it takes what `stage` has read ahead. */
export function createTableReader(stage?: TableStage): TableReader {
  const bytes = new Uint8Array(0);
  return { bytes, view: dataViewOf(bytes), position: 0, length: 0, asked: 0, stage };
}

/** True if [position, position + length) is in memory. */
export function holdsTable(reader: TableReader, position: number, length: number): boolean {
  return position >= reader.position && position + length <= reader.position + reader.asked;
}

/**
 * Fills the reader from `position`; `length` is at most {@link MAX_TABLE_BYTES}. What lies past the end of the file is
 * zeros in the buffer. Throws QCOW2_READ_FAILED and then holds nothing.
 */
export function loadTable(reader: TableReader, source: ImageSource, position: number, length: number): void {
  if (reader.bytes.length < length) {
    reader.bytes = new Uint8Array(2 ** Math.max(16, Math.ceil(Math.log2(length))));
    reader.view = dataViewOf(reader.bytes);
  }
  reader.asked = 0;
  reader.length = fill(reader, source, position, length);
  reader.position = position;
  reader.asked = length;
}

function fill({ stage, bytes }: TableReader, source: ImageSource, position: number, length: number): number {
  const into = bytes.subarray(0, length);
  if (stage === undefined) return readFully(source, into, position);
  const staged = stage.isUseful ? stage.take(source, into, position) : -1;
  if (staged >= 0) return staged;
  const begun = performance.now();
  const got = readFully(source, into, position);
  stage.noteRead(source, performance.now() - begun);
  return got;
}
