/** Lists over a whole chain: pages are swept one after the other and nothing is kept. */
import { legendOfGuest, legendOfWitness } from '../../../shared/legend.ts';
import { bitmapOf } from '../../../shared/model/context.ts';
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
import { sweptPages } from '../tables/page-walk.ts';
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
  const slots = layer === undefined ? tables.slotCount : 1;
  if (spec.list === 'qemu-img') return { keys: qemuImgKeys(slots, spec), format: qemuImgFormat(spec) };
  if (spec.list === 'nbdinfo') {
    const bitmapSlot = layer === undefined ? (bitmapOf(spec)?.layer ?? 0) : 0;
    return {
      keys: nbdContextKeys(spec.context, slots, bitmapSlot),
      format: nbdinfoFormat(contextWithRole(spec.context)),
    };
  }
  const kinds = new MapRowKinds();
  const depths = isWholeChain(tables.plan) ? tables.slotCount : undefined;
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
  const bitmaps = tables.bitmaps(layer);
  const ofWitness = legendOfWitness(isReadOverNbd(tables) ? 'nbd' : 'metadata');
  const legend = layer === undefined ? legendOfGuest(ofWitness) : ofWitness;
  return { keys: kinds, format: mapTextRows({ kinds, titles: named, legend, bitmaps, width: spec.width }) };
}

/** True where a layer that is not raw is known by its NBD export alone, which tells fewer states apart. */
function isReadOverNbd({ plan }: ChainTables): boolean {
  return plan.layers.some(
    ({ metadata, nbd }) => metadata === undefined && nbd !== undefined && nbd.exportKind !== 'rawLayer',
  );
}
