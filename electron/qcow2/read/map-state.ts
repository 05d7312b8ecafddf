/** The state that a map keeps between pages. */
import type { PageWriter } from '../../../shared/extent/page.ts';
import type { MapFindings, MappedTables } from './findings/map-findings.ts';
import type { DecodeTarget } from './l2.ts';
import type { ImageSource } from './source.ts';
import type { TableReader } from './table-reader.ts';

/** A map being made: parts of the L1 table and 2 MiB of L2 tables at most in memory. Belongs to one thread. */
export interface Qcow2Map extends MappedTables {
  readonly source: ImageSource;
  /** The file that holds the data, where it is open. */
  readonly dataSource: ImageSource | undefined;
  /** Kind of the disk past its L1 table. */
  readonly pastL1: number;
  /** Kind of the ranges whose L1 entry names no L2 table. */
  readonly noTable: number;
  readonly target: DecodeTarget;
  readonly writer: PageWriter;
  readonly reader: TableReader;
  readonly findings: MapFindings;
  /** Extents of a page: what lies past the last of them is not read. */
  readonly maxExtents: number;
  /** Guest offset where the last page began, and how many unusual entries were known before it. */
  lastStart: number;
  unusualBefore: number;
  /** L1 entries known to have one value, as long as there are any. */
  repeated: { readonly first: number; readonly end: number };
  /** L1 entry of the sound L2 table that was looked up last, -1 for none, and its offset in the file. */
  heldIndex: number;
  heldTable: number;
  /** Guest offset where the last page ended: a page that starts there is worth reading ahead for. */
  lastEnd: number;
  fileSize: number;
  /** Entries handed to onUnusualEntry so far. */
  unusualEntries: number;
  /** The length of the files was asked for again since the last page began. */
  hasFreshSize: boolean;
}
