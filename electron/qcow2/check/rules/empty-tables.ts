/** L2 tables without entries, once it is known that no cluster is counted that nothing refers to. */
import type { Cause, FindingCollector } from '../../../../shared/finding-collector.ts';
import { formatCount } from '../../../../shared/text/offset.ts';

const ID = 'QCOW2_L2_EMPTY';

/**
 * Makes a note of empty L2 tables where a check of all refcounts has found no cluster that they have lost: qemu leaves
 * such a table where what was never written is discarded, and where a commit empties a layer. Data in an external file is
 * not counted, so that nothing is known of it then.
 */
export function noteEmptyTables(collector: FindingCollector, hasDataFile: boolean): void {
  collector.replace(hasDataFile ? WITH_DATA_FILE : WITHOUT_LOSS);
}

const WITHOUT_LOSS: Cause = {
  id: ID,
  code: ID,
  severity: 'note',
  what: count =>
    `${tables(count)} no entry, as discards and commits leave them: no cluster is missing a reference, so no data was lost with it`,
  advice: '',
  risksData: false,
};

const WITH_DATA_FILE: Cause = {
  id: ID,
  code: ID,
  severity: 'note',
  what: count =>
    `${tables(count)} no entry, as discards and commits leave them; with an external data file nothing tells whether it ever had one`,
  advice: 'look at that range of the data file if data is missing',
  risksData: false,
};

function tables(count: number): string {
  return count === 1
    ? 'an L2 table is there and holds'
    : `${formatCount(count)} L2 tables are there and hold`;
}
