/** Extents of a track as text for a spreadsheet. Offsets and lengths are plain numbers of bytes. */
import type { ExtentDetails } from '../../../../shared/model/track.ts';
import { tableCell, tabSeparated } from '../../../state/selection/table-text.ts';
import type { TrackRow } from './track-rows.ts';

const COLUMNS = ['start', 'end', 'length', 'state', 'owner', 'hostOffset', 'marks', 'finding'];

/** The code of the worst finding of an extent, and how many more there are; empty where there is none. */
export function findingText({ finding, findings }: ExtentDetails): string {
  return findings > 1 ? `${finding} and ${findings - 1} more` : finding;
}

/** Rows with their details, those of a row at the same index, as tab-separated values. */
export function rowsText(rows: readonly TrackRow[], details: readonly (ExtentDetails | undefined)[]): string {
  const cells = rows.map(({ start, length, state, owner, marks }, i) => {
    const known = details[i];
    return [
      `${start}`,
      `${start + length}`,
      `${length}`,
      state,
      tableCell(owner),
      known === undefined || known.hostOffset < 0 ? '' : `${known.hostOffset}`,
      marks.join(', '),
      known === undefined ? '' : findingText(known),
    ];
  });
  return tabSeparated([COLUMNS, ...cells]);
}
