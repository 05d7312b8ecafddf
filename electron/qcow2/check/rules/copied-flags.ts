/** Copied flags of the active disk that contradict the refcount: they decide whether a write goes in place. */
import type { Cause, CausePlace, FindingCollector } from '../../../../shared/finding-collector.ts';
import { formatCount } from '../../../../shared/text/offset.ts';
import { hex64 } from '../../format/bytes.ts';
import { KEEP_EVIDENCE } from './advice.ts';
import { REFCOUNT_HIGH, REFCOUNT_LOW, REFCOUNT_ZERO } from './refcounts.ts';

/** An L1 or L2 entry beside what is counted of the cluster that it names. */
export interface CopiedEntry {
  /** Such as `L2 entry 5`. */
  readonly source: string;
  readonly fileOffset: number;
  readonly hi: number;
  readonly lo: number;
  readonly stored: number;
  readonly references: number;
  readonly guest: Pick<CausePlace, 'guest' | 'bytes'>;
  /** The id of the finding which says that the table is garbage, empty where it is not. */
  readonly doubt: string;
}

/** Adds an entry whose flag is wrong. */
export function addCopiedFlag(collector: FindingCollector, entry: CopiedEntry): void {
  const { source, fileOffset, hi, lo, stored, references, guest, doubt } = entry;
  const isCopied = hi >>> 31 === 1;
  // Where the flag agrees with the references, the refcount is what is wrong.
  const isRight = isCopied === (references === 1);
  const causedBy = doubt || (isRight ? refcountCode(stored, references) : '');
  const cause = isCopied ? setCause(causedBy) : clearCause(causedBy);
  const bits = `${isCopied ? 'copied' : 'not copied'}, refcount ${stored}, references ${references}`;
  collector.add(cause, {
    ...guest,
    ...(collector.wantsEvidence(cause.id)
      ? { host: [fileOffset, 8], evidence: { source, fileOffset, value: hex64(hi, lo), bits } }
      : {}),
  });
}

/** The flag says that the cluster has one user, and the refcount another number. */
function setCause(causedBy: string): Cause {
  return {
    id: causedBy === '' ? 'QCOW2_COPIED_SET' : `QCOW2_COPIED_SET by ${causedBy}`,
    code: 'QCOW2_COPIED_SET',
    severity: 'corruption',
    what: count =>
      `${entries(count)} the copied flag although the refcount is not 1: writes go in place, and change what others share`,
    advice: KEEP_EVIDENCE,
    risksData: causedBy === '',
    ...(causedBy === '' ? {} : { causedBy }),
  };
}

/** The refcount is 1 and the flag is missing: a write copies the cluster for nothing. */
function clearCause(causedBy: string): Cause {
  return {
    id: causedBy === '' ? 'QCOW2_COPIED_CLEAR' : `QCOW2_COPIED_CLEAR by ${causedBy}`,
    code: 'QCOW2_COPIED_CLEAR',
    severity: 'corruption',
    what: count =>
      `${entries(count)} no copied flag although the refcount is 1: a write there wastes a cluster`,
    advice:
      'all data is whole; `qemu-img check -r all` on a copy of the file sets the flags, once no other damage is left',
    risksData: false,
    ...(causedBy === '' ? {} : { causedBy }),
  };
}

function entries(count: number): string {
  return count === 1 ? 'an entry of the tables has' : `${formatCount(count)} entries of the tables have`;
}

/** The id of the finding about a refcount that is not the number of references. */
function refcountCode(stored: number, references: number): string {
  if (stored > references) return REFCOUNT_HIGH.code;
  return stored === 0 ? REFCOUNT_ZERO.code : REFCOUNT_LOW.code;
}
