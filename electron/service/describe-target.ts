/** The chain as discovery finds it: headers and directories, and how each image uses its file. */
import type { ChainInfo, LayerInfo } from '../../shared/model/layer.ts';
import type { Consent, OpenTarget } from '../../shared/model/target.ts';
import { discoverChain, type OpenLayer } from '../chain/discover.ts';
import { addWriterNotes } from '../chain/writer-lock.ts';
import { measureAllocation } from '../qcow2/layout/allocation.ts';
import { runInSlices } from '../qcow2/read/sliced-work.ts';
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
    const measured: LayerInfo[] = [];
    for (const layer of found.layers) measured.push(await withSpace(layer));
    const layers = addWriterNotes(measured, await found.written);
    return await withEstimate({ ...found.info, layers }, found.layers);
  } finally {
    await found.close();
  }
}

/** A layer with how it uses its file. */
async function withSpace({ info, image }: OpenLayer): Promise<LayerInfo> {
  const { qcow2 } = info;
  if (image === undefined || qcow2?.details === undefined) return info;
  const space = await runInSlices(measureAllocation(image));
  return { ...info, qcow2: { ...qcow2, details: { ...qcow2.details, space } } };
}
