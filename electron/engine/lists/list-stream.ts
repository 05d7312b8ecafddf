/** Lists and sums over a whole chain: pages are swept one after the other and nothing is kept. */
import { CowscopeError } from '../../../shared/error.ts';
import { addSwept, createColumns, toTile } from '../../../shared/extent/columns.ts';
import {
  DIRTY,
  DIRTY_UNKNOWN,
  HOLE_OVERRIDES,
  LOCAL,
  OVERRIDDEN,
  OVERRIDES,
  SHADOWED,
  STATES,
  stateIndexOf,
  UNREAD,
} from '../../../shared/extent/flags.ts';
import { legendOfWitness } from '../../../shared/legend.ts';
import type { BitmapChoice, ContextSelection } from '../../../shared/model/context.ts';
import type { MapTotals } from '../../../shared/model/statistics.ts';
import { TILE_COLUMNS, type TileColumns } from '../../../shared/model/tile.ts';
import { contextWithRole } from '../../../shared/nbd-contexts.ts';
import { ChunkWriter } from '../../formats/chunk-writer.ts';
import { type ListFormat, ListWriter } from '../../formats/list-format.ts';
import { mapCsvRows } from '../../formats/map-csv.ts';
import { mapJsonRows } from '../../formats/map-json.ts';
import { MapRowKinds } from '../../formats/map-rows.ts';
import { mapTextRows } from '../../formats/map-text.ts';
import { nbdContextKeys, nbdinfoFormat } from '../../formats/nbdinfo.ts';
import { qemuImgFormat, qemuImgKeys } from '../../formats/qemu-img.ts';
import { type RowKeys, RowWalk } from '../../formats/row-walk.ts';
import type { ChainTables, SweepOptions } from '../tables/chain-tables.ts';
import { repeatedPages, sweptPages } from '../tables/page-walk.ts';
import { isWholeChain, type ListSpec } from '../worker/protocol.ts';

/** Text is handed on in chunks of at least this many bytes. */
const CHUNK_BYTES = 2 ** 18;

/**
 * Writes a list as text and counts its rows. `send` resolves when a chunk was taken, with
 * memory for the next one where it has some.
 */
export async function streamList(
  tables: ChainTables,
  spec: ListSpec,
  layer: number | undefined,
  send: (text: Uint8Array<ArrayBuffer>) => Promise<ArrayBuffer | undefined>,
): Promise<{ rows: number }> {
  const withHosts = spec.list === 'qemu-img' || (spec.list === 'map' && spec.hosts);
  const options: SweepOptions = {
    layer,
    readMissing: true,
    hosts: withHosts,
    eachBitmap: spec.list === 'map',
    bitmap: spec.list === 'nbdinfo' ? bitmapOf(spec) : undefined,
  };
  const { keys, format } = partsOf(tables, spec, layer);
  const chunks = new ChunkWriter(2 * CHUNK_BYTES);
  const list = new ListWriter(format, chunks);
  const walk = new RowWalk(keys, withHosts, rows => list.rows(rows));
  list.begin();
  let sending: Promise<ArrayBuffer | undefined> = Promise.resolve(undefined); // one chunk is on its way while the next is written
  for await (const swept of sweptPages(tables, options)) {
    walk.add(swept);
    if (chunks.length < CHUNK_BYTES) continue;
    sending = send(chunks.take(await sending));
    sending.catch(() => {}); // seen where it is awaited
  }
  walk.finish();
  list.end(tables.sizeOf(layer));
  await send(chunks.take(await sending));
  return { rows: list.count };
}

/** A list's rows and how they read. */
interface ListParts {
  readonly keys: RowKeys;
  readonly format: ListFormat;
}

function partsOf(tables: ChainTables, spec: ListSpec, layer: number | undefined): ListParts {
  const lanes = layer === undefined ? tables.laneCount : 1;
  if (spec.list === 'qemu-img') return { keys: qemuImgKeys(lanes, spec), format: qemuImgFormat(spec) };
  if (spec.list === 'nbdinfo') {
    const bitmapLane = layer === undefined ? (bitmapOf(spec)?.layer ?? 0) : 0;
    return {
      keys: nbdContextKeys(spec.context, lanes, bitmapLane),
      format: nbdinfoFormat(contextWithRole(spec.context)),
    };
  }
  const kinds = new MapRowKinds();
  const depths = isWholeChain(tables.plan) ? tables.laneCount : undefined;
  if (spec.format === 'csv')
    return { keys: kinds, format: mapCsvRows({ kinds, layer, depths, hosts: spec.hosts }) };
  if (spec.format === 'json') {
    const inferred = tables.plan.layers.map(one => one.metadata?.image.inferred?.inference.confidence);
    return { keys: kinds, format: mapJsonRows({ kinds, layer, depths, inferred }) };
  }
  const titles = tables
    .tracks()
    .slice(1)
    .map(track => track.title)
    .reverse();
  const named = layer === undefined ? titles : titles.slice(layer);
  const bitmaps = tables.bitmaps(layer).map(({ name }) => name);
  const legend = legendOfWitness(isReadOverNbd(tables) ? 'nbd' : 'metadata');
  return { keys: kinds, format: mapTextRows({ kinds, titles: named, legend, bitmaps, width: spec.width }) };
}

/** True where a layer that is not raw is known by its NBD export alone, which tells fewer states apart. */
function isReadOverNbd({ plan }: ChainTables): boolean {
  return plan.layers.some(
    ({ metadata, nbd }) => metadata === undefined && nbd !== undefined && nbd.exportKind !== 'rawLayer',
  );
}

