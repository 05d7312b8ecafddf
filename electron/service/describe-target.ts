/** The chain as discovery finds it: headers and directories, and how each image uses its file. */
import { compareFindings, type Finding } from '../../shared/model/finding.ts';
import type { ChainInfo, LayerInfo } from '../../shared/model/layer.ts';
import type { Consent, OpenTarget } from '../../shared/model/target.ts';
import { discoverChain, type OpenLayer } from '../chain/discover.ts';
import { withWriters } from '../chain/writer-lock.ts';
import { measureAllocation } from '../qcow2/layout/allocation.ts';
import { fileSource } from '../qcow2/read/file-source.ts';
import { scanTables } from '../qcow2/read/findings/scan-tables.ts';
import { runInSlices } from '../qcow2/read/sliced-work.ts';
import { withEstimate } from './extent-estimate.ts';
import { type OnRead, watchReads } from './progress/read-watch.ts';

/**
 * Describes the layers of a target of files. Every table of every image is read once, for the space they use. Rejects
 * with CowscopeError when the top layer cannot be opened.
 */
export async function describeTarget(
  target: OpenTarget & { kind: 'files' },
  consent: Consent,
  onRead?: OnRead,
): Promise<ChainInfo> {
  const found = await discoverChain({ ...target, ...consent, onRead });
  try {
    const layers: LayerInfo[] = [];
    const findings = withWriters(found.info.findings, await found.written);
    for (const layer of watchReads(found.layers, onRead)) {
      layers.push(await withSpace(layer));
      findings.push(...(await tableFindings(layer)));
    }
    findings.sort(compareFindings);
    return await withEstimate({ ...found.info, layers, findings }, found.layers);
  } finally {
    await found.close();
  }
}

/** What the L1 and L2 tables of a layer's active disk show. */
async function tableFindings({ info, image, dataFile }: OpenLayer): Promise<readonly Finding[]> {
  if (image === undefined) return [];
  // The length of a device is not known here: nothing then lies past its end.
  const size = Number.POSITIVE_INFINITY;
  const data = dataFile === undefined ? undefined : fileSource({ fd: dataFile.fd, size, path: info.path });
  return runInSlices(scanTables(image, info.index, data));
}

/** A layer with how it uses its file. */
async function withSpace({ info, image }: OpenLayer): Promise<LayerInfo> {
  const { qcow2 } = info;
  if (image === undefined || qcow2?.details === undefined) return info;
  const space = await runInSlices(measureAllocation(image));
  return { ...info, qcow2: { ...qcow2, details: { ...qcow2.details, space } } };
}
