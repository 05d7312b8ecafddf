/** How much of the disk size in a header is used, by the entries of the L1 table. */
import { CowscopeError } from '../../../../shared/error.ts';
import { type Cause, causeOf } from '../../../../shared/finding-collector.ts';
import { countOf, formatCount, formatOffset, formatSize } from '../../../../shared/text/offset.ts';
import type { Qcow2Image } from '../image.ts';
import { type L1Table, l2OffsetAt } from '../l1.ts';

/** Findings of a header that claims more than an image has, the one that explains the others first. */
const CLAIMS = ['QCOW2_TOO_LARGE', 'QCOW2_L1_TABLE', 'QCOW2_L1_TOO_SMALL'];
/** Entries looked at: those of a disk of 8 PiB in 64 KiB clusters, 128 MiB of table. */
const MAX_ENTRIES = 2 ** 24;

/**
 * The note that says where the used entries of the active L1 table end, for an image whose header claims more than qemu
 * opens; undefined for others, and where the table cannot be read.
 */
export function l1UseOf({ header, geometry, findings }: Qcow2Image, l1: L1Table): Cause | undefined {
  const causedBy = CLAIMS.find(code => findings.some(finding => finding.code === code));
  if (causedBy === undefined || l1.count === 0) return undefined;
  const entries = Math.min(l1.count, MAX_ENTRIES);
  let count = 0;
  let last = -1;
  try {
    for (let index = l1.nextUsed(0, entries); index < entries; index = l1.nextUsed(index + 1, entries)) {
      if (l2OffsetAt(l1, index) === 0) continue;
      count++;
      last = index;
    }
  } catch (error) {
    if (!(error instanceof CowscopeError)) throw error;
    return undefined; // reported where the table is mapped
  }
  const looked = entries < header.l1Size ? `first ${formatCount(entries)}` : formatCount(entries);
  const end = (last + 1) * geometry.l1Coverage;
  return causeOf({
    code: 'QCOW2_L1_USED',
    severity: 'note',
    what:
      count === 0
        ? `none of the ${looked} L1 entries is used`
        : `${formatCount(count)} of the ${looked} L1 entries ${count === 1 ? 'is' : 'are'} used, the last is number ${formatCount(last)}: what they describe lies below ${formatSize(end)} (${formatOffset(end)})`,
    advice:
      count === 0
        ? 'compare the header with that of another copy: the table may lie elsewhere'
        : `where the size is not meant, put the right size and l1_size back in a copy of the file: ${countOf(last + 1, 'L1 entry', 'L1 entries')} ${last === 0 ? 'reaches' : 'reach'} all that is used`,
    causedBy,
  });
}
