/** Which of the rarer things a random chain has. */
import type { ChainSession } from '../../../electron/service/chain-session.ts';
import type { QemuMapRow } from '../golden-table.ts';
import { listed, mapRows } from '../session.ts';
import type { RandomChain, RandomLayer } from './random-chain.ts';

/** What there is to find, in words. */
export const CHAIN_FEATURES = [
  'unequal cluster sizes',
  'extended L2 over a shorter layer',
  'extended L2 over a raw base',
  'a discard in version 2',
  'a host offset from 2^53 on',
  'reserved subclusters where a layer ends',
  'a dirty range that another layer owns',
  'a compressed cluster',
  'an external data file',
  'an internal snapshot',
] as const;

/** One of {@link CHAIN_FEATURES}. */
export type ChainFeature = (typeof CHAIN_FEATURES)[number];

/** The features of a chain, as it was made and as a session reads it. */
export async function featuresOf(chain: RandomChain, session: ChainSession): Promise<ChainFeature[]> {
  const { layers } = chain;
  const below = (layer: RandomLayer) => layers.slice(0, layers.indexOf(layer));
  const wrote = (layer: RandomLayer, command: string) =>
    (layer.recipe.writes ?? []).some(write => write.startsWith(command));
  const images = layers.filter(({ format }) => format === 'qcow2');
  const extended = layers.filter(({ extendedL2 }) => extendedL2);
  const has: Record<ChainFeature, boolean> = {
    'unequal cluster sizes': new Set(images.map(({ clusterSize }) => clusterSize)).size > 1,
    'extended L2 over a shorter layer': extended.some(layer =>
      below(layer).some(({ size }) => size < layer.size),
    ),
    'extended L2 over a raw base': extended.some(layer => below(layer)[0]?.format === 'raw'),
    'a discard in version 2': layers.some(layer => layer.version === 2 && wrote(layer, 'discard')),
    'a host offset from 2^53 on': layers.some(({ farOffsets }) => farOffsets > 0),
    'reserved subclusters where a layer ends': await hasReservedEnd(session),
    'a dirty range that another layer owns': await hasDirtyElsewhere(chain, session),
    'a compressed cluster': layers.some(layer => wrote(layer, 'write -c')),
    'an external data file': layers.some(({ dataFile }) => dataFile !== undefined),
    'an internal snapshot': layers.some(({ snapshots }) => snapshots.length > 0),
  };
  return CHAIN_FEATURES.filter(feature => has[feature]);
}

/** Subclusters past the end of the layer below for which the layer above it keeps host space: qemu-img names their offsets. */
async function hasReservedEnd(session: ChainSession): Promise<boolean> {
  const rows = (await listed(session, {
    spec: { list: 'qemu-img', compressed: false },
    layer: undefined,
  })) as QemuMapRow[];
  return rows.some(({ present, offset }) => !present && offset !== undefined);
}

async function hasDirtyElsewhere({ layers }: RandomChain, session: ChainSession): Promise<boolean> {
  if (!layers.some(({ bitmaps }) => bitmaps.length > 0)) return false;
  const rows = await mapRows(session);
  return rows.some(({ dirty, owner }) => dirty === true && layers[owner ?? 0]?.bitmaps.length === 0);
}
