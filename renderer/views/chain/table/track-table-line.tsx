import { formatCount, formatOffset } from '../../../../shared/text/offset.ts';
import { requestExtentDetails } from '../../../state/selection/extent-details.ts';
import { zoomAroundSelection } from '../../../state/selection/selection.ts';
import { copyText } from '../../../state/selection/track-actions.ts';
import { rowsText } from './row-text.ts';
import type { TrackRow } from './track-rows.ts';
import type { ListedRows } from './use-track-rows.ts';

/** What the button makes of the span. */
const ZOOM_FACTOR = 1 / 8;

/** How many extents a table lists, where it had to end, and how they are copied. Undefined while they are on their way. */
export function TrackTableLine({ listed }: { readonly listed: ListedRows | undefined }) {
  return (
    <div className="track-table-line">
      <span>{listed === undefined ? 'Reading the extents in view…' : countText(listed)}</span>
      {listed?.end !== undefined && (
        <button type="button" className="quiet" onClick={() => zoomAroundSelection('guest', ZOOM_FACTOR)}>
          Zoom in
        </button>
      )}
      {listed !== undefined && listed.rows.length > 0 && (
        <button type="button" className="quiet" onClick={() => void copyRows(listed.rows)}>
          Copy
        </button>
      )}
    </div>
  );
}

/** `20 extents in view`, or which of too many are listed. */
function countText({ rows, end }: ListedRows): string {
  return end === undefined
    ? `${extentCount(rows)} in view`
    : `The first ${extentCount(rows)} in view, up to ${formatOffset(end)}: the rest are too many to list`;
}

async function copyRows(rows: readonly TrackRow[]): Promise<void> {
  await copyText(rowsText(rows, await requestExtentDetails(rows)), extentCount(rows));
}

function extentCount({ length }: readonly TrackRow[]): string {
  return `${formatCount(length)} ${length === 1 ? 'extent' : 'extents'}`;
}
