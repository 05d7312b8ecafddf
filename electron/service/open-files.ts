/** Opens a chain of files: discovery, the plan for each layer's witnesses, and one qemu-nbd per layer that needs it. */

import { setTimeout as sleep } from 'node:timers/promises';
import { CowscopeError, type ErrorRecord } from '../../shared/error.ts';
import type { StatusBatch } from '../../shared/extent/status-batch.ts';
import { compareFindings } from '../../shared/model/finding.ts';
import { findSnapshot, type LayerInfo, type SnapshotInfo } from '../../shared/model/layer.ts';
import type { OpenTarget } from '../../shared/model/target.ts';
import { contextsToAsk } from '../../shared/nbd-contexts.ts';
import { discoverChain, type OpenLayer } from '../chain/discover.ts';
import { writerFindings } from '../chain/writer-lock.ts';
import type { LayerPlan } from '../engine/worker/protocol.ts';
import { connectNbd } from '../nbd/client/client.ts';
import { NbdError } from '../nbd/errors.ts';
import { walkReconnecting } from '../nbd/walk/reconnect.ts';
import { parsedOf } from '../qcow2/read/image.ts';
import { bitmapsToExport } from '../qemu/blockdev-args.ts';
import { type ExportOptions, exportLayer, type LayerExport } from '../qemu/export-layer.ts';
import { findQemuNbd, hasQemuNbd } from '../qemu/tools.ts';
import { fileContent } from './content/file-content.ts';
import { withEstimate } from './extent-estimate.ts';
import type { LayerFeed, PreparedTarget } from './prepared-target.ts';
import type { SessionOptions, WitnessChoice } from './session-options.ts';

/** Bytes asked about at first where a window is drawn meanwhile: a long reply and its taking last a millisecond or two. */
const REQUEST_BESIDE_WINDOW = 2 ** 30;
/** Milliseconds before the first new try of a connection to a server of our own. */
const RECONNECT_DELAY = 25;
/** Milliseconds in which the death of a server that closed its connection becomes known. */
const DEATH_NOTICE = 1000;
const NO_QEMU_NOTE =
  'qemu-nbd was not found, so the holes of this raw layer are not known and all of it is shown as data; install qemu-utils to see them.';

/** Opens the chain that the files name. Rejects with CowscopeError when not even the top layer can be opened. */
export async function openFiles(
  target: OpenTarget & { kind: 'files' },
  options: SessionOptions,
): Promise<PreparedTarget> {
  const { consent, witness = 'both', buildPyramid = true, extentBudget } = options;
  const serving = { forceShare: options.forceShare === true, lowPriority: options.interactive === true };
  // Looked for meanwhile. Whoever waits for a picture does not wait for it to tell its version, too.
  const isThere = witness !== 'metadata' && (options.interactive === true ? hasQemuNbd() : runs());
  if (isThere) isThere.catch(() => {}); // seen where it is awaited
  const found = await discoverChain({ ...target, ...consent });
  try {
    const hasRaw = found.layers.some(({ info }) => info.format === 'raw');
    const haveQemu = await (hasRaw ? runs() : isThere);
    const layers = found.layers.map((open, index) => {
      const own = index === found.layers.length - 1 ? snapshotOf(open, target.snapshot) : undefined;
      return open.info.format === 'raw'
        ? rawLayer(index, open, haveQemu, serving)
        : qcow2Layer(index, open, own, witness === 'both' && !haveQemu ? 'metadata' : witness, serving);
    });
    const infos = layers.map(({ info }) => info);
    const size = infos.at(-1)?.size ?? 0;
    return {
      baseMissing: !found.info.complete,
      async describe() {
        const findings = [...found.info.findings, ...writerFindings(await found.written)].sort(
          compareFindings,
        );
        const chain = { ...found.info, layers: infos, size, findings };
        return withEstimate(chain, found.layers, buildPyramid ? extentBudget : Number.POSITIVE_INFINITY);
      },
      plans: layers.map(({ plan }) => plan),
      feeds: layers.flatMap(({ feed }) => (feed === undefined ? [] : [feed])),
      content: fileContent(found.layers, layers.at(-1)?.info.snapshot?.id),
      changedLayers: () => found.changes.changedLayers(),
      close: () => found.close(),
    };
  } catch (error) {
    await found.close();
    throw error;
  }
}

/** Whether there is a qemu-nbd that runs. */
async function runs(): Promise<boolean> {
  return (await findQemuNbd()) !== undefined;
}

/** How the layers' own servers are run. */
type Serving = Pick<ExportOptions, 'forceShare' | 'lowPriority'>;

interface PlannedLayer {
  readonly info: LayerInfo;
  readonly plan: LayerPlan;
  readonly feed?: LayerFeed;
}

