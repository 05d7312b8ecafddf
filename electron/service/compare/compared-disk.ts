import { CowscopeError } from '../../../shared/error.ts';
import type { ChainInfo } from '../../../shared/model/layer.ts';

/**
 * One disk of a comparison: what a session's chain shows, or one of its layers with what lies below it. Throws
 * LAYER_UNKNOWN for a layer that the chain does not have.
 */
export function diskOf<Session extends { readonly chain: Pick<ChainInfo, 'layers'> }>(
  session: Session,
  layer: number | undefined,
): { readonly session: Session; readonly layer: number | undefined } {
  const { layers } = session.chain;
  if (layer === undefined || layers[layer] !== undefined) return { session, layer };
  throw new CowscopeError({
    code: 'LAYER_UNKNOWN',
    what: `there is no layer ${layer}`,
    subject: layers.at(-1)?.path ?? '',
    advice: `the layers are 0 to ${layers.length - 1}`,
  });
}
