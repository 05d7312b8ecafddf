/** The list of places: which are shown, and going to one. */
import { MAX_PLACES_PER_PAGE } from '../../shared/ipc/questions.ts';
import type { Place, PlaceFilter, PlaceOrder, PlacePage } from '../../shared/model/place.ts';
import { askChain } from './chain/ask-chain.ts';
import { jumpTo } from './selection/selection.ts';
import { setState } from './store.ts';

/** Some places of a filter; undefined if they could not be requested, or others were requested meanwhile. */
export async function requestPlaces(
  filter: PlaceFilter,
  order: PlaceOrder,
  skip: number,
): Promise<PlacePage | undefined> {
  const reply = await askChain('places', { ...filter, order, skip, most: MAX_PLACES_PER_PAGE });
  if (reply === undefined) return undefined;
  if (reply.ok) return reply.value;
  if (reply.error.code !== 'CANCELLED') setState({ error: reply.error });
  return undefined;
}

/** The first `most` places of a filter. */
export async function requestFirstPlaces(
  filter: PlaceFilter,
  order: PlaceOrder,
  most: number,
): Promise<readonly Place[]> {
  const places: Place[] = [];
  while (places.length < most) {
    const page = await requestPlaces(filter, order, places.length);
    if (page === undefined || page.places.length === 0) break;
    places.push(...page.places.slice(0, most - places.length));
  }
  return places;
}

/** Selects a place on its track and brings it on screen. */
export function showPlace({ track, start }: Place): Promise<void> {
  return jumpTo({ track, offset: start });
}