/** A raw layer: its holes are known to qemu-nbd alone. */
function rawLayer(index: number, open: OpenLayer, haveQemu: boolean, serving: Serving): PlannedLayer {
  const { info } = open;
  const contexts = haveQemu ? contextsToAsk('rawLayer', []) : [];
  return {
    info: haveQemu ? info : { ...info, notes: [...info.notes, NO_QEMU_NOTE] },
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
  witness: WitnessChoice,
  serving: Serving,
): PlannedLayer {
  const info = snapshot === undefined ? open.info : { ...open.info, size: snapshot.diskSize, snapshot };
  const closed = info.dataFile !== undefined && info.dataFile.status !== 'opened';
  const served = snapshot === undefined && (witness === 'nbd' || (witness === 'both' && !closed));
  const { fd, size, path } = open.source;
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
      ...(served ? { nbd: { exportKind: 'isolatedLayer' as const, contexts, unfedBitmaps } } : {}),
    },
    ...(served ? { feed: servedFeed(index, open, contexts, usable, serving) } : {}),
  };
}

/** The snapshot of that id or name. Throws QCOW2_SNAPSHOT_UNKNOWN, listing those there are. */
function snapshotOf(open: OpenLayer, wanted: string | undefined): SnapshotInfo | undefined {
  if (wanted === undefined) return undefined;
  const snapshots = open.info.qcow2?.snapshots ?? [];
  const found = findSnapshot(snapshots, wanted);
  if (found !== undefined) return found;
  const known = snapshots.map(({ id, name }) => `${id} (${name})`).join(', ');
  throw new CowscopeError({
    code: 'QCOW2_SNAPSHOT_UNKNOWN',
    what: `there is no internal snapshot ${JSON.stringify(wanted)}`,
    subject: open.info.path,
    advice: known === '' ? 'the image has no internal snapshots' : `there are ${known}`,
  });
}

/** A layer read through a qemu-nbd started for it, which lives as long as the feed runs. `contexts` are those planned. */
function servedFeed(
  layer: number,
  open: OpenLayer,
  contexts: readonly string[],
  bitmaps: readonly string[],
  serving: Serving,
): LayerFeed {
  const kind = open.info.format === 'raw' ? 'rawLayer' : 'isolatedLayer';
  return {
    layer,
    async run(start, sink, signal) {
      const server = await exportLayer(open, { ...serving, bitmaps, signal });
      let died: ErrorRecord | undefined;
      void server.exited.then(end => {
        died = end.error;
      });
      const offered = contextsToAsk(kind, server.bitmaps);
      const connect = () => connectNbd(server.address, { contexts: offered, signal });
      const reopen = () => (died === undefined ? connect() : Promise.reject(new CowscopeError(died)));
      try {
        for (const error of new Set(server.bitmapsLeft.map(({ error }) => error))) sink.missing(error);
        const first = await connect();
        const granted = first.contexts.map(context => context.name);
        const asPlanned = (batch: StatusBatch) => sink.batch(inPlannedOrder(batch, granted, contexts));
        const gently = serving.lowPriority === true ? { firstRequest: REQUEST_BESIDE_WINDOW } : {};
        const range = { start, granularity: open.info.clusterSize, ...gently };
        const options = { reopen, delay: RECONNECT_DELAY, signal };
        const last = await walkReconnecting(first, range, asPlanned, options);
        await last.close();
      } catch (error) {
        if (signal.aborted) throw error;
        throw await causeOf(error, server);
      } finally {
        await server.stop();
      }
    },
  };
}

/** A connection that broke because its server died is that death. The system may tell of it a little later. */
async function causeOf(error: unknown, server: LayerExport): Promise<unknown> {
  if (!(error instanceof NbdError) || !error.retryable) return error;
  const end = await Promise.race([server.exited, sleep(DEATH_NOTICE, undefined, { ref: false })]);
  return end?.error === undefined ? error : new CowscopeError(end.error, { cause: error });
}

/** The plan lists the contexts asked for; a server may grant fewer, and numbers those. */
function inPlannedOrder(
  batch: StatusBatch,
  granted: readonly string[],
  planned: readonly string[],
): StatusBatch {
  const lists = batch.lists.map(list => ({
    ...list,
    contextIndex: planned.indexOf(granted[list.contextIndex] as string),
  }));
  return { ...batch, lists };
}

/** A raw layer without qemu-nbd: all of it is data, since nothing says otherwise. */
function unservedFeed(layer: number, info: LayerInfo): LayerFeed {
  return {
    layer,
    run: (start, sink) => sink.batch({ offset: start, covered: info.size - start, lists: [] }),
  };
}
