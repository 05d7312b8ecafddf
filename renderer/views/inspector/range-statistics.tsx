import type { GuestRange } from '../../../shared/ipc/questions.ts';
import { type Legend, legendOf, legendOn } from '../../../shared/legend.ts';
import type { OpenedChain } from '../../../shared/model/chain.ts';
import { formatOffset, formatSize } from '../../../shared/text/offset.ts';
import { countRange } from '../../state/selection/selection.ts';
import { statisticsTsv } from '../../state/selection/statistics-tsv.ts';
import { copyText } from '../../state/selection/track-actions.ts';
import { useStore } from '../../state/store.ts';
import { InspectorSection } from '../../ui/inspector-section.tsx';
import { TrackSums } from './track-sums.tsx';

interface RangeStatisticsProps {
  readonly chain: OpenedChain;
  readonly range: GuestRange;
}

/** Sums of the chosen range: a table of states for each track. */
export function RangeStatistics({ chain, range }: RangeStatisticsProps) {
  const statistics = useStore(state => state.statistics);
  const copy =
    statistics === undefined ? (
      <button type="button" className="quiet" onClick={() => void countRange()}>
        Count runs
      </button>
    ) : (
      <button
        type="button"
        className="quiet"
        onClick={() => void copyText(statisticsTsv(statistics, chain, range))}
      >
        Copy TSV
      </button>
    );
  return (
    <InspectorSection title="Range" action={copy}>
      <p className="range-facts mono">
        {formatOffset(range.start)} – {formatOffset(range.end - 1)} · {formatSize(range.end - range.start)}
      </p>
      {statistics?.map(track => (
        <TrackSums
          key={track.track}
          sums={track}
          title={chain.tracks[track.track]?.title ?? ''}
          total={range.end - range.start}
          legend={legendOfTrack(chain, track.track)}
          isComplete={chain.chain.complete}
        />
      ))}
    </InspectorSection>
  );
}

/** The legend of a track by its id. */
export function legendOfTrack(chain: OpenedChain, id: number): Legend {
  const track = chain.tracks[id];
  return track === undefined ? legendOf(chain) : legendOn(track, chain);
}
