/** An L1 table that by the number of its entries runs over other parts of the file. */
import { causeOf, type FindingCollector } from '../../../../shared/finding-collector.ts';
import { touchesRange } from '../../../../shared/model/finding.ts';
import { formatCount, formatOffset } from '../../../../shared/text/offset.ts';
import type { Qcow2Image } from '../../read/image.ts';
import { KEEP_EVIDENCE } from './advice.ts';

/** The id of the finding. */
export const LONG_L1 = 'QCOW2_L1_TOO_LONG';

/** Codes of clusters with several users. */
const SHARED = ['QCOW2_TABLES_OVERLAP', 'QCOW2_DATA_ON_METADATA', 'QCOW2_BITMAP_OVERLAP'];

/** Adds the finding, where entries beyond those that the disk needs lie where something else does. */
export function findLongL1(collector: FindingCollector, { header, geometry }: Qcow2Image): void {
  const { clusterSize, l1Needed } = geometry;
  if (header.l1Size <= l1Needed) return;
  const start = Math.ceil((header.l1TableOffset + l1Needed * 8) / clusterSize) * clusterSize;
  const end = header.l1TableOffset + header.l1Size * 8;
  const isShared = collector
    .list()
    .some(({ code, host }) => SHARED.includes(code) && touchesRange(host, start, end));
  if (!isShared) return;
  collector.add(
    causeOf({
      code: LONG_L1,
      severity: 'corruption',
      what: `the header gives the L1 table ${formatCount(header.l1Size)} entries, of which the disk needs ${formatCount(l1Needed)}: with so many it runs over other parts of the file up to ${formatOffset(end)}, and their bytes are taken for entries`,
      advice: `${KEEP_EVIDENCE}; in a copy of the file put the right number back (l1_size, 4 bytes at offset 36): the disk is whole if ${formatCount(l1Needed)} is right`,
      risksData: false,
    }),
    {
      host: [36, 4],
      evidence: {
        source: 'header',
        fileOffset: 36,
        value: `0x${header.l1Size.toString(16).padStart(8, '0')}`,
        bits: 'l1_size',
      },
    },
  );
}
