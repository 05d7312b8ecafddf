// biome-ignore-all lint/a11y/noNoninteractiveElementToInteractiveRole: a table that takes the keys of a grid
import { type KeyboardEvent, useEffect, useState } from 'react';
import type { OpenedChain } from '../../../shared/model/chain.ts';
import { formatCount, formatSize } from '../../../shared/text/offset.ts';
import { requestFirstPlaces, showPlace } from '../../state/places.ts';
import { copyText } from '../../state/selection/track-actions.ts';
import { getState, setState, useStore } from '../../state/store.ts';
import { useMapReading } from '../../ui/hooks/use-map-reading.ts';
import { useVirtualRows } from '../../ui/hooks/use-virtual-rows.ts';
import { PlaceFilters } from './place-filters.tsx';
import { PlaceRow } from './place-row.tsx';
import { PLACE_FORMATS, type PlaceFormat, placesText } from './place-text.ts';
import { type KnownPlaces, usePlaces } from './use-places.ts';

/** Heights of a row, and of the header row with its line. */
const ROW_PX = 24;
const HEADER_PX = 25;
/** Rows in sight before the height of the list is known. */
const FIRST_ROWS = 8;
/** Places that are copied at most: a clipboard is no file. */
const MAX_COPIED = 10_000;
const COLUMNS = ['Kind', 'Layer', 'Start', 'End', 'Length', 'State', 'Hides / hidden by', 'In the file at'];

/** Every marked extent of every layer, and every range of a bitmap, as one list. */
export function Places({ chain }: { readonly chain: OpenedChain }) {
  const order = useStore(state => state.placeOrder);
  const filter = useStore(state => state.placeFilter);
  const reading = useMapReading(chain);
  const [active, setActive] = useState(0);
  const [count, setCount] = useState(0);
  const [rowsInSight, setRowsInSight] = useState(FIRST_ROWS);
  const at = Math.min(active, Math.max(count - 1, 0));
  const visible = useVirtualRows(count, at, { rowPx: ROW_PX, maxRowsInSight: rowsInSight });
  const { first, last, ref } = visible;
  const places = usePlaces(chain, first, Math.max(last, first + 1));
  useEffect(() => setCount(places?.listed ?? 0), [places?.listed]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another filter or order is another list
  useEffect(() => setActive(0), [filter, order]);
  useEffect(() => {
    const element = ref.current;
    if (element === null) return;
    const observer = new ResizeObserver(() =>
      setRowsInSight(Math.max(1, Math.floor((element.clientHeight - HEADER_PX) / ROW_PX))),
    );
    observer.observe(element);
    return () => observer.disconnect();
  }, [ref]);

  const show = (number: number) => {
    const place = places?.at(number);
    setActive(number);
    if (place !== undefined) void showPlace(place);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = {
      ArrowDown: 1,
      ArrowUp: -1,
      PageDown: rowsInSight,
      PageUp: -rowsInSight,
      Home: -count,
      End: count,
    }[event.key];
    if (step !== undefined) {
      event.preventDefault();
      event.stopPropagation();
      setActive(Math.min(Math.max(at + step, 0), Math.max(count - 1, 0)));
    } else if (event.key === 'Enter') show(at);
  };

  const numbers = Array.from({ length: Math.max(0, last - first) }, (_, i) => first + i);
  return (
    <>
      <div className="drawer-line places-line">
        <PlaceFilters chain={chain} />
        <span className="spacer" />
        <span role="status">{countText(places, at, reading, chain.chain.complete)}</span>
        {PLACE_FORMATS.map(form => (
          <button
            key={form}
            type="button"
            className="quiet"
            disabled={(places?.listed ?? 0) === 0}
            onClick={() => void copyPlaces(chain, places?.total ?? 0, form)}
          >
            {form === 'table' ? 'Copy' : `Copy ${form}`}
          </button>
        ))}
      </div>
      <div className="drawer-scroll" ref={ref} onScroll={visible.onScroll}>
        {/* The padding stands for the rows that are not rendered. */}
        <div style={{ paddingTop: visible.paddingTop, paddingBottom: visible.paddingBottom }}>
          <table
            className="list-table places"
            role="grid"
            tabIndex={0}
            aria-label="Places"
            aria-rowcount={count + 1}
            aria-activedescendant={count > 0 ? `place-${at}` : undefined}
            onKeyDown={onKeyDown}
          >
            <thead>
              <tr aria-rowindex={1}>
                {COLUMNS.map(name => (
                  <th scope="col" key={name} aria-sort={sortOf(name, order)}>
                    <ColumnName name={name} />
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {numbers.map(number => (
                <PlaceRow
                  key={number}
                  id={`place-${number}`}
                  place={places?.at(number)}
                  number={number}
                  active={number === at}
                  chain={chain}
                  onSelect={() => show(number)}
                />
              ))}
            </tbody>
          </table>
        </div>
      </div>
    </>
  );
}

/** The columns that the list is sorted by. */
const ORDER_OF: Readonly<Record<string, 'start' | 'length' | undefined>> = {
  Start: 'start',
  Length: 'length',
};

function ColumnName({ name }: { readonly name: string }) {
  const order = ORDER_OF[name];
  if (order === undefined) return name;
  return (
    <button type="button" className="quiet" onClick={() => setState({ placeOrder: order })}>
      {name}
    </button>
  );
}

function sortOf(name: string, order: 'start' | 'length'): 'ascending' | 'descending' | undefined {
  if (ORDER_OF[name] !== order) return undefined;
  return order === 'start' ? 'ascending' : 'descending';
}

/** `3 of 835 · 12.4 MiB`, and what is left out or not known yet. */
function countText(
  places: KnownPlaces | undefined,
  at: number,
  reading: boolean,
  isComplete: boolean,
): string {
  if (places === undefined) return 'Looking…';
  const { total, bytes, listed } = places;
  const soFar = reading ? ' so far' : isComplete ? '' : ' in the layers that are open';
  if (total === 0) return `No places${soFar}`;
  const left = listed < total ? `, the first ${formatCount(listed)} are listed` : '';
  return `${formatCount(at + 1)} of ${formatCount(total)}${soFar} · ${formatSize(bytes)}${left}`;
}

async function copyPlaces(chain: OpenedChain, total: number, form: PlaceFormat): Promise<void> {
  const { placeFilter, placeOrder } = getState();
  const places = await requestFirstPlaces(placeFilter, placeOrder, MAX_COPIED);
  if (places.length === 0) return;
  const some = places.length < total ? `the first ${formatCount(places.length)}` : formatCount(places.length);
  await copyText(placesText(places, chain, form), `${some} of ${formatCount(total)} places`);
}
