import { zoomAroundSelection } from '../../../state/selection/selection.ts';

/** What the button makes of the span. */
const ZOOM_FACTOR = 1 / 8;

/** In place of a table while there is no exact list: too many extents, or still on their way. */
export function TrackTableTooMany() {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: stands for the grid, so the focus stays here
    <div className="track-table too-many" role="note" data-twin tabIndex={0}>
      <p>There are too many extents in view to list one by one.</p>
      <button type="button" onClick={() => zoomAroundSelection('guest', ZOOM_FACTOR)}>
        Zoom in
      </button>
    </div>
  );
}
