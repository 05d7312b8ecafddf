/** One guest offset looked up step by step, with the raw value of every entry on the way: for the inspector. */
import { dataViewOf } from '../../../shared/bytes.ts';
import { CowscopeError } from '../../../shared/error.ts';
import type { Evidence } from '../../../shared/model/inspection.ts';
import { formatOffset } from '../../../shared/text/offset.ts';
import { hex64 } from '../format/bytes.ts';
import { compressedRange, compressedRangeV1 } from '../format/compressed.ts';
import {
  BAD,
  COMPRESSED_DATA,
  DATA,
  ENTRY_COPIED_HI,
  type EntryRules,
  entryKind,
  entryOffset,
  FLAGS_OF_KIND,
  LOST_COMPRESSED,
  LOST_DATA,
  RESERVED_SPACE,
  subclusterKind,
  UNALLOCATED,
  ZERO_ALLOCATED,
} from '../format/entry.ts';
import {
  checkEntry,
  checkL1Entry,
  type EntryFault,
  entryText,
  exactHost,
  lostSubclusters,
  type RawEntry,
} from '../format/entry-rules.ts';
import { tableIndexOf } from '../format/geometry.ts';
import type { Qcow2Map } from './map-state.ts';
import { entryKindV1 } from './qcow1.ts';
import { readBytes } from './source.ts';

/** What the tables say of one guest offset. Numbers are -1 and texts empty where there is nothing to say. */
export interface ClusterDescription {
  readonly guestOffset: number;
  /** Guest offset of its cluster, and of its subcluster (the same without extended L2). */
  readonly clusterStart: number;
  readonly subclusterStart: number;
  readonly l1Index: number;
  readonly l1Entry: string;
  readonly l2TableOffset: number;
  readonly l2Index: number;
  /** Where the L2 entry lies in the file. */
  readonly l2EntryOffset: number;
  readonly l2Entry: string;
  /** Zero bits (high half) and allocation bits (low half) of the 32 subclusters. */
  readonly subclusterBitmap: string;
  /** Index of the subcluster, 0 without extended L2. */
  readonly subcluster: number;
  /** Word of shared/extent/flags.ts. */
  readonly word: number;
  /**
   * Where the byte lies in the file that holds the data; for compressed clusters where the stream begins. -1 where that
   * is past the end of the file.
   */
  readonly hostOffset: number;
  /** Upper bound of the compressed stream's bytes. */
  readonly compressedLength: number;
  /** The same facts as sentences, in the order of the lookup. */
  readonly evidence: readonly Evidence[];
}

const KIND_FACTS = [
  'not allocated here: the layer below decides',
  'data',
  'reads as zeros, no host space kept',
  'reads as zeros, host space kept',
  'compressed data',
  'host space reserved, content from below',
  'unreadable',
  'data that is lost',
  'compressed data that is lost',
  'not read',
] as const;

/** A lookup under way: what is known so far, and the evidence, to which each step adds. */
type Lookup = Omit<ClusterDescription, 'word' | 'evidence'> & { readonly evidence: Evidence[] };

/**
 * The lookup of `guestOffset` in bytes, below the map's size. Reads one L2 entry from the file; what cannot be read is
 * said in the evidence. Never throws for anything the file holds.
 */
export function lookupCluster(map: Qcow2Map, guestOffset: number): ClusterDescription {
  const { lookup, kind } = followL1Entry(map, startLookup(map, guestOffset));
  if (kind !== undefined) return described(lookup, kind);
  const entry = readL2Entry(map, lookup);
  return entry === undefined ? described(lookup, BAD) : describeL2Entry(map, lookup, entry);
}

function startLookup({ geometry }: Qcow2Map, guestOffset: number): Lookup {
  const { l1Index, l2Index } = tableIndexOf(geometry, guestOffset);
  const clusterStart = guestOffset - (guestOffset % geometry.clusterSize);
  const subclusterSize = geometry.clusterSize / geometry.subclusters;
  return {
    guestOffset,
    clusterStart,
    subclusterStart: guestOffset - (guestOffset % subclusterSize),
    l1Index,
    l1Entry: '',
    l2TableOffset: -1,
    l2Index,
    l2EntryOffset: -1,
    l2Entry: '',
    subclusterBitmap: '',
    subcluster: Math.floor((guestOffset - clusterStart) / subclusterSize),
    hostOffset: -1,
    compressedLength: -1,
    evidence: [],
  };
}

/** A lookup that ends at a cluster of this kind. */
function described(lookup: Lookup, kind: number): ClusterDescription {
  return { ...lookup, word: FLAGS_OF_KIND[kind] as number };
}

/** From the L1 entry to the place of the L2 entry. Where there is no such place, the lookup ends with `kind`. */
function followL1Entry(map: Qcow2Map, start: Lookup): { readonly lookup: Lookup; readonly kind?: number } {
  const { rules, l1, geometry } = map;
  const { l1Index, l2Index, evidence } = start;
  const source = `L1 entry ${l1Index}`;
  if (l1Index >= l1.count) {
    const kind = l1Index < map.l1Entries ? BAD : map.pastL1;
    evidence.push({ fact: KIND_FACTS[kind] as string, source, value: 'past the end of the L1 table' });
    return { lookup: start, kind };
  }
  const entry = readOrSay(evidence, source, () => ({ hi: l1.hi(l1Index), lo: l1.lo(l1Index) }));
  if (entry === undefined) return { lookup: start, kind: BAD };
  const { hi, lo } = entry;
  const l1Entry = hex64(hi, lo);
  const table = entryOffset(hi, lo);
  const fault = table === 0 ? undefined : checkL1Entry(rules, hi, lo, table, map.fileSize);
  const fact = table === 0 ? 'no L2 table' : `L2 table at ${formatOffset(table)}${copied(hi)}`;
  evidence.push({ fact: fault?.what() ?? fact, source, value: l1Entry });
  if (table === 0) return { lookup: { ...start, l1Entry }, kind: UNALLOCATED };
  const lookup = { ...start, l1Entry, l2TableOffset: table };
  if (fault !== undefined && fault.kind !== 'unusual') return { lookup, kind: BAD };
  return { lookup: { ...lookup, l2EntryOffset: table + l2Index * geometry.entrySize } };
}

