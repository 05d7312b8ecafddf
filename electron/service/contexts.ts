/** Names of NBD metadata contexts as questions about a chain of files. */

import { CowscopeError } from '../../shared/error.ts';
import type { ChainInfo } from '../../shared/model/layer.ts';
import { BITMAP_PREFIX, contextsToAsk, knownContext } from '../../shared/nbd-contexts.ts';
import type { ListSpec } from '../engine/worker/protocol.ts';

/** A context and the list that answers it. */
export interface NamedContext {
  readonly name: string;
  readonly spec: ListSpec & { list: 'nbdinfo' };
}

/**
 * The list for a context name on a chain of files, or on one layer alone. A bitmap is looked for from the top down,
 * and the first of its name counts, as with qemu-nbd. Throws CowscopeError CONTEXT_NOT_OFFERED with what there is, and
 * BITMAP_UNUSABLE for a bitmap that cannot be trusted.
 */
export function contextSpec(chain: ChainInfo, name: string, layer: number | undefined): NamedContext {
  const always = contextsToAsk('isolatedLayer', []);
  const known = knownContext(name);
  if (known !== undefined && known.role !== 'bitmap' && always.includes(name))
    return { name, spec: { list: 'nbdinfo', context: known.role } };
  const layers = layer === undefined ? chain.layers.toReversed() : chain.layers.slice(layer, layer + 1);
  const bitmaps = layers.flatMap(({ index, path, qcow2 }) =>
    (qcow2?.bitmaps ?? []).map(bitmap => ({ ...bitmap, index, path })),
  );
  const found = bitmaps.find(bitmap => BITMAP_PREFIX + bitmap.name === name);
  if (found === undefined) {
    const usable = bitmaps.filter(bitmap => bitmap.unusable === undefined);
    const offered = new Set([...always, ...usable.map(bitmap => BITMAP_PREFIX + bitmap.name)]);
    throw new CowscopeError({
      code: 'CONTEXT_NOT_OFFERED',
      what: `there is no metadata context ${name}`,
      subject: layers[0]?.path ?? '',
      advice: `there are ${[...offered].join(', ')}`,
    });
  }
  if (found.unusable !== undefined)
    throw new CowscopeError({
      code: 'BITMAP_UNUSABLE',
      what: `the bitmap ${found.name} cannot be used: ${found.unusable}`,
      subject: found.path,
      advice: 'cowscope layers lists the others',
    });
  return {
    name,
    spec: { list: 'nbdinfo', context: 'bitmap', bitmap: { layer: found.index, name: found.name } },
  };
}
