/** Places as text: for a spreadsheet, as CSV and as JSON. Offsets and lengths are plain numbers of bytes. */
import type { OpenedChain } from '../../../shared/model/chain.ts';
import type { Place } from '../../../shared/model/place.ts';
import { tableCell, tabSeparated } from '../../state/selection/table-text.ts';

/** The forms in which the list is copied. */
export const PLACE_FORMATS = ['table', 'CSV', 'JSON'] as const;

/** A form in which the list is copied. */
export type PlaceFormat = (typeof PLACE_FORMATS)[number];

const COLUMNS = ['kind', 'layer', 'bitmap', 'start', 'end', 'length', 'state', 'others', 'hostOffset'];

/** The places in a form. `others` are the layers that a place hides, or that hide it. */
export function placesText(places: readonly Place[], chain: OpenedChain, form: PlaceFormat): string {
  const titleOf = (track: number) => chain.tracks[track]?.title ?? '';
  if (form === 'JSON') {
    const rows = places.map(({ track, others, ...place }) => ({
      ...place,
      layer: titleOf(track),
      others: others.map(titleOf),
    }));
    return `${JSON.stringify(rows, null, 2)}\n`;
  }
  const rows = places.map(({ kind, track, bitmap, start, end, state, others, hostOffset }) => [
    kind,
    tableCell(titleOf(track)),
    tableCell(bitmap),
    String(start),
    String(end),
    String(end - start),
    state ?? '',
    tableCell(others.map(titleOf).join(', ')),
    hostOffset < 0 ? '' : String(hostOffset),
  ]);
  if (form === 'table') return tabSeparated([COLUMNS, ...rows]);
  return `${[COLUMNS, ...rows].map(row => row.map(quoted).join(',')).join('\r\n')}\r\n`;
}

/** A field of CSV (RFC 4180). */
function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
