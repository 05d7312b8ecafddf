/** Lists and sums over a whole chain: pages are swept one after the other and nothing is kept. */
import { addSwept, createColumns, toTile } from '../../../shared/extent/columns.ts';
import {
  DAMAGED,
  DIRTY,
  DIRTY_UNKNOWN,
  HOLE_OVERRIDES,
  LOCAL,
  OUT_OF_RANGE,
  OVERRIDDEN,
  OVERRIDES,
  ownerKnown,
  SHADOWED,
  STATES,
  stateIndexOf,
  stateOf,
} from '../../../shared/extent/flags.ts';
import { type Legend, legendOfWitness } from '../../../shared/legend.ts';
import type { ContextSelection } from '../../../shared/model/context.ts';
import type { MapTotals } from '../../../shared/model/statistics.ts';
import { TILE_COLUMNS, type TileColumns } from '../../../shared/model/tile.ts';
import { contextWithRole } from '../../../shared/nbd-contexts.ts';
import { formatOffset, formatSize } from '../../../shared/text/offset.ts';
import { escapeUntrusted } from '../../../shared/text/untrusted-text.ts';
import {
  createRowTemplates,
  createRowText,
  type RowPrinter,
  type RowText,
} from '../../formats/chunk-writer.ts';
import { contextRow } from '../../formats/nbdinfo.ts';
import {
  createMapWalk,
  createRowWalk,
  type MapRow,
  type NumberRows,
  nbdContextKey,
  QEMU_IMG_EMPTY,
  qemuImgKey,
  qemuImgRow,
  type RowWalk,
} from '../../formats/rows.ts';
import { forPages } from '../questions/queries.ts';
import type { ChainTables, SweepOptions } from '../tables/chain-tables.ts';
import { isWholeChain, type ListSpec } from '../worker/protocol.ts';

/** Text is handed on in chunks of at least this many bytes. */
const CHUNK_BYTES = 2 ** 18;

function sizeOf(tables: ChainTables, layer: number | undefined): number {
  return layer === undefined ? tables.plan.size : (tables.layers[layer]?.plan.size ?? 0);
}

/**
 * Writes a list as text, in the frame its model prints, and counts its rows. `send` resolves when a chunk was taken, with
 * memory for the next one where it has some.
 */
export async function streamList(
  tables: ChainTables,
  spec: ListSpec,
  layer: number | undefined,
  send: (text: Uint8Array<ArrayBuffer>) => Promise<ArrayBuffer | undefined>,
): Promise<{ rows: number }> {
  const text = createRowText(2 * CHUNK_BYTES);
  const laneCount = layer === undefined ? tables.laneCount : 1;
  const options: SweepOptions = {
    layer,
    readMissing: true,
    hosts: spec.list === 'qemu-img',
    bitmap: spec.list === 'nbdinfo' ? spec.bitmap : undefined,
  };
  const counted = { rows: 0 };
  const walk = walkOf(tables, spec, layer, laneCount, text, counted);
  const [head, tail] =
    spec.list === 'map' ? ['', ''] : spec.list === 'qemu-img' ? ['[', ']\n'] : ['[\n', '\n]\n'];
  text.text(head);
  const size = sizeOf(tables, layer);
  let sending: Promise<ArrayBuffer | undefined> = Promise.resolve(undefined); // one chunk is on its way while the next is written
  for (let page = 0; page * tables.pageSpan < size; page++) {
    walk.add(tables.sweep(page, options));
    if (text.length < CHUNK_BYTES) continue;
    sending = send(text.take(await sending));
    sending.catch(() => {}); // seen where it is awaited
  }
  walk.finish();
  if (size === 0 && spec.list === 'qemu-img') text.text(QEMU_IMG_EMPTY);
  text.text(tail);
  await send(text.take(await sending));
  return counted;
}

