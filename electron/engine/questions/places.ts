/** The list of places: made in one pass over the pages, and kept while the chain and the filter stay the same. */
import { partBits } from '../../../shared/extent/parts.ts';
import { type Pyramid, pagePresent } from '../../../shared/extent/pyramid.ts';
import type { PlacesRequest } from '../../../shared/ipc/questions.ts';
import { MARK_KEYS } from '../../../shared/legend.ts';
import type { Place, PlaceFilter, PlaceOrder, PlacePage } from '../../../shared/model/place.ts';
import { PRESENT } from '../../../shared/model/tile.ts';
import { LayerSets } from '../places/layer-sets.ts';
import { PlaceList, placeState } from '../places/place-list.ts';
import { PlaceWalk } from '../places/place-walk.ts';
import type { ChainTables } from '../tables/chain-tables.ts';
import { hostOffsetAt } from './extent-details.ts';
import { forPages, type Superseded } from './page-loop.ts';

/** What places are found in. */
export interface PlaceSource {
  readonly tables: ChainTables;
  readonly pyramid: Pyramid;
  /** Grows whenever anything was read. */
  readonly version: number;
}

interface KnownPlaces {
  readonly key: string;
  readonly list: PlaceList;
  readonly sets: LayerSets;
}

/** Answers the question `places`, and remembers the list that it was last asked for. */
export class PlaceAnswers {
  #known: KnownPlaces | undefined;

  /** Places `skip` to `skip + most` of a filter. Rejects with CANCELLED once `superseded`. */
  async page(
    source: PlaceSource,
    { skip, most, order, ...filter }: PlacesRequest,
    superseded?: Superseded,
  ): Promise<PlacePage> {
    const known = await this.#listOf(source, filter, superseded);
    return {
      places: rows(source.tables, known, order, skip, most),
      total: known.list.total,
      bytes: known.list.bytes,
      listed: known.list.kept,
    };
  }

  async #listOf(
    { tables, pyramid, version }: PlaceSource,
    filter: PlaceFilter,
    superseded: Superseded | undefined,
  ): Promise<KnownPlaces> {
    const key = `${version} ${tables.slotCount} ${JSON.stringify(filter)}`;
    if (this.#known?.key === key) return this.#known;
    const list = new PlaceList(filter.minLength ?? 0);
    const sets = new LayerSets();
    const { slotCount } = tables;
    const walk = new PlaceWalk(filter, { slotCount, bitmaps: tables.bitmaps(undefined) }, list, sets);
    const wanted = (filter.kinds ?? MARK_KEYS).reduce((bits, kind) => bits | BITS[kind], 0);
    const { pageSpan } = tables;
    const { size } = tables.plan;
    await forPages(
      tables,
      0,
      size,
      page => {
        if (hasNone(pyramid, page, wanted)) walk.skip(page * pageSpan, Math.min((page + 1) * pageSpan, size));
        else walk.add(tables.sweep(page, { eachBitmap: walk.takesBitmaps }));
        return undefined;
      },
      { superseded },
    );
    walk.finish();
    this.#known = { key, list, sets };
    return this.#known;
  }
}

/** The bits of PRESENT of each mark. What cannot be read is a place of damage too. */
const BITS = { ...PRESENT, damaged: PRESENT.damaged | partBits(({ state }) => state === 'unreadable') };

/** True if the pyramid shows that no layer has any of these marks in a page. */
function hasNone(pyramid: Pyramid, page: number, wanted: number): boolean {
  if (pyramid.fresh[page] !== 1) return false;
  for (let track = 1; track < pyramid.tracks.length; track++)
    if (pagePresent(pyramid, track, page) & wanted) return false;
  return true;
}

function rows(
  tables: ChainTables,
  { list, sets }: KnownPlaces,
  order: PlaceOrder,
  skip: number,
  most: number,
): Place[] {
  const bitmaps = tables.bitmaps(undefined);
  const { slotCount } = tables;
  const found: Place[] = [];
  for (let number = skip; number < skip + most; number++) {
    const place = list.at(number, order);
    if (place === undefined) break;
    found.push({
      kind: place.kind,
      track: slotCount - place.slot,
      start: place.start,
      end: place.end,
      state: placeState(place.state),
      bitmap: bitmaps[place.bitmap]?.name ?? '',
      others: sets.at(place.others).map(slot => slotCount - slot),
      // A range of a bitmap lies in no file.
      hostOffset: place.bitmap >= 0 ? -1 : hostOffsetAt(tables, place.slot, place.start),
    });
  }
  return found;
}
