/** The facts about an image that qemu-img info prints, in its terms, and some more. */
import type { FileRegion, Qcow2Details, Qcow2Info } from '../../../shared/model/layer.ts';
import { exactNumber, hex } from '../format/bytes.ts';
import { compressionOf } from '../format/compressed.ts';
import { describeFeatures, type FeatureKind } from '../format/extensions.ts';
import {
  AUTOCLEAR_DATA_FILE_RAW,
  COMPATIBLE_LAZY_REFCOUNTS,
  hasDataFile,
  hasExtendedL2,
  INCOMPATIBLE_CORRUPT,
  INCOMPATIBLE_DIRTY,
} from '../format/header.ts';
import type { Qcow2Image } from './image.ts';
import { mapSliced, runToEnd, type SlicedWork, shouldYield } from './sliced-work.ts';

const ENCRYPTIONS = ['none', 'aes', 'luks'] as const;

/** The facts of an image's header, extensions, snapshots and bitmaps as plain data. Texts are untrusted. */
export function qcow2Info(image: Qcow2Image): Qcow2Info {
  return runToEnd(qcow2InfoSliced(image));
}

/** As {@link qcow2Info}, interruptible. */
export function* qcow2InfoSliced(image: Qcow2Image): SlicedWork<Qcow2Info> {
  const { header, geometry, extensions } = image;
  return {
    version: header.version,
    clusterSize: geometry.clusterSize,
    extendedL2: hasExtendedL2(header),
    refcountBits: header.refcountBits,
    compressionType: compressionOf(header.compressionType) ?? 'unknown',
    lazyRefcounts: (header.compatible & COMPATIBLE_LAZY_REFCOUNTS) !== 0n,
    dirty: (header.incompatible & INCOMPATIBLE_DIRTY) !== 0n,
    corrupt: (header.incompatible & INCOMPATIBLE_CORRUPT) !== 0n,
    encryption: ENCRYPTIONS[header.cryptMethod] ?? 'unknown',
    dataFile: extensions.dataFile,
    dataFileRaw: hasDataFile(header) && (header.autoclear & AUTOCLEAR_DATA_FILE_RAW) !== 0n,
    snapshots: yield* mapSliced(image.snapshots, entry => ({
      id: entry.id,
      name: entry.name,
      diskSize: entry.diskSize,
      vmStateSize: entry.vmStateSize,
      date: entry.dateSeconds,
      dateNanoseconds: entry.dateNanoseconds,
      vmClock: entry.vmClock,
      ...(entry.icount === undefined ? {} : { icount: entry.icount }),
    })),
    bitmaps: yield* mapSliced(image.bitmaps, ({ name, granularity, inUse, enabled, unusable }) => ({
      name,
      granularity,
      inUse,
      enabled,
      ...(unusable === undefined ? {} : { unusable }),
    })),
    details: yield* detailsOf(image),
  };
}

function* detailsOf(image: Qcow2Image): SlicedWork<Qcow2Details> {
  const { header, extensions } = image;
  const named = (field: bigint, kind: FeatureKind) => describeFeatures(field, kind, extensions.featureNames);
  return {
    headerLength: header.headerLength,
    storedSize: exactNumber(header.storedSize),
    incompatible: named(header.incompatible, 'incompatible'),
    compatible: named(header.compatible, 'compatible'),
    autoclear: named(header.autoclear, 'autoclear'),
    extensions: extensions.entries.map(({ type, name, offset, length }) => ({
      type: hex(type),
      name,
      offset,
      length,
    })),
    tables: yield* tablesOf(image),
  };
}

/** Where each table lies, in file order. L2 tables and refcount blocks are not listed: there may be millions. */
function* tablesOf(image: Qcow2Image): SlicedWork<FileRegion[]> {
  const { header, geometry, extensions } = image;
  const tables: FileRegion[] = [];
  const add = (name: string, offset: number, length: number) => {
    if (length > 0) tables.push({ name, offset, length });
  };
  add('header', 0, Math.min(header.headerLength, geometry.clusterSize));
  add('backing file name', header.backingFileOffset, header.backingFileSize);
  add('active L1 table', header.l1TableOffset, header.l1Size * 8);
  add('refcount table', header.refcountTableOffset, header.refcountTableClusters * geometry.clusterSize);
  add(
    'snapshot table',
    header.snapshotsOffset,
    image.snapshots.reduce(
      (end, entry) => Math.max(end, entry.fileOffset + entry.length),
      header.snapshotsOffset,
    ) - header.snapshotsOffset,
  );
  for (const [index, entry] of image.snapshots.entries()) {
    if (shouldYield(index)) yield;
    add(
      `L1 table of snapshot ${entry.id}`,
      entry.l1TableOffset,
      entry.unusable === undefined ? entry.l1Size * 8 : 0,
    );
  }
  add(
    'encryption header',
    extensions.encryptionHeader?.offset ?? 0,
    extensions.encryptionHeader?.length ?? 0,
  );
  add('bitmap directory', extensions.bitmaps?.directoryOffset ?? 0, extensions.bitmaps?.directorySize ?? 0);
  for (const [index, entry] of image.bitmaps.entries()) {
    if (shouldYield(index)) yield;
    add(`table of bitmap ${entry.name}`, entry.tableOffset, entry.tableSize * 8);
  }
  return tables.sort((a, b) => a.offset - b.offset);
}
