import { formatOffset, formatSize } from '../../shared/text/offset.ts';
import { navigationOf } from '../state/axes/axis-navigation.ts';
import { copySelection } from '../state/selection/track-actions.ts';
import { setState, useStore } from '../state/store.ts';
import { Icon } from '../ui/icon.tsx';

/** The chosen range: what it spans and what can be done with it. It stands beside the tabs, of which one has its sums. */
export function ChosenRange() {
  const range = useStore(state => state.range);
  if (range === undefined) return null;
  const { start, end } = range;
  const bounds = `${formatOffset(start)} – ${formatOffset(end - 1)}`;
  return (
    <section className="chosen-range" aria-label="Chosen range">
      <span className="mono" title={bounds}>
        {bounds}
      </span>
      <b>{formatSize(end - start)}</b>
      <button type="button" onClick={() => navigationOf('guest').fitRange(start, end)}>
        Zoom
      </button>
      <button type="button" onClick={copySelection}>
        Copy
      </button>
      <button
        type="button"
        className="tool"
        aria-label="Clear the range"
        title="Clear the range"
        onClick={() => setState({ range: undefined, statistics: undefined })}
      >
        <Icon name="close" />
      </button>
    </section>
  );
}
