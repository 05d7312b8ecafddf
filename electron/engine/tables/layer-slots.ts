/** The slots of a sweep: one for each layer, or one for each depth of a whole-chain export whose layers are not known. */
import { ABSENT, DEPTH_SHIFT, depthOf, HOLE, LOCAL, UNREAD, ZERO } from '../../../shared/extent/flags.ts';
import type { TrackInfo } from '../../../shared/model/track.ts';
import { tellsLayers } from '../../../shared/nbd-contexts.ts';
import type { EnginePlan } from '../worker/protocol.ts';
import type { StoredLayer } from './stored-layer.ts';

/** A layer, or one depth of a whole-chain export; depth 0 stands for the layer as a whole. */
export interface LayerSlot {
  readonly layer: StoredLayer;
  readonly depth: number;
}

/** The slots of these layers, base first; `deepest` is the greatest depth that a whole-chain export has shown. */
export function slotsOf(layers: readonly StoredLayer[], deepest: number): LayerSlot[] {
  const only = layers[0];
  const nbd = only?.plan.nbd;
  const byDepth = nbd?.exportKind === 'wholeChain' && tellsLayers(nbd.contexts);
  if (only === undefined || !byDepth || only.metadata !== undefined)
    return layers.map(layer => ({ layer, depth: 0 }));
  return Array.from({ length: deepest }, (_, i) => ({ layer: only, depth: deepest - i }));
}

/** The words of a slot's nbd table: of one depth of a whole-chain export only what that depth owns. */
export function wordsOfSlot({ depth }: LayerSlot, words: readonly number[]): readonly number[] {
  return depth === 0 ? words : words.map(word => wordAtDepth(word, depth));
}

/** The word of one depth of a whole-chain export: what lies below a shallower owner is not known. */
function wordAtDepth(word: number, depth: number): number {
  const owner = depthOf(word);
  if (word & ABSENT || owner > depth) return ABSENT | HOLE | ZERO;
  if (owner === depth || !(word & LOCAL)) return word & ((1 << DEPTH_SHIFT) - 1);
  return UNREAD;
}

/** The guest's track and one for each slot, from the top down. */
export function tracksOf(plan: EnginePlan, slots: readonly LayerSlot[]): TrackInfo[] {
  const top = slots.at(-1) as LayerSlot;
  const guest: TrackInfo = {
    id: 0,
    kind: 'guest',
    layer: -1,
    depth: 0,
    title: 'guest',
    size: plan.size,
    witness: top.layer.metadata === undefined ? 'nbd' : 'metadata',
    ownerKnown: slots.every(slot => ownerKnown(slot.layer)),
  };
  const tracks = slots.toReversed().map(
    ({ layer, depth }, i): TrackInfo => ({
      id: i + 1,
      kind: depth === 0 ? 'layer' : 'depth',
      layer: layer.index,
      depth,
      title: depth === 0 ? layer.plan.title : `depth ${depth}`,
      size: layer.plan.size,
      witness: layer.metadata === undefined ? 'nbd' : 'metadata',
      ownerKnown: ownerKnown(layer),
    }),
  );
  return [guest, ...tracks];
}

function ownerKnown({ metadata, plan: { nbd } }: StoredLayer): boolean {
  return metadata !== undefined || nbd?.exportKind === 'rawLayer' || tellsLayers(nbd?.contexts ?? []);
}
