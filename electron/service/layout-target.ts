/** Where the bytes of one layer's file went. */
import { CowscopeError } from '../../shared/error.ts';
import type { ChainInfo, LayerInfo } from '../../shared/model/layer.ts';
import type { HostCluster } from '../../shared/model/layout.ts';
import type { Consent, OpenTarget } from '../../shared/model/target.ts';
import { discoverChain } from '../chain/discover.ts';
import { withWriters } from '../chain/writer-lock.ts';
import { type HostMap, mapHost } from '../qcow2/layout/host-map.ts';
import { LimitPassed } from '../qcow2/layout/read-limit.ts';
import { runInSlices } from '../qcow2/read/sliced-work.ts';
import { usageError } from './cli-target.ts';
import { type OnRead, watchReads } from './progress/read-watch.ts';

/** Which layer, and which cluster of its file. */
export interface LayoutChoice {
  /** Default: the top layer. */
  readonly layer?: number | undefined;
  /** An offset of the file. */
  readonly owner?: number | undefined;
  readonly onRead?: OnRead | undefined;
}

/**
 * Maps the file of a layer and hands it to `use`, with the cluster that was asked for and the chain. Rejects with CowscopeError where
 * the target cannot be opened, with LAYOUT_NO_TABLES for a layer that has none, and with LAYOUT_TOO_LARGE for one with
 * more than can be mapped.
 */
export async function withLayout<T>(
  target: OpenTarget & { kind: 'files' },
  consent: Consent,
  choice: LayoutChoice,
  use: (info: LayerInfo, map: HostMap, cluster: HostCluster | undefined, chain: ChainInfo) => Promise<T>,
): Promise<T> {
  const found = await discoverChain({ ...target, ...consent, onRead: choice.onRead });
  try {
    const index = choice.layer ?? found.layers.length - 1;
    const layer = watchReads(found.layers, choice.onRead)[index];
    if (layer === undefined) throw usageError(`there is no layer ${index}`, 'cowscope layers lists them');
    const { info, image } = layer;
    if (image === undefined || image.header.version === 1)
      throw layoutError(
        'LAYOUT_NO_TABLES',
        image === undefined
          ? `a ${info.format} file has no clusters`
          : 'version 1 of the format has no refcounts',
        info.path,
        'name an image of qcow2',
      );
    const map = await runInSlices(mapHost(image));
    const { owner } = choice;
    const cluster = owner === undefined ? undefined : await runInSlices(map.clusterAt(owner));
    const findings = withWriters(found.info.findings, await found.written);
    return await use(info, map, cluster, { ...found.info, findings });
  } catch (error) {
    if (!(error instanceof LimitPassed)) throw error;
    throw layoutError(
      'LAYOUT_TOO_LARGE',
      error.message,
      target.files.at(-1) ?? '',
      'see what cowscope check says of it',
    );
  } finally {
    await found.close();
  }
}

function layoutError(code: string, what: string, subject: string, advice: string): CowscopeError {
  return new CowscopeError({ code, what, subject, advice });
}