/** The L2 entry; undefined where it cannot be read, which is said in the evidence. */
function readL2Entry(map: Qcow2Map, { l2Index, l2EntryOffset, evidence }: Lookup): RawEntry | undefined {
  if (l2EntryOffset + map.geometry.entrySize > map.fileSize) {
    const fact = `the file ends at ${formatOffset(map.fileSize)}, before the end of this entry`;
    evidence.push({ fact, source: `L2 entry ${l2Index} at ${formatOffset(l2EntryOffset)}`, value: '' });
    return undefined;
  }
  return readOrSay(evidence, `L2 entry ${l2Index}`, () => readEntry(map, l2EntryOffset));
}

/** What the L2 entry says of the cluster. */
function describeL2Entry(map: Qcow2Map, lookup: Lookup, entry: RawEntry): ClusterDescription {
  const { rules } = map;
  const { guestOffset, clusterStart, l2Index, l2EntryOffset, evidence } = lookup;
  const { hi, lo, zeroBits, allocBits } = entry;
  const fault = checkEntry(rules, entry, clusterStart, map.target.fileSize);
  const kind = kindOf(map, entry, clusterStart, lookup.subcluster, fault);
  const isLost = kind === LOST_DATA || kind === LOST_COMPRESSED;
  const compressed = compressedOf(rules, kind, entry);
  const hasHost = kind === DATA || kind === LOST_DATA || kind === ZERO_ALLOCATED || kind === RESERVED_SPACE;
  const host = rules.version === 1 ? hi * 2 ** 32 + lo : entryOffset(hi, lo);
  const hostOffset = compressed?.offset ?? (hasHost ? host + guestOffset - clusterStart : -1);

  // In digits: beyond 2^53, where only damage leads, a number would not be exact.
  const inCluster = compressed === undefined ? guestOffset - clusterStart : 0;
  const exact = exactHost(rules, entry) + BigInt(inCluster);
  const hostText = formatOffset(exact);
  const value = entryText(rules, entry);
  const source = `L2 entry ${l2Index} at ${formatOffset(l2EntryOffset)}`;
  if (fault !== undefined) evidence.push({ fact: fault.what(), source, value });
  evidence.push({
    fact: `${KIND_FACTS[kind]}${compressed === undefined && hasHost ? copied(hi) : ''}`,
    source,
    value,
  });
  if (hostOffset >= 0)
    evidence.push({
      fact:
        compressed === undefined
          ? `${isLost ? 'would lie' : 'lies'} at ${hostText}`
          : `stream ${isLost ? 'would lie ' : ''}at ${hostText}, at most ${compressed.length} bytes`,
      source: rules.dataFile ? 'host offset in the data file' : 'host offset',
      value: `0x${exact.toString(16)}`,
    });
  return {
    ...described(lookup, kind),
    l2Entry: hex64(hi, lo),
    subclusterBitmap: rules.extendedL2 ? hex64(zeroBits, allocBits) : '',
    hostOffset: isLost ? -1 : hostOffset,
    compressedLength: compressed?.length ?? -1,
  };
}

/** Where the stream of a compressed cluster lies; undefined for other kinds. */
function compressedOf(rules: EntryRules, kind: number, { hi, lo }: RawEntry) {
  if (kind !== COMPRESSED_DATA && kind !== LOST_COMPRESSED) return undefined;
  return (rules.version === 1 ? compressedRangeV1 : compressedRange)(hi, lo, rules.clusterBits);
}

/** What `read` gives; undefined where the file cannot be read, with the reason in the evidence. */
function readOrSay<T>(evidence: Evidence[], source: string, read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof CowscopeError)) throw error;
    evidence.push({ fact: error.what, source, value: '' });
    return undefined;
  }
}

/** The kind of one subcluster, or of the cluster without extended L2. */
function kindOf(
  { rules, target }: Qcow2Map,
  entry: RawEntry,
  clusterStart: number,
  subcluster: number,
  fault: EntryFault | undefined,
): number {
  const { hi, lo, zeroBits, allocBits } = entry;
  const cluster = rules.version === 1 ? entryKindV1(hi, lo) : entryKind(rules, hi, lo, clusterStart);
  const kind = rules.extendedL2 ? subclusterKind(cluster, zeroBits, allocBits, subcluster) : cluster;
  if (fault?.kind !== 'pastEnd') return kind;
  if (kind === COMPRESSED_DATA) return LOST_COMPRESSED;
  const isLost = rules.version === 1 || (lostSubclusters(rules, entry, target.fileSize) >>> subcluster) & 1;
  return kind === DATA && isLost ? LOST_DATA : kind;
}

function copied(hi: number): string {
  return hi & ENTRY_COPIED_HI ? ', copied flag set (claims a refcount of 1)' : '';
}

/** The entry at `position`, which the file holds in full. Throws QCOW2_READ_FAILED. */
function readEntry(map: Qcow2Map, position: number): RawEntry {
  const bytes = new Uint8Array(16);
  bytes.set(readBytes(map.source, position, map.geometry.entrySize));
  const view = dataViewOf(bytes);
  return {
    hi: view.getUint32(0),
    lo: view.getUint32(4),
    zeroBits: view.getUint32(8),
    allocBits: view.getUint32(12),
  };
}
