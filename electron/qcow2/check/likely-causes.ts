/**
 * How damage that was found probably came about: marks that known incidents leave. Each is a note under the finding that
 * it explains, and says how sure it is; nothing else depends on it.
 *
 * Sources: cloud-hypervisor#8606 (a table overwritten by refcounts), #8624 (a punched table), Launchpad 1354167 (a cluster
 * given out twice), QEMU issue 1179 (an interrupted deletion of a snapshot), OpenNebula/one#5336 (a transfer that ended
 * early), OpenNebula/one#1585 (a resize while a machine ran), canonical/multipass#2321 (a snapshot table that qemu refuses),
 * virtnbdbackup#266 (bitmaps in use after a kill).
 */
import { dataViewOf } from '../../../shared/bytes.ts';
import type { Finding } from '../../../shared/model/finding.ts';
import { formatOffset } from '../../../shared/text/offset.ts';
import { COMPATIBLE_LAZY_REFCOUNTS, INCOMPATIBLE_DIRTY } from '../format/header.ts';
import { recognizeContent } from '../format/table-content.ts';
import { RefcountBlocks } from '../layout/refcount-blocks.ts';
import type { SlicedWork } from '../read/sliced-work.ts';
import { readBytes, sizeNow } from '../read/source.ts';
import { type CauseInput, causeNote, type Likelihood, rootFinding } from './cause-note.ts';
import { foreignSnapshots } from './foreign-snapshots.ts';
import { movedL1 } from './moved-l1.ts';
import { LONG_L1 } from './rules/long-l1.ts';
import { LEAKED_CLUSTER, REFCOUNT_ZERO } from './rules/refcounts.ts';
import { REPLACED_L1 } from './rules/replaced-l1.ts';

/** Findings of one code that are looked at, and L2 tables that are compared with each other. */
const MAX_LOOKED_AT = 16;
const MAX_COMPARED = 2 ** 12;
const MIB = 2 ** 20;
const TWO_GIB = 2 ** 31;

/** The causes that are recognized. Reads a few tables. Throws QCOW2_READ_FAILED. */
export function* likelyCauses(input: CauseInput): SlicedWork<Finding[]> {
  const moved = movedL1(input);
  const isL1Wrong =
    moved.some(({ what }) => what.startsWith('likely')) ||
    input.findings.some(({ code }) => code === REPLACED_L1 || code === LONG_L1);
  // What a wrong L1 table leads to was damaged by nothing.
  const ofTables = isL1Wrong
    ? []
    : [
        ...punchedTable(input),
        ...overwrittenL1(input),
        ...overwrittenTables(input),
        ...(yield* copiedTables(input)),
        ...givenOutTwice(input),
      ];
  return [
    ...cutFile(input),
    ...moved,
    ...ofTables,
    ...killedWriter(input),
    ...interruptedDeletion(input),
    ...foreignSnapshots(input),
  ];
}

/** A length that a copy leaves which ended early. By chance one length in 16 is a multiple of 1 MiB with 64 KiB clusters. */
function cutFile(input: CauseInput): Finding[] {
  const { image, layer } = input;
  const { clusterSize } = image.geometry;
  const explained = rootFinding(input, 'QCOW2_PAST_END');
  const length = sizeNow(image.source);
  if (explained === undefined || length === 0) return [];
  const cause = (likelihood: Likelihood, what: string) => [causeNote(layer, explained, likelihood, what)];
  if (length % TWO_GIB === 0 || (length + 1) % TWO_GIB === 0)
    return cause(
      'likely',
      `the file has ${length} bytes, where tools and file systems of 32 bits end a copy`,
    );
  // A sound file may end in the midst of a cluster: its last table or stream is not padded. What follows is then free.
  const next = Math.ceil(length / clusterSize);
  const blocks = new RefcountBlocks(image, length, () => {});
  const isCut = length % clusterSize !== 0 && (blocks.refcountOf(next) ?? 0) > 0;
  if (isCut)
    return cause(
      'likely',
      'a transfer broke off: the file ends in the midst of a cluster, and the next one is counted as used',
    );
  if (length % MIB === 0 && clusterSize < MIB)
    return cause(
      'possible',
      `a copy in blocks of 1 MiB ended early: the file has ${length / MIB} of them and no rest`,
    );
  return [];
}

/** What the empty tables held is counted, and nothing refers to it. */
function punchedTable(input: CauseInput): Finding[] {
  const { image, layer, leaked } = input;
  const explained = rootFinding(input, 'QCOW2_L2_EMPTY');
  if (explained === undefined || leaked === 0 || leaked > explained.count * image.geometry.l2Entries)
    return [];
  const tables = explained.count === 1 ? 'the table was' : 'the tables were';
  return [
    causeNote(
      layer,
      explained,
      'likely',
      `${tables} in use and then zeroed or punched: ${leaked} ${leaked === 1 ? 'cluster is' : 'clusters are'} counted that nothing refers to, no more than ${explained.count === 1 ? 'one table names' : 'these tables name'}`,
    ),
  ];
}

/** What lies in place of the L1 table. */
function overwrittenL1(input: CauseInput): Finding[] {
  const { image, layer } = input;
  const { header, geometry, source } = image;
  // Refcounts of 1 are entries that lead past the end.
  const explained = rootFinding(input, 'QCOW2_L1_UNALIGNED') ?? rootFinding(input, 'QCOW2_PAST_END');
  if (explained?.evidence[0]?.source.startsWith('L1 entry') !== true) return [];
  // A cluster is given out as a whole: what was written over the table fills more than the table may take.
  const bytes = readBytes(source, header.l1TableOffset, geometry.clusterSize);
  const content = recognizeContent({ view: dataViewOf(bytes), at: 0, length: bytes.length });
  if (content === undefined) return [];
  const written =
    content === 'refcounts' ? 'a refcount block was' : 'data of the guest or of another file was';
  return [
    causeNote(
      layer,
      explained,
      'likely',
      `${written} written over the L1 table: its cluster was given out twice, or two programs wrote to the file`,
    ),
  ];
}