/** States that read as zeros, by their index. */
const ZERO_STATES = new Set(
  (['zeroHole', 'zeroAllocated', 'outOfRange'] as const).map(state => STATES.indexOf(state)),
);

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
  const options: SweepOptions = { layer, readMissing: true, eachBitmap: true };
  const absentIsZero = layer === undefined || (layer === 0 && tables.plan.baseMissing !== true);
  const bitmaps = tables.bitmaps(layer).map(choice => ({ ...choice, dirty: 0, zero: 0, unknown: 0 }));
  for await (const { swept, times } of repeatedPages(tables, options)) {
    const { starts, combos, comboCount, stops, guest, words, overlays, count } = swept;
    const bytes = new Float64Array(comboCount);
    const views = new Int32Array(comboCount);
    for (let combo = 0; combo < comboCount; combo++)
      views[combo] = numberOf(known, (guest[combo] as number) * 2 ** 16 + (stops[combo] as number));
    const first = views[combos[0] as number] as number;
    let start = 0;
    let changes = 0;
    let view = first;
    for (let i = 0; i < count; i++) {
      const combo = combos[i] as number;
      const end = starts[i + 1] as number;
      bytes[combo] = (bytes[combo] as number) + end - start;
      start = end;
      if (views[combo] !== view) changes++;
      view = views[combo] as number;
    }
    extents += (first === last ? 0 : 1) + changes + (times - 1) * (changes + (first === view ? 0 : 1));
    last = view;
    for (let combo = 0; combo < comboCount; combo++) {
      const length = (bytes[combo] as number) * times;
      const word = guest[combo] as number;
      const state = stateIndexOf(word);
      const owner = word & LOCAL ? (stops[combo] as number) : lanes;
      states[state] = (states[state] as number) + length;
      owners[owner] = (owners[owner] as number) + length;
      const isAbsent = (stops[combo] as number) < 0;
      const readsZero = isAbsent ? absentIsZero && !(word & UNREAD) : ZERO_STATES.has(state);
      for (const [number, sums] of bitmaps.entries()) {
        const added = (overlays[number] as Uint32Array)[combo] as number;
        if (added & DIRTY) sums.dirty += length;
        if (added & DIRTY && readsZero) sums.zero += length;
        if (added & DIRTY_UNKNOWN) sums.unknown += length;
      }
      if (word & OVERRIDES) overrides += length;
      if (word & HOLE_OVERRIDES) holeOverrides += length;
      for (let lane = 0; lane < lanes; lane++) {
        const hidden = (words[lane] as Uint32Array)[combo] as number;
        if (hidden & SHADOWED) shadowed[lane] = (shadowed[lane] as number) + length;
        else if (hidden & OVERRIDDEN) overridden[lane] = (overridden[lane] as number) + length;
      }
    }
  }
  return { states, owners, overrides, holeOverrides, shadowed, overridden, extents, bitmaps };
}

/** The number of a key: its own for each different one. */
function numberOf(known: Map<number, number>, key: number): number {
  const number = known.get(key) ?? known.size;
  known.set(key, number);
  return number;
}

/** The bitmap that a context is about; undefined for other contexts. */
function bitmapOf(selection: ContextSelection): BitmapChoice | undefined {
  return selection.context === 'bitmap' ? selection.bitmap : undefined;
}

/** Bytes per context word, in ascending order of the word. */
export async function contextTotalsOf(
  tables: ChainTables,
  selection: ContextSelection,
  layer: number | undefined,
): Promise<[number, number][]> {
  const sums = new Map<number, number>();
  const lanes = layer === undefined ? tables.laneCount : 1;
  const bitmap = bitmapOf(selection);
  const bitmapLane = layer === undefined ? (bitmap?.layer ?? 0) : 0;
  const walk = new RowWalk(nbdContextKeys(selection.context, lanes, bitmapLane), false, rows => {
    for (let i = 0; i < rows.count; i++) {
      const word = rows.keys[i] as number;
      sums.set(word, (sums.get(word) ?? 0) + (rows.lengths[i] as number));
    }
  });
  const options: SweepOptions = { layer, readMissing: true, bitmap };
  for await (const swept of sweptPages(tables, options)) walk.add(swept);
  walk.finish();
  return [...sums].sort((a, b) => a[0] - b[0]);
}

/** The whole axis as one tile of columns of `span` bytes for each track, for a drawing in text. */
export async function overviewOf(
  tables: ChainTables,
  span: number,
  layer: number | undefined,
): Promise<TileColumns[]> {
  if (tables.sizeOf(layer) > span * TILE_COLUMNS) throw tooManyColumns(span);
  const lanes = layer === undefined ? tables.laneCount : 1;
  const columns = Array.from({ length: lanes + 1 }, (_, t) => createColumns(TILE_COLUMNS, span, t === 0));
  for await (const swept of sweptPages(tables, { layer, readMissing: true }))
    addSwept(columns, 0, swept, swept.base, swept.end);
  return columns.map((track, t) => toTile(track, t === 0 ? 0 : lanes + 1 - t, 0));
}

function tooManyColumns(span: number): CowscopeError {
  return new CowscopeError({
    code: 'TOO_MANY_COLUMNS',
    what: `a drawing of the whole disk in columns of ${span} bytes has more than ${TILE_COLUMNS} of them`,
    subject: '',
    advice: 'use wider columns',
  });
}
