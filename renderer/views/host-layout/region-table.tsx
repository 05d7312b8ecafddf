// biome-ignore-all lint/a11y/noNoninteractiveElementToInteractiveRole: a table that takes the keys of a grid
import { type KeyboardEvent, useCallback, useState } from 'react';
import { HOST_KINDS, type HostKind, type HostLayout } from '../../../shared/model/layout.ts';
import { HOST_KIND_NAMES } from '../../../shared/text/host-kinds.ts';
import { formatCount, formatOffset, formatSize } from '../../../shared/text/offset.ts';
import { dataOf } from '../../state/axes/axis-data.ts';
import { navigationOf } from '../../state/axes/axis-navigation.ts';
import { chooseHost } from '../../state/host/host-layout.ts';
import { getAxis, useStore } from '../../state/store.ts';
import { useFollower } from '../../ui/hooks/use-follower.ts';
import { useVirtualRows } from '../../ui/hooks/use-virtual-rows.ts';
import { KindSwatch } from './kind-swatch.tsx';

/** Heights of a row, and of the header row with its line. */
const ROW_PX = 28;
const MAX_ROWS_IN_SIGHT = 40;

interface Region {
  readonly start: number;
  readonly length: number;
  readonly kind: HostKind;
}

/** The regions in view, of the highlighted kinds where there are some. Only the rows in sight are rendered. */
export function RegionTable({ layout }: { readonly layout: HostLayout }) {
  const highlighted = useStore(state => state.host.highlighted);
  const chosen = useStore(state => state.host.chosen?.offset);
  const all = useRegions(layout);
  const rows = all?.filter(({ kind }) => highlighted.size === 0 || highlighted.has(kind));
  const [active, setActive] = useState(0);
  const count = rows?.length ?? 0;
  const at = Math.min(active, Math.max(count - 1, 0));
  const visible = useVirtualRows(count, at, { rowPx: ROW_PX, maxRowsInSight: MAX_ROWS_IN_SIGHT });
  const choose = (row: number) => {
    const region = rows?.[row];
    if (region === undefined) return;
    setActive(row);
    navigationOf('host').reveal(region.start);
    void chooseHost(region.start);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1, Home: -count, End: count }[event.key];
    if (step !== undefined) {
      event.preventDefault();
      event.stopPropagation();
      setActive(Math.min(Math.max(at + step, 0), count - 1));
    } else if (event.key === 'Enter') choose(at);
  };
  if (rows === undefined)
    return (
      <p className="hint pad">
        Too many regions in view to list: zoom in, or go to the next one of a kind beside.
      </p>
    );
  return (
    <div className="region-table" ref={visible.ref} onScroll={visible.onScroll}>
      <div style={{ paddingTop: visible.paddingTop, paddingBottom: visible.paddingBottom }}>
        <table
          role="grid"
          tabIndex={0}
          aria-label="Regions of the file in view"
          aria-rowcount={count + 1}
          aria-activedescendant={count > 0 ? `region-${at}` : undefined}
          onKeyDown={onKeyDown}
        >
          <thead>
            <tr aria-rowindex={1}>
              <th scope="col">Start</th>
              <th scope="col">Length</th>
              <th scope="col">Holds ({formatCount(count)} in view)</th>
            </tr>
          </thead>
          <tbody>
            {rows.slice(visible.first, visible.last).map(({ start, length, kind }, i) => {
              const row = visible.first + i;
              const isChosen = chosen !== undefined && chosen >= start && chosen < start + length;
              return (
                <tr
                  key={start}
                  id={`region-${row}`}
                  aria-rowindex={row + 2}
                  aria-selected={isChosen}
                  data-active={row === at}
                  onClick={() => choose(row)}
                >
                  <td className="mono">{formatOffset(start)}</td>
                  <td>{formatSize(length)}</td>
                  <td>
                    <KindSwatch kind={kind} /> {HOST_KIND_NAMES[kind]}
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </div>
  );
}

/** The regions that touch what is in view, whole; undefined where they are too many or not loaded. */
function useRegions({ fileLength }: HostLayout): readonly Region[] | undefined {
  const [regions, setRegions] = useState<{ readonly key: string; readonly list: readonly Region[] }>();
  const follow = useCallback(() => {
    const { viewport } = getAxis('host');
    const { loader, revision } = dataOf('host');
    const key = `${viewport.start} ${viewport.end} ${revision}`;
    const exact = loader?.exact.get();
    const runs = exact?.tracks[0];
    if (loader === undefined || runs === undefined || !loader.exact.covers(viewport)) {
      setRegions(undefined);
      return;
    }
    setRegions(before => {
      if (before?.key === key) return before;
      const list: Region[] = [];
      for (const [i, start] of runs.starts.entries()) {
        const end = Math.min(runs.starts[i + 1] ?? exact?.end ?? fileLength, fileLength);
        if (end > viewport.start && start < viewport.end)
          list.push({ start, length: end - start, kind: HOST_KINDS[runs.kinds[i] as number] ?? 'free' });
      }
      return { key, list };
    });
  }, [fileLength]);
  useFollower('paced', follow);
  return regions?.list;
}