/** The walk that writes the rows of a list and counts them. */
function walkOf(
  tables: ChainTables,
  spec: ListSpec,
  layer: number | undefined,
  laneCount: number,
  text: RowText,
  counted: { rows: number },
): RowWalk {
  const separator = spec.list === 'map' && spec.form === 'text' ? '\n' : ',\n';
  const add = (row: string) => text.text(counted.rows++ === 0 ? row : separator + row);
  if (spec.list === 'map') {
    if (spec.form === 'json') return createMapWalk(row => add(mapRowJson(tables, layer, row)));
    const titles = laneTitles(tables);
    const { width = Number.POSITIVE_INFINITY } = spec;
    const names = layer === undefined ? titles : titles.slice(layer);
    const legend = legendOfWitness(isReadOverNbd(tables) ? 'nbd' : 'metadata');
    return createMapWalk(row => add(mapRowText(names, legend, row, width)));
  }
  const sink = (write: RowPrinter) => {
    const templates = createRowTemplates((...row) => separator + write(...row));
    return (rows: NumberRows) => {
      const { starts, lengths, keys, hosts, count } = rows;
      const isFirst = counted.rows === 0;
      if (isFirst)
        text.text(write(starts[0] as number, lengths[0] as number, keys[0] as number, hosts[0] as number));
      text.rows(templates, rows, isFirst ? 1 : 0);
      counted.rows += count;
    };
  };
  if (spec.list === 'qemu-img') return createRowWalk(qemuImgKey(laneCount), true, sink(qemuImgRow));
  const bitmapLane = layer === undefined ? (spec.bitmap?.layer ?? 0) : 0;
  const key = nbdContextKey(spec.context, laneCount, bitmapLane);
  const context = contextWithRole(spec.context);
  return createRowWalk(
    key,
    false,
    sink((start, length, word) => contextRow(context, start, length, word)),
  );
}

/** One row of the map document: schema cowscope.map version 1, docs/map-schema.md. */
function mapRowJson(tables: ChainTables, layer: number | undefined, row: MapRow): string {
  const { word } = row;
  const byDepth = isWholeChain(tables.plan);
  const owner = word & LOCAL ? (layer ?? row.stop) : null;
  const parts = [
    `"start":${row.start}`,
    `"length":${row.length}`,
    byDepth ? `"depth":${word & LOCAL ? tables.laneCount - row.stop : 0}` : `"owner":${owner}`,
    `"state":"${stateOf(word)}"`,
    `"overrides":[${row.overridden.join(',')}]`,
    `"shadows":[${row.shadowed.join(',')}]`,
  ];
  if (word & HOLE_OVERRIDES) parts.push('"holeOverrides":true');
  if (word & DAMAGED) parts.push('"damaged":true');
  if (word & DIRTY) parts.push('"dirty":true');
  if (word & DIRTY_UNKNOWN) parts.push('"dirtyUnknown":true');
  if (!ownerKnown(word) && row.stop >= 0 && stateOf(word) !== 'unread' && stateOf(word) !== 'unreadable')
    parts.push('"ownerUnknown":true');
  return `{${parts.join(',')}}`;
}

/** One row of the map as a person reads it: offset, length, state, owner, and what it hides. */
function mapRowText(titles: readonly string[], legend: Legend, row: MapRow, width: number): string {
  const { word, stop } = row;
  const name = (lane: number) => titles[lane] ?? String(lane);
  const list = (lanes: readonly number[]) => lanes.map(name).join(', ');
  const notes: string[] = [];
  if (row.overridden.length > 0) notes.push(`hides ${list(row.overridden)}`);
  if (word & HOLE_OVERRIDES) notes.push(legend.holeOverrides.label);
  if (row.shadowed.length > 0) notes.push(`${list(row.shadowed)} hidden by the shorter layer`);
  if (word & DAMAGED) notes.push('damaged');
  if (word & DIRTY) notes.push('dirty');
  if (word & DIRTY_UNKNOWN) notes.push('a bitmap is unknown');
  if (stop >= 0 && !ownerKnown(word)) notes.push('owner unknown');
  const owner = word & LOCAL ? name(stop) : stop >= 0 && word & OUT_OF_RANGE ? `- (${name(stop)} ends)` : '-';
  const columns = [
    formatOffset(row.start).padEnd(14),
    formatSize(row.length).padStart(12),
    ` ${legend[stateOf(word)].label.padEnd(17)}`,
  ];
  return folded([columns.join(' '), owner.padEnd(18), notes.join('; ')], width);
}

/** True where a layer that is not raw is known by its NBD export alone, which tells fewer states apart. */
function isReadOverNbd({ plan }: ChainTables): boolean {
  return plan.layers.some(
    ({ metadata, nbd }) => metadata === undefined && nbd !== undefined && nbd.exportKind !== 'rawLayer',
  );
}

/** Columns under which a row goes on that is too long for its line. */
const FOLD_INDENT = ' '.repeat(29);

/** The parts of a row in one line; where that is wider than `width`, a part that does not fit begins a line of its own. */
function folded(parts: readonly string[], width: number): string {
  const row = parts.join(' ').trimEnd();
  if (row.length <= width) return row;
  const lines: string[] = [];
  let line = '';
  const begin = () => {
    lines.push(line.trimEnd());
    line = FOLD_INDENT;
  };
  for (const part of parts) {
    if (line.length + part.trimEnd().length > width) begin();
    for (const word of part.split(' ')) {
      if (line.trim() !== '' && word !== '' && line.length + word.length > width) begin();
      line += `${word} `;
    }
  }
  return [...lines, line.trimEnd()].join('\n');
}

