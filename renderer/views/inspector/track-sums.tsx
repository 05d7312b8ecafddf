import { STATES } from '../../../shared/extent/flags.ts';
import { isContent } from '../../../shared/extent/parts.ts';
import type { Legend, MarkKey } from '../../../shared/legend.ts';
import type { TrackStatistics } from '../../../shared/model/statistics.ts';
import { formatCount, formatShare, formatSize } from '../../../shared/text/offset.ts';
import { StateSwatch } from '../../ui/state-swatch.tsx';
import { Size, Untrusted } from '../../ui/text.tsx';

interface TrackSumsProps {
  readonly sums: TrackStatistics;
  readonly title: string;
  readonly total: number;
  readonly legend: Legend;
  /** False where layers below are not open: what is hidden there is not known, and what is known is the least. */
  readonly isComplete: boolean;
}

/** The marks that say what lies below. */
const HIDING: readonly MarkKey[] = ['overrides', 'holeOverrides'];

/** The sums of one track: its states with their runs, then its marks. */
export function TrackSums({ sums, title, total, legend, isComplete }: TrackSumsProps) {
  const holds = STATES.some((state, i) => isContent(state) && (sums.bytes[i] ?? 0) > 0);
  const marks = [
    ['overrides', sums.overrideBytes],
    ['holeOverrides', sums.holeOverrideBytes],
    ['overridden', sums.overriddenBytes],
    ['shadowed', sums.shadowedBytes],
    ['dirty', sums.dirtyBytes],
    ['dirtyUnknown', sums.dirtyUnknownBytes],
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
              <td>{formatShare(bytes / total)}</td>
            </tr>
          );
        })}
        {marks.map(([mark, bytes]) =>
          bytes === 0 ? null : (
            <tr key={mark} className="mark-row">
              <th scope="row">
                <StateSwatch of={mark} />
                <span>
                  {legend[mark].label}
                  {!isComplete && HIDING.includes(mark) && ', at least'}
                </span>
              </th>
              <td>
                <Size bytes={bytes} />
              </td>
              <td>{formatShare(bytes / total)}</td>
            </tr>
          ),
        )}
        {!isComplete && holds && sums.overrideBytes === 0 && (
          <tr className="mark-row">
            <th scope="row">
              <StateSwatch of="overrides" />
              <span>{legend.overrides.label}</span>
            </th>
            <td>not known</td>
            <td />
          </tr>
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
