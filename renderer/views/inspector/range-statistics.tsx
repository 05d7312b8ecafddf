import { STATES } from '../../../shared/extent/flags.ts';
import { type Legend, legendOf, legendOn } from '../../../shared/legend.ts';
import type { OpenedChain } from '../../../shared/model/chain.ts';
import type { TrackStatistics } from '../../../shared/model/statistics.ts';
import { formatCount, formatOffset, formatSize } from '../../../shared/text/offset.ts';
import { countRange } from '../../state/selection/selection.ts';
import { statisticsTsv } from '../../state/selection/statistics-tsv.ts';
import { copyText } from '../../state/selection/track-actions.ts';
import { type Range, useStore } from '../../state/store.ts';
import { InspectorSection } from '../../ui/inspector-section.tsx';
import { StateSwatch } from '../../ui/state-swatch.tsx';
import { Size, Untrusted } from '../../ui/text.tsx';

interface RangeStatisticsProps {
  readonly chain: OpenedChain;
  readonly range: Range;
}

/** Sums of the chosen range: a table of states for each track. */
export function RangeStatistics({ chain, range }: RangeStatisticsProps) {
  const statistics = useStore(state => state.statistics);
  const copy =
    statistics === undefined ? (
      <button type="button" className="quiet" onClick={() => void countRange()}>
        Count
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
        />
      ))}
    </InspectorSection>
  );
}

interface TrackSumsProps {
  readonly sums: TrackStatistics;
  readonly title: string;
  readonly total: number;
  readonly legend: Legend;
}

function TrackSums({ sums, title, total, legend }: TrackSumsProps) {
  const marks = [
    ['overrides', sums.overrideBytes],
    ['holeOverrides', sums.holeOverrideBytes],
    ['overridden', sums.overriddenBytes],
    ['shadowed', sums.shadowedBytes],
    ['dirty', sums.dirtyBytes],
  ] as const;
  return (
    <table className="sums">
      <caption>
        <Untrusted text={title} />
      </caption>
      <thead className="visually-hidden">
        <tr>
          <th scope="col">State</th>
          <th scope="col">Bytes</th>
          <th scope="col">Percent</th>
        </tr>
      </thead>
      <tbody>
        {STATES.map((state, i) => {
          const bytes = sums.bytes[i] ?? 0;
          return bytes === 0 ? null : (
            <tr key={state}>
              <th scope="row">
                <StateSwatch of={state} />
                <span>
                  {legend[state].label}
                  {runsOf(sums, i).map(line => (
                    <small key={line}>{line}</small>
                  ))}
                </span>
              </th>
              <td>
                <Size bytes={bytes} />
              </td>
              <td>{percent(bytes / total)}</td>
            </tr>
          );
        })}
        {marks.map(([mark, bytes]) =>
          bytes === 0 ? null : (
            <tr key={mark} className="mark-row">
              <th scope="row">
                <StateSwatch of={mark} />
                <span>{legend[mark].label}</span>
              </th>
              <td>
                <Size bytes={bytes} />
              </td>
              <td>{percent(bytes / total)}</td>
            </tr>
          ),
        )}
      </tbody>
    </table>
  );
}

function runsOf({ runs, shortest, median, longest }: TrackStatistics, i: number): readonly string[] {
  const count = runs[i] ?? 0;
  const size = (list: readonly number[]) => formatSize(list[i] ?? 0);
  if (count === 1) return ['1 run'];
  return [`${formatCount(count)} runs, median ${size(median)}`, `${size(shortest)} to ${size(longest)}`];
}

function legendOfTrack(chain: OpenedChain, id: number): Legend {
  const track = chain.tracks[id];
  return track === undefined ? legendOf(chain) : legendOn(track, chain);
}

function percent(share: number): string {
  return share > 0 && share < 0.001 ? 'under 0.1 %' : `${(share * 100).toFixed(1)} %`;
}
