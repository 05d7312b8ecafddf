/** The chain as discovery finds it: headers and directories, and how each image uses its file. */
import { CowscopeError } from '../../shared/error.ts';
import type { ChainInfo, LayerInfo } from '../../shared/model/layer.ts';
import type { Consent, OpenTarget } from '../../shared/model/target.ts';
import { discoverChain, type OpenLayer } from '../chain/discover.ts';
import { addWriterNotes } from '../chain/writer-lock.ts';
import { measureSpace } from '../qcow2/layout/allocation.ts';
import { withEstimate } from './extent-estimate.ts';

/**
 * Describes the layers of a target of files. Every table of every image is read once, for the space they use. Rejects
 * with CowscopeError when the top layer cannot be opened.
 */
export async function describeTarget(
  target: OpenTarget & { kind: 'files' },
  consent: Consent,
): Promise<ChainInfo> {
  const found = await discoverChain({
    files: target.files,
    format: target.format,
    allow: consent.allow,
    allowAll: consent.allowAll,
  });
  try {
    const layers = addWriterNotes(found.layers.map(withSpace), await found.written);
    return await withEstimate({ ...found.info, layers }, found.layers);
  } finally {
    await found.close();
  }
}

/** A layer that cannot be measured, for want of refcounts or because of a failing disk, is described without. */
function withSpace({ info, image }: OpenLayer): LayerInfo {
  const { qcow2 } = info;
  if (image === undefined || qcow2?.details === undefined) return info;
  try {
    const space = measureSpace(image);
    return space === undefined
      ? info
      : { ...info, qcow2: { ...qcow2, details: { ...qcow2.details, space } } };
  } catch (error) {
    if (error instanceof CowscopeError) return info;
    throw error;
  }
}
