/** Details of extents that a table lists: they are requested for the rows that are shown or copied. */
import { MAX_DETAILED_EXTENTS } from '../../../shared/ipc/questions.ts';
import type { ExtentDetails, LayerRange } from '../../../shared/model/track.ts';
import { askChain } from '../chain/ask-chain.ts';
import { setState } from '../store.ts';

/** An extent that may lie in no layer, where nothing is stored: its layer is -1. Its length is in bytes. */
export interface ListedExtent {
  readonly layer: number;
  readonly start: number;
  readonly length: number;
}

/** Details by the index of the extent: undefined for those of no layer, and where they could not be requested. */
export async function requestExtentDetails(
  extents: readonly ListedExtent[],
): Promise<readonly (ExtentDetails | undefined)[]> {
  const details: (ExtentDetails | undefined)[] = Array(extents.length).fill(undefined);
  const known = [...extents.entries()].filter(([, { layer }]) => layer >= 0);
  for (let first = 0; first < known.length; first += MAX_DETAILED_EXTENTS) {
    const asked = known.slice(first, first + MAX_DETAILED_EXTENTS);
    const reply = await askChain('extentDetails', { extents: asked.map(([, extent]) => rangeOf(extent)) });
    if (reply === undefined) break;
    if (!reply.ok) {
      setState({ error: reply.error });
      break;
    }
    for (const [i, [index]] of asked.entries()) details[index] = reply.value[i];
  }
  return details;
}

function rangeOf({ layer, start, length }: ListedExtent): LayerRange {
  return { layer, start, end: start + length };
}
