/** Entries that no map of the active disk shows: of tables that only snapshots use, and past the end of the disk. */
import type { Cause, FindingCollector } from '../../../../shared/finding-collector.ts';
import { formatCount } from '../../../../shared/text/offset.ts';
import type { EntryRules } from '../../format/entry.ts';
import { entryOffset } from '../../format/entry.ts';
import {
  checkEntry,
  type EntryFault,
  entryBits,
  entryText,
  type RawEntry,
} from '../../format/entry-rules.ts';
import { KEEP_EVIDENCE } from './advice.ts';

/** An entry that was looked at closely. */
export interface HiddenEntry {
  readonly rules: EntryRules;
  readonly entry: RawEntry;
  readonly fileOffset: number;
  /** Number of the entry in its table. */
  readonly index: number;
  /** Whose it is, in words. Untrusted text. */
  readonly owner: string;
  /** True for an entry of the active disk past its end. */
  readonly isOutside: boolean;
  readonly fileLength: number;
}

/** Adds what is wrong with such an entry, if anything is. */
export function addHiddenEntry(collector: FindingCollector, found: HiddenEntry): void {
  const { rules, entry, fileOffset, index, owner, isOutside, fileLength } = found;
  // An entry has to name the guest's own offset in a data file, which is not known here.
  const guestOffset = entryOffset(entry.hi, entry.lo);
  const fault = checkEntry(rules, entry, guestOffset, fileLength);
  if (fault === undefined || fault.kind === 'cut') return;
  const cause = isOutside ? OUTSIDE : snapshotEntry(owner, fault);
  collector.add(
    cause,
    collector.wantsEvidence(cause.id)
      ? {
          host: [fileOffset, rules.extendedL2 ? 16 : 8],
          evidence: {
            source: `L2 entry ${index}`,
            fileOffset,
            value: entryText(rules, entry),
            bits: `${entryBits(rules, entry)}: ${fault.what()}`,
          },
        }
      : {},
  );
}

const OUTSIDE: Cause = {
  id: 'QCOW2_ENTRY_OUTSIDE',
  code: 'QCOW2_ENTRY_OUTSIDE',
  severity: 'hazard',
  what: count =>
    `${count === 1 ? 'an L2 entry is' : `${formatCount(count)} L2 entries are`} invalid or ${count === 1 ? 'leads' : 'lead'} past the end of the file, for offsets that the disk does not have`,
  advice: 'the disk itself is whole; before it is enlarged, copy it with `qemu-img convert`',
};

/** One cause for each owner: entries that cannot be read, or bits that qemu ignores. */
function snapshotEntry(owner: string, { kind }: EntryFault): Cause {
  const isLost = kind === 'invalid' || kind === 'pastEnd';
  const code = isLost ? 'QCOW2_SNAPSHOT_ENTRY' : 'QCOW2_SNAPSHOT_ENTRY_ODD';
  const id = `${code} of ${owner}`;
  if (isLost)
    return {
      id,
      code: 'QCOW2_SNAPSHOT_ENTRY',
      severity: 'corruption',
      what: count =>
        `${count === 1 ? 'an entry' : `${formatCount(count)} entries`} in L2 tables of ${owner} cannot be read: the active disk does not use them`,
      advice: `${KEEP_EVIDENCE}; do not revert to that snapshot`,
    };
  return {
    id,
    code: 'QCOW2_SNAPSHOT_ENTRY_ODD',
    severity: 'hazard',
    what: count =>
      `${count === 1 ? 'an entry' : `${formatCount(count)} entries`} in L2 tables of ${owner} have bits that must be zero, or space past the end of the file`,
    advice: 'find out which program wrote the image: qemu never sets these bits',
  };
}
