/** A refcount table that is something else of the image: the header names a wrong place, and no refcount can be read. */
import type { Cause, FindingCollector } from '../../../../shared/finding-collector.ts';
import { formatOffset } from '../../../../shared/text/offset.ts';
import { hex } from '../../format/bytes.ts';
import type { Qcow2Image } from '../../read/image.ts';
import type { Suspect } from '../suspects.ts';
import { KEEP_EVIDENCE } from './advice.ts';

/** The id of the finding. */
export const MISPLACED_REFCOUNTS = 'QCOW2_REFCOUNT_TABLE_MISPLACED';

/** What the refcount table turned out to be. */
export interface RefcountTableState {
  /** Entries that name a block, those of them that name none that can be used, and blocks that something else uses. */
  readonly used: number;
  readonly bad: number;
  readonly shared: number;
  /** References of the first cluster of the table. */
  readonly references: number;
  /** The refcount of the header; undefined where it cannot be read. */
  readonly headerRefcount: number | undefined;
}

/** True if something else refers to the table's place and nothing in it is a refcount block: the header counts once in any. */
export function isMisplaced({ used, bad, shared, references, headerRefcount }: RefcountTableState): boolean {
  return references > 1 && headerRefcount !== 1 && bad + shared >= used;
}

/** Says what lies in place of the table, as far as that is found. */
export class MisplacedRefcounts implements Cause {
  readonly id = MISPLACED_REFCOUNTS;
  readonly code = 'QCOW2_REFCOUNT_TABLE_MISPLACED';
  readonly severity = 'corruption';
  readonly risksData = false;
  readonly advice =
    `${KEEP_EVIDENCE}; what is read does not depend on refcounts: in a copy of the file put the right offset back (refcount_table_offset, 8 bytes at offset 48), or let \`qemu-img check -r all\` on a copy build the refcounts again`;
  readonly #offset: number;
  #holder = 'something else of the image';

  private constructor(offset: number) {
    this.#offset = offset;
  }

  /** Adds the finding. */
  static add(collector: FindingCollector, { header, geometry }: Qcow2Image): MisplacedRefcounts {
    const cause = new MisplacedRefcounts(header.refcountTableOffset);
    collector.add(cause, {
      host: [header.refcountTableOffset, header.refcountTableClusters * geometry.clusterSize],
      evidence: {
        source: 'header',
        fileOffset: 48,
        value: hex(header.refcountTableOffset),
        bits: 'refcount_table_offset',
      },
    });
    return cause;
  }

  /** Takes the name of what lies in the first cluster of the table from those that refer to it. */
  nameHolder({ users }: Suspect): void {
    const other = users.find(({ doubt }) => doubt !== MISPLACED_REFCOUNTS);
    if (other !== undefined) this.#holder = other.name;
  }

  what(): string {
    return `the header names ${formatOffset(this.#offset)} as the place of the refcount table, and ${this.#holder} lies there: no refcount can be read, so that what is in use cannot be distinguished from what is free`;
  }
}
