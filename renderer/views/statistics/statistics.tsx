import type { GuestRange } from '../../../shared/ipc/questions.ts';
import type { OpenedChain } from '../../../shared/model/chain.ts';
import { formatOffset, formatSize } from '../../../shared/text/offset.ts';
import { tableCell, tabSeparated } from '../../state/selection/table-text.ts';
import { copyText } from '../../state/selection/track-actions.ts';
import { useStore } from '../../state/store.ts';
import { useTrackBytes } from '../../ui/hooks/use-track-bytes.ts';
import { StateSwatch } from '../../ui/state-swatch.tsx';
import { Size, Untrusted } from '../../ui/text.tsx';
import { type StatisticsColumn, statisticsColumns } from './statistics-columns.ts';

/** One table of the layers and what they hold: of the chosen range, else of the whole disk. */
export function Statistics({ chain }: { readonly chain: OpenedChain }) {
  const range = useStore(state => state.range);
  const sums = useTrackBytes(chain, range);
  if (sums === undefined) return <p className="hint pad">Counting…</p>;
  const columns = statisticsColumns(chain, sums);
  const rows = chain.tracks.flatMap(track => {
    const found = sums[track.id];
    return found === undefined ? [] : [{ track, bytes: columns.map(column => column.bytesOf(found, track)) }];
  });
  const copy = () => {
    const head = ['layer', ...columns.map(({ id }) => id)];
    const body = rows.map(({ track, bytes }) => [
      track.kind === 'guest' ? 'guest' : tableCell(track.title),
      ...bytes.map(value => String(value ?? '')),
    ]);
    void copyText(tabSeparated([head, ...body]));
  };
  return (
    <>
      <p className="drawer-line">
        <span>{scopeText(chain, range)}</span>
        <button type="button" className="quiet" onClick={copy}>
          Copy as table
        </button>
      </p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by keyboard too */}
      <section className="drawer-scroll" aria-label="Sums" tabIndex={0}>
        <table className="list-table statistics">
          <thead>
            <tr>
              <th scope="col">Layer</th>
              {columns.map(column => (
                <ColumnHead key={column.id} column={column} />
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map(({ track, bytes }) => (
              <tr key={track.id} data-kind={track.kind}>
                <th scope="row">
                  {track.kind === 'guest' ? 'Guest' : <Untrusted text={track.title} max={60} />}
                </th>
                {columns.map(({ id }, i) => (
                  <td key={id} data-column={id} data-bytes={bytes[i]}>
                    <Bytes value={bytes[i]} />
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </>
  );
}

function ColumnHead({ column: { title, meaning, swatch } }: { readonly column: StatisticsColumn }) {
  return (
    <th scope="col" title={meaning}>
      {swatch !== undefined && <StateSwatch of={swatch} />}
      {title}
    </th>
  );
}

/** A number of bytes; nothing where there are none, a dash where the number would say nothing. */
function Bytes({ value }: { readonly value: number | undefined }) {
  if (value === undefined) return '–';
  return value === 0 ? <span className="faint">0</span> : <Size bytes={value} />;
}

function scopeText(chain: OpenedChain, range: GuestRange | undefined): string {
  if (range === undefined) return `Whole disk, ${formatSize(chain.chain.size)}`;
  return `Range ${formatOffset(range.start)} – ${formatOffset(range.end - 1)}, ${formatSize(range.end - range.start)}`;
}