/** What lies in place of a table. */
function overwrittenTables({ image, layer, findings }: CauseInput): Finding[] {
  const { clusterSize } = image.geometry;
  const overwritten = findings.filter(({ code }) => code === 'QCOW2_L2_INVALID').slice(0, MAX_LOOKED_AT);
  return overwritten.flatMap(explained => {
    const at = explained.evidence[0]?.fileOffset;
    if (at === undefined) return [];
    const bytes = readBytes(image.source, Math.floor(at / clusterSize) * clusterSize, clusterSize);
    const content = recognizeContent({ view: dataViewOf(bytes), at: 0, length: bytes.length });
    if (content === undefined) return [];
    const what =
      content === 'refcounts'
        ? 'a refcount block was written over the table: its cluster was given out twice, or two programs wrote to the file'
        : 'data of the guest or of another file was written over the table: its cluster was given out twice';
    return [causeNote(layer, explained, 'likely', what)];
  });
}

/** Two L2 tables with the same entries: all their clusters are named twice. */
function* copiedTables(input: CauseInput): SlicedWork<Finding[]> {
  const { image, layer, tables } = input;
  const explained = rootFinding(input, 'QCOW2_CROSS_LINK');
  if (explained === undefined || tables === undefined) return [];
  const { source, geometry } = image;
  const seen = new Map<number, number>();
  for (let index = 0; index < Math.min(tables.offsets.length, MAX_COMPARED); index++) {
    yield;
    if (tables.activeTimes[index] === 0) continue;
    const offset = tables.offsets[index] as number;
    const bytes = readBytes(source, offset, geometry.clusterSize);
    const key = checksum(bytes);
    if (key === 0) continue; // empty
    const other = seen.get(key);
    seen.set(key, offset);
    if (other === undefined || !isEqual(bytes, readBytes(source, other, geometry.clusterSize))) continue;
    const what = `the L2 tables at ${formatOffset(other)} and ${formatOffset(offset)} hold the same entries: one of them was written over the other`;
    return [causeNote(layer, explained, 'likely', what)];
  }
  return [];
}

/** FNV-1a of the bytes that are not 0, with their places; 0 where there are none. */
function checksum(bytes: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] as number;
    if (byte !== 0) sum = (Math.imul(sum ^ byte ^ (at << 8), 0x01000193) >>> 0) + 1;
  }
  return sum;
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}

/** A cluster that is data and table, and counted once: it was free by its refcount when it was given out again. */
function givenOutTwice(input: CauseInput): Finding[] {
  const { layer, findings } = input;
  return ['QCOW2_DATA_ON_METADATA', 'QCOW2_TABLES_OVERLAP'].flatMap(code => {
    const explained = rootFinding(input, code);
    const isLow = findings.some(
      ({ code: other, causedBy }) => other === 'QCOW2_REFCOUNT_LOW' && causedBy === code,
    );
    if (explained === undefined || !isLow) return [];
    const what =
      'the cluster was given out twice: it counts for one of its users alone, as after refcounts that were not written before a crash';
    return [causeNote(layer, explained, 'possible', what)];
  });
}

/** Marks that a writer leaves which did not close the image. */
function killedWriter(input: CauseInput): Finding[] {
  const { image, layer, isOpenForWriting } = input;
  const { header, bitmaps } = image;
  const isDirty = (header.incompatible & INCOMPATIBLE_DIRTY) !== 0n;
  const isLazy = (header.compatible & COMPATIBLE_LAZY_REFCOUNTS) !== 0n;
  const stale =
    isDirty && isLazy
      ? (rootFinding(input, REFCOUNT_ZERO.code) ?? rootFinding(input, LEAKED_CLUSTER.code))
      : undefined;
  if (isOpenForWriting)
    return stale === undefined
      ? []
      : [
          causeNote(
            layer,
            stale,
            'likely',
            'the program that has the image open keeps its refcounts in memory (lazy refcounts), and writes them when it closes the image',
          ),
        ];
  const found: Finding[] = [];
  const inUse = rootFinding(input, 'QCOW2_BITMAP_IN_USE');
  if (inUse !== undefined && bitmaps.every(bitmap => bitmap.inUse))
    found.push(
      causeNote(
        layer,
        inUse,
        'likely',
        'the program that wrote to the image was killed, or lost power: it leaves all its bitmaps in use',
      ),
    );
  if (stale !== undefined)
    found.push(
      causeNote(
        layer,
        stale,
        'likely',
        'the program that wrote to the image was killed with lazy refcounts, which are written last',
      ),
    );
  return found;
}

/** Clusters counted as free and others counted too high, in an image without snapshots. */
function interruptedDeletion(input: CauseInput): Finding[] {
  const { image, layer } = input;
  const explained = rootFinding(input, REFCOUNT_ZERO.code);
  if (
    explained === undefined ||
    image.snapshots.length > 0 ||
    rootFinding(input, 'QCOW2_REFCOUNT_HIGH') === undefined
  )
    return [];
  if ((image.header.incompatible & INCOMPATIBLE_DIRTY) !== 0n) return [];
  const what =
    'the deletion of an internal snapshot was interrupted: it counts clusters down, and some are counted too low and others too high';
  return [causeNote(layer, explained, 'possible', what)];
}
