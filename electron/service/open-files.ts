/** Opens a chain of files: discovery, the plan for each layer's witnesses, and one qemu-nbd per layer that needs it. */

import { CowscopeError } from '../../shared/error.ts';
import { compareFindings } from '../../shared/model/finding.ts';
import { type ChainInfo, findSnapshot, type LayerInfo, type SnapshotInfo } from '../../shared/model/layer.ts';
import type { OpenTarget } from '../../shared/model/target.ts';
import { contextsToAsk } from '../../shared/nbd-contexts.ts';
import { discoverChain, type OpenLayer, type TopLayer } from '../chain/discover.ts';
import { withWriters } from '../chain/writer-lock.ts';
import type { LayerPlan } from '../engine/worker/protocol.ts';
import { parsedOf } from '../qcow2/read/image.ts';
import { bitmapsToExport } from '../qemu/blockdev-args.ts';
import { findQemuNbd, hasQemuNbd } from '../qemu/tools.ts';
import { fileContent } from './content/file-content.ts';
import { withEstimate } from './extent-estimate.ts';
import type { Serving } from './feeds/served-feed.ts';
import type { LayerFeed, PreparedTarget } from './prepared-target.ts';
import type { SessionOptions, WitnessChoice } from './session-options.ts';

const NO_QEMU_NOTE =
  'qemu-nbd was not found, so the holes of this raw layer are not known and all of it is shown as data; install qemu-utils to see them.';

/**
 * Opens the chain that the files name; `onTop` as in ChainRequest. Rejects with CowscopeError when not even the top layer
 * can be opened.
 */
export async function openFiles(
  target: OpenTarget & { kind: 'files' },
  options: SessionOptions,
  onTop?: (top: TopLayer) => void,
): Promise<PreparedTarget> {
  const { consent, witness: wanted = 'both', buildPyramid = true, extentBudget } = options;
  const serving = { forceShare: options.forceShare === true, lowPriority: options.interactive === true };
  // Located in the meantime. With a window its version is not awaited: the first picture comes before it.
  const isThere = wanted !== 'metadata' && (options.interactive === true ? hasQemuNbd() : qemuNbdWorks());
  if (isThere) isThere.catch(() => {}); // seen where it is awaited
  const found =
    options.discovered ?? (await discoverChain({ ...target, ...consent, onRead: options.onRead, onTop }));
  try {
    const isCaptured = found.info.capture !== undefined;
    if (isCaptured && wanted === 'nbd') throw captureNotServed(found.info, 'nbd');
    const witness = isCaptured ? 'metadata' : wanted;
    const hasRaw = !isCaptured && found.layers.some(({ info }) => info.format === 'raw');
    const haveQemu = await (hasRaw ? qemuNbdWorks() : isThere);
    const layers = found.layers.map((open, index) => {
      const own = index === found.layers.length - 1 ? snapshotOf(open, target.snapshot) : undefined;
      return open.info.format === 'raw'
        ? rawLayer(index, open, isCaptured ? 'captured' : haveQemu, serving)
        : qcow2Layer(index, open, own, { witness, haveQemu }, serving);
    });
    const infos = layers.map(({ info }) => info);
    const size = infos.at(-1)?.size ?? 0;
    return {
      baseMissing: !found.info.complete,
      async describe() {
        const findings = withWriters(found.info.findings, await found.written).sort(compareFindings);
        const chain = { ...found.info, layers: infos, size, findings };
        return withEstimate(chain, found.layers, buildPyramid ? extentBudget : Number.POSITIVE_INFINITY);
      },
      plans: layers.map(({ plan }) => plan),
      feeds: layers.flatMap(({ feed }) => (feed === undefined ? [] : [feed])),
      content: fileContent(found.layers, layers.at(-1)?.info.snapshot?.id, found.info.complete),
      changedLayers: () => found.changes.changedLayers(),
      close: () => found.close(),
    };
  } catch (error) {
    await found.close();
    throw error;
  }
}

/** Whether there is a qemu-nbd that runs. */
async function qemuNbdWorks(): Promise<boolean> {
  return (await findQemuNbd()) !== undefined;
}

interface PlannedLayer {
  readonly info: LayerInfo;
  readonly plan: LayerPlan;
  readonly feed?: LayerFeed;
}

/** The error of a capture that qemu-nbd was asked to read: it opens disk images alone. */
export function captureNotServed({ capture }: ChainInfo, witness: 'nbd' | 'both'): CowscopeError {
  return new CowscopeError({
    code: 'CAPTURE_NOT_SERVED',
    what: 'qemu-nbd cannot serve a capture',
    subject: capture?.path ?? '',
    advice: `leave out --witness ${witness}: a capture is read by its tables`,
  });
}

