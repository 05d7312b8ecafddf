/** Checks every layer of a chain of files. */
import {
  type ChainCheck,
  type LayerCheck,
  stepLeftOut,
  stepMissing,
  verdictOfCheck,
  worstVerdict,
} from '../../shared/model/check.ts';
import {
  compareFindings,
  type Finding,
  isOpenForWriting,
  WHOLE_CHAIN,
  withoutRepeats,
} from '../../shared/model/finding.ts';
import type { GuestDisk } from '../../shared/model/guest/guest-disk.ts';
import type { ChainInfo } from '../../shared/model/layer.ts';
import type { Consent, OpenTarget } from '../../shared/model/target.ts';
import { chainSteps } from '../../shared/text/chain-steps.ts';
import { type DiscoveredChain, discoverChain, type OpenLayer } from '../chain/discover.ts';
import { withWriters } from '../chain/writer-lock.ts';
import type { DeepOptions } from '../qcow2/check/deep.ts';
import { checkImage } from '../qcow2/check/engine.ts';
import { compressionOf } from '../qcow2/format/compressed.ts';
import { fileSource } from '../qcow2/read/file-source.ts';
import type { Qcow2Image } from '../qcow2/read/image.ts';
import { runInSlices } from '../qcow2/read/sliced-work.ts';
import { type OnRead, watchReads } from './progress/read-watch.ts';

/** A chain and what its check came to. */
export interface CheckedTarget {
  readonly chain: ChainInfo;
  readonly check: ChainCheck;
  /** The guest's partitions, where they were asked for. */
  readonly guest?: GuestDisk;
}

/** How to check. */
export interface CheckTargetRequest {
  /** Also reads every data cluster, and decompresses what is compressed. */
  readonly deep?: boolean;
  /** Also reads the partition table in the disk. */
  readonly partitions?: boolean;
  readonly onRead?: OnRead | undefined;
  /** Ends the check with CANCELLED. */
  readonly signal?: AbortSignal | undefined;
}

/** Checks a target of files. Rejects with CowscopeError when the top layer cannot be opened. */
export async function checkTarget(
  target: OpenTarget & { kind: 'files' },
  consent: Consent,
  request: CheckTargetRequest = {},
): Promise<CheckedTarget> {
  const found = await discoverChain({ ...target, ...consent, onRead: request.onRead });
  try {
    return await checkChain(found, request);
  } finally {
    await found.close();
  }
}

/** Checks a chain that is open, and stays so. Rejects with CANCELLED by its signal. */
export async function checkChain(
  found: DiscoveredChain,
  { deep = false, partitions = false, onRead, signal }: CheckTargetRequest = {},
): Promise<CheckedTarget> {
  const known = withWriters(found.info.findings, await found.written);
  const layers: LayerCheck[] = [];
  const more: Finding[] = [];
  for (const layer of watchReads(found.layers, onRead)) {
    const own = known.filter(finding => finding.layer === layer.info.index);
    const checked = await checkLayer(layer, own, deep, signal);
    layers.push(checked.check);
    more.push(...checked.more);
  }
  const findings = withoutRepeats(more, known);
  if (found.info.complete) findings.push(...(await oldData(found, findings, signal)));
  findings.sort(compareFindings);
  const steps = chainSteps(
    found.info.layers,
    index => layers[index]?.counts,
    (layer, code) => known.some(finding => finding.layer === layer && finding.code === code),
  );
  const ofChain = findings.filter(({ layer }) => layer === WHOLE_CHAIN);
  const verdict = worstVerdict([...layers.map(layer => layer.verdict), verdictOfCheck(ofChain, steps)]);
  const checked = { chain: found.info, check: { verdict, layers, steps, findings } };
  if (!partitions) return checked;
  const guest = await readGuest(found, signal);
  findings.push(...guest.findings); // notes: the verdict is about the images
  findings.sort(compareFindings);
  return { ...checked, guest };
}

/** Data of lower layers that shows in place of what a layer lost. Loaded where a layer lost something. */
async function oldData(
  { layers }: DiscoveredChain,
  findings: readonly Finding[],
  signal: AbortSignal | undefined,
): Promise<Finding[]> {
  const chain = layers.map(({ info: { name, size }, image }) => ({ name, size, image }));
  const shown: Finding[] = [];
  for (const layer of chain.keys()) {
    const own = findings.filter(finding => finding.layer === layer);
    if (!own.some(({ code }) => code === 'QCOW2_L2_EMPTY')) continue;
    const { findOldData } = await import('../chain/findings/old-data.ts');
    shown.push(...(await runInSlices(findOldData(chain, layer, own), () => signal?.aborted === true)));
  }
  return shown;
}

/** The guest's partitions. Loaded when they are asked for. */
async function readGuest(
  { layers, info }: DiscoveredChain,
  signal = new AbortController().signal,
): Promise<GuestDisk> {
  const [{ readDisk }, { fileContent }] = await Promise.all([
    import('./guest/read-partitions.ts'),
    import('./content/file-content.ts'),
  ]);
  return readDisk(fileContent(layers, undefined, info.complete), signal);
}

/** Checks one layer. `known` is what its header and links show; `more` is what was found beside. */
async function checkLayer(
  { info, image, dataFile }: OpenLayer,
  known: readonly Finding[],
  isDeep: boolean,
  signal: AbortSignal | undefined,
): Promise<{ check: LayerCheck; more: readonly Finding[] }> {
  if (image === undefined) {
    const isLost = known.some(({ code }) => code === 'CHAIN_HEADER_LOST');
    const steps = [
      isLost
        ? stepMissing('tables', 'its header is lost')
        : stepLeftOut('tables', `a ${info.format} file has none`),
    ];
    return { check: { layer: info.index, verdict: verdictOfCheck(known, steps), steps }, more: [] };
  }
  // The length of a device is not known here: nothing then lies past its end.
  const size = Number.POSITIVE_INFINITY;
  const data = dataFile === undefined ? undefined : fileSource({ fd: dataFile.fd, size, path: info.path });
  const deep = isDeep ? await deepOptions(image) : undefined;
  const { steps, counts, qemuRefusal, findings } = await runInSlices(
    checkImage(image, { layer: info.index, dataFile: data, deep, isOpenForWriting: isOpenForWriting(known) }),
    () => signal?.aborted === true,
  );
  const verdict = verdictOfCheck([...known, ...findings], steps, counts);
  return {
    check: {
      layer: info.index,
      verdict,
      steps,
      ...(counts === undefined ? {} : { counts }),
      ...(qemuRefusal === undefined ? {} : { qemuRefusal }),
    },
    more: findings,
  };
}

/** What a deep check of an image decompresses with. Loaded when it is asked for. */
async function deepOptions({ header }: Qcow2Image): Promise<DeepOptions> {
  const { loadDeepOptions } = await import('../engine/worker/decompress.ts');
  return loadDeepOptions(compressionOf(header.compressionType));
}
