/** Entries of the refcount table that name no block, and blocks that something else uses too. */
import type { Cause, FindingCollector } from '../../../../shared/finding-collector.ts';
import { formatCount, formatOffset } from '../../../../shared/text/offset.ts';
import { exactOf, hex64 } from '../../format/bytes.ts';
import type { BlockEntry, BlockFault, RefcountBlocks } from '../../layout/refcount-blocks.ts';
import type { SlicedWork } from '../../read/sliced-work.ts';
import { KEEP_EVIDENCE } from './advice.ts';

/** The id of the finding about refcount blocks that cannot be used. */
export const BLOCK_CODE = 'QCOW2_REFCOUNT_BLOCK';

const FAULTS: Readonly<Record<BlockFault, string>> = {
  reserved: 'has reserved bits set',
  unaligned: 'points between clusters',
  pastEnd: 'points past the end of the file',
};

const BAD_ENTRY: Cause = {
  id: BLOCK_CODE,
  code: BLOCK_CODE,
  severity: 'corruption',
  what: count =>
    `${count === 1 ? 'an entry of the refcount table names' : `${formatCount(count)} entries of the refcount table name`} no usable block: what is in use there cannot be distinguished from what is free`,
  advice: `${KEEP_EVIDENCE}; the refcounts can be built again from the tables, as \`qemu-img check -r all\` does`,
};

/** The id of the finding about a refcount table without any block. */
export const NO_BLOCKS_CODE = 'QCOW2_REFCOUNTS_GONE';

const NO_BLOCKS: Cause = {
  id: NO_BLOCKS_CODE,
  code: NO_BLOCKS_CODE,
  severity: 'corruption',
  what: () =>
    'the refcount table names no block, so that no cluster counts as used: the disk does not depend on it and is mapped as usual',
  advice: `${KEEP_EVIDENCE}; the refcounts can be built again from the tables, as \`qemu-img check -r all\` does`,
};

/** What became of the refcount table. */
export interface BlockCheck {
  /** Entries that are not zero. */
  readonly used: number;
  /** Entries that qemu counts as corruptions. */
  readonly corruptions: number;
  /** Entries with something wrong, ascending: the refcounts of their clusters are not known or 0. */
  readonly bad: ReadonlySet<number>;
}

/** Entries that are remembered to explain refcounts. */
const MAX_BAD = 2 ** 16;

/** Looks at the whole refcount table. */
export function* checkRefcountTable(
  collector: FindingCollector,
  blocks: RefcountBlocks,
  tableOffset: number,
): SlicedWork<BlockCheck> {
  let corruptions = 0;
  let used = 0;
  const bad = new Set<number>();
  for (const part of blocks.parts()) {
    yield;
    used += part.length;
    for (const entry of part) {
      if (entry.fault === undefined) continue;
      corruptions++;
      if (bad.size < MAX_BAD) bad.add(entry.index);
      addBadEntry(collector, blocks, tableOffset, entry, entry.fault);
    }
  }
  if (used === 0 && blocks.entries > 0)
    collector.add(NO_BLOCKS, {
      host: [tableOffset, blocks.entries * 8],
      evidence: {
        source: 'refcount table',
        fileOffset: tableOffset,
        value: `${blocks.entries} entries`,
        bits: 'all zero',
      },
    });
  return { used, corruptions, bad };
}

function addBadEntry(
  collector: FindingCollector,
  blocks: RefcountBlocks,
  tableOffset: number,
  { index }: BlockEntry,
  fault: BlockFault,
): void {
  if (!collector.wantsEvidence(BAD_ENTRY.id)) {
    collector.add(BAD_ENTRY, {});
    return;
  }
  const fileOffset = tableOffset + index * 8;
  const [hi, lo] = blocks.entryWords(index);
  collector.add(BAD_ENTRY, {
    host: [fileOffset, 8],
    evidence: {
      source: `refcount table entry ${index}`,
      fileOffset,
      value: hex64(hi, lo),
      bits: `block at ${formatOffset(exactOf(hi, lo & ~0x1ff))}: ${FAULTS[fault]}`,
    },
  });
}