/** A raw layer: its holes are known to qemu-nbd alone, and they are not known of one that was captured. */
function rawLayer(
  index: number,
  open: OpenLayer,
  qemu: boolean | 'captured',
  serving: Serving,
): PlannedLayer {
  const { info } = open;
  const haveQemu = qemu === true;
  const contexts = haveQemu ? contextsToAsk('rawLayer', []) : [];
  return {
    info: qemu !== false ? info : { ...info, notes: [...info.notes, NO_QEMU_NOTE] },
    plan: {
      title: info.name,
      size: info.size,
      clusterSize: info.clusterSize,
      nbd: { exportKind: 'rawLayer', contexts },
    },
    feed: haveQemu ? servedFeed(index, open, contexts, [], serving) : unservedFeed(index, info),
  };
}

/**
 * A qcow2 layer. In a snapshot's view there is only the metadata witness: qemu-nbd serves the active disk. An external
 * data file that was not consented to keeps qemu-nbd away, too, unless it was asked for alone: then its refusal says why.
 */
function qcow2Layer(
  index: number,
  open: OpenLayer,
  snapshot: SnapshotInfo | undefined,
  { witness, haveQemu }: { readonly witness: WitnessChoice; readonly haveQemu: boolean },
  serving: Serving,
): PlannedLayer {
  const info = snapshot === undefined ? open.info : { ...open.info, size: snapshot.diskSize, snapshot };
  const notServed = whyNotServed(open, info, witness, haveQemu);
  const served = notServed === undefined;
  const { fd, size, path, frames } = open.source;
  const bitmaps = info.qcow2?.bitmaps ?? [];
  const usable = bitmaps.filter(bitmap => bitmap.unusable === undefined).map(({ name }) => name);
  const unusable = bitmaps.filter(bitmap => bitmap.unusable !== undefined).map(({ name }) => name);
  const { taken, left } = bitmapsToExport(usable);
  const contexts = contextsToAsk('isolatedLayer', taken);
  const unfedBitmaps = [...left, ...unusable];
  const metadata = open.image && {
    fd,
    fileSize: size,
    path,
    ...(frames === undefined ? {} : { frames }),
    image: parsedOf(open.image),
    ...(open.dataFile === undefined ? {} : { dataFileFd: open.dataFile.fd }),
    ...(snapshot === undefined ? {} : { snapshotId: snapshot.id }),
  };
  return {
    info,
    plan: {
      title: info.name,
      size: info.size,
      clusterSize: info.clusterSize,
      ...(metadata === undefined || (served && witness === 'nbd') ? {} : { metadata }),
      ...(served ? { nbd: { exportKind: 'isolatedLayer' as const, contexts, unfedBitmaps } } : { notServed }),
    },
    ...(served ? { feed: servedFeed(index, open, contexts, usable, serving) } : {}),
  };
}

/** Why qemu-nbd does not read a layer, as the end of a sentence; undefined where it does. */
function whyNotServed(
  { image }: OpenLayer,
  { snapshot, dataFile }: LayerInfo,
  witness: WitnessChoice,
  haveQemu: boolean,
): string | undefined {
  if (snapshot !== undefined) return 'an internal snapshot is shown, and qemu-nbd serves the active disk';
  if (witness === 'nbd') return undefined;
  if (witness === 'metadata') return 'it is read by its own tables alone';
  if (!haveQemu) return 'qemu-nbd was not found';
  if (dataFile !== undefined && dataFile.status !== 'opened') return 'its data file is not open';
  // qemu reads no image whose header is lost, and another map of one whose L1 table is.
  return image?.inferred === undefined ? undefined : 'qemu-nbd knows nothing of what was inferred';
}

/** The snapshot of that id or name; undefined where none is wanted. Throws QCOW2_SNAPSHOT_UNKNOWN, listing those there are. */
export function snapshotOf(open: OpenLayer, wanted: string | undefined): SnapshotInfo | undefined {
  if (wanted === undefined) return undefined;
  const snapshots = open.info.qcow2?.snapshots ?? [];
  const found = findSnapshot(snapshots, wanted);
  if (found !== undefined) return found;
  const known = snapshots.map(({ id, name }) => `${id} (${name})`).join(', ');
  throw new CowscopeError({
    code: 'QCOW2_SNAPSHOT_UNKNOWN',
    what: `there is no internal snapshot ${JSON.stringify(wanted)}`,
    subject: open.info.path,
    advice: known === '' ? 'the image has no internal snapshots' : `name one of these: ${known}`,
  });
}

/**
 * A layer read through a qemu-nbd started for it, which lives as long as the feed runs. `contexts` are those planned. The
 * code of that is loaded when the feed runs: most chains are read by their own tables alone.
 */
function servedFeed(
  layer: number,
  open: OpenLayer,
  contexts: readonly string[],
  bitmaps: readonly string[],
  serving: Serving,
): LayerFeed {
  return {
    layer,
    async run(start, sink, signal) {
      const { runServedFeed } = await import('./feeds/served-feed.ts');
      await runServedFeed(open, { contexts, bitmaps, serving }, start, sink, signal);
    },
  };
}

/** A raw layer without qemu-nbd: all of it is data, since nothing says otherwise. */
function unservedFeed(layer: number, info: LayerInfo): LayerFeed {
  return {
    layer,
    run: (start, sink) => sink.batch({ offset: start, covered: info.size - start, lists: [] }),
  };
}
