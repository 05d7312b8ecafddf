import { useEffect, useState } from 'react';
import { MAX_PLACES_PER_PAGE } from '../../../shared/ipc/questions.ts';
import type { OpenedChain } from '../../../shared/model/chain.ts';
import type { Place, PlacePage } from '../../../shared/model/place.ts';
import { requestPlaces } from '../../state/places.ts';
import { useStore } from '../../state/store.ts';
import { useMapReading } from '../../ui/hooks/use-map-reading.ts';

/** What is known of the list of places. */
export interface KnownPlaces {
  readonly total: number;
  readonly bytes: number;
  /** How many can be listed. */
  readonly listed: number;
  /** The place of a number, undefined until it has arrived. */
  readonly at: (number: number) => Place | undefined;
}

interface Held {
  readonly key: string;
  readonly info: PlacePage;
  readonly pages: ReadonlyMap<number, readonly Place[]>;
}

/** The places that the filter of the window lets through; those from `first` up to `last` are requested, page by page. */
export function usePlaces(chain: OpenedChain, first: number, last: number): KnownPlaces | undefined {
  const { sessionId, tracks } = chain;
  const filter = useStore(state => state.placeFilter);
  const order = useStore(state => state.placeOrder);
  const reading = useMapReading(chain);
  const key = JSON.stringify([sessionId, tracks.length, reading, order, filter]);
  const [held, setHeld] = useState<Held>();
  const known = held?.key === key ? held : undefined;
  const from = Math.floor(first / MAX_PLACES_PER_PAGE);
  const to = Math.floor(Math.max(first, last - 1) / MAX_PLACES_PER_PAGE);
  let wanted = from;
  while (wanted <= to && known?.pages.has(wanted) === true) wanted++;

  useEffect(() => {
    if (wanted > to) return;
    let isNewest = true;
    void requestPlaces(filter, order, wanted * MAX_PLACES_PER_PAGE).then(info => {
      if (!isNewest || info === undefined) return;
      setHeld(before => {
        const pages = new Map(before?.key === key ? before.pages : []);
        return { key, info, pages: pages.set(wanted, info.places) };
      });
    });
    return () => {
      isNewest = false;
    };
  }, [key, wanted, to, filter, order]);

  if (known === undefined) return undefined;
  const { total, bytes, listed } = known.info;
  const at = (number: number) =>
    known.pages.get(Math.floor(number / MAX_PLACES_PER_PAGE))?.[number % MAX_PLACES_PER_PAGE];
  return { total, bytes, listed, at };
}