/** Titles of the lanes, base first, safe for a terminal. */
function laneTitles(tables: ChainTables): string[] {
  return tables
    .tracks()
    .slice(1)
    .map(track => escapeUntrusted(track.title, 40))
    .reverse();
}

/** Sums of the merged map, or of one layer alone. */
export async function totalsOf(tables: ChainTables, layer: number | undefined): Promise<MapTotals> {
  const lanes = layer === undefined ? tables.laneCount : 1;
  const states = new Array<number>(STATES.length).fill(0);
  const owners = new Array<number>(lanes + 1).fill(0);
  const shadowed = new Array<number>(lanes).fill(0);
  const overridden = new Array<number>(lanes).fill(0);
  let overrides = 0;
  let holeOverrides = 0;
  let extents = 0;
  let last = -1;
  const known = new Map<number, number>(); // what the guest sees, numbered over all pages
  const options: SweepOptions = { layer, readMissing: true };
  await forPages(tables, 0, sizeOf(tables, layer), page => {
    const swept = tables.sweep(page, options);
    const { starts, combos, comboCount, stops, guest, words, count } = swept;
    const bytes = new Float64Array(comboCount);
    const views = new Int32Array(comboCount);
    for (let combo = 0; combo < comboCount; combo++)
      views[combo] = numberOf(known, (guest[combo] as number) * 2 ** 16 + (stops[combo] as number));
    let start = 0;
    for (let i = 0; i < count; i++) {
      const combo = combos[i] as number;
      const end = starts[i + 1] as number;
      const view = views[combo] as number;
      bytes[combo] = (bytes[combo] as number) + end - start;
      start = end;
      if (view !== last) extents++;
      last = view;
    }
    for (let combo = 0; combo < comboCount; combo++) {
      const length = bytes[combo] as number;
      const word = guest[combo] as number;
      const state = stateIndexOf(word);
      const owner = word & LOCAL ? (stops[combo] as number) : lanes;
      states[state] = (states[state] as number) + length;
      owners[owner] = (owners[owner] as number) + length;
      if (word & OVERRIDES) overrides += length;
      if (word & HOLE_OVERRIDES) holeOverrides += length;
      for (let lane = 0; lane < lanes; lane++) {
        const hidden = (words[lane] as Uint32Array)[combo] as number;
        if (hidden & SHADOWED) shadowed[lane] = (shadowed[lane] as number) + length;
        else if (hidden & OVERRIDDEN) overridden[lane] = (overridden[lane] as number) + length;
      }
    }
    return undefined;
  });
  return { states, owners, overrides, holeOverrides, shadowed, overridden, extents };
}

/** The number of a key: its own for each different one. */
function numberOf(known: Map<number, number>, key: number): number {
  const number = known.get(key) ?? known.size;
  known.set(key, number);
  return number;
}

/** Bytes per context word, in ascending order of the word. */
export async function contextTotalsOf(
  tables: ChainTables,
  { context, bitmap }: ContextSelection,
  layer: number | undefined,
): Promise<[number, number][]> {
  const sums = new Map<number, number>();
  const lanes = layer === undefined ? tables.laneCount : 1;
  const bitmapLane = layer === undefined ? (bitmap?.layer ?? 0) : 0;
  const walk = createRowWalk(nbdContextKey(context, lanes, bitmapLane), false, rows => {
    for (let i = 0; i < rows.count; i++) {
      const word = rows.keys[i] as number;
      sums.set(word, (sums.get(word) ?? 0) + (rows.lengths[i] as number));
    }
  });
  await forPages(tables, 0, sizeOf(tables, layer), page => {
    walk.add(tables.sweep(page, { layer, readMissing: true, bitmap }));
    return undefined;
  });
  walk.finish();
  return [...sums].sort((a, b) => a[0] - b[0]);
}

/** The whole axis as one tile of columns of `span` bytes for each track, for a drawing in text. */
export async function overviewOf(
  tables: ChainTables,
  span: number,
  layer: number | undefined,
): Promise<TileColumns[]> {
  const size = sizeOf(tables, layer);
  const lanes = layer === undefined ? tables.laneCount : 1;
  const columns = Array.from({ length: lanes + 1 }, (_, t) => createColumns(TILE_COLUMNS, span, t === 0));
  await forPages(tables, 0, size, page => {
    const swept = tables.sweep(page, { layer, readMissing: true });
    addSwept(columns, 0, swept, swept.base, swept.end);
    return undefined;
  });
  return columns.map((track, t) => toTile(track, t === 0 ? 0 : lanes + 1 - t, 0));
}
