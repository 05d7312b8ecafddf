/** Reads a layer through a qemu-nbd of our own, which is started for it and ended with it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { CowscopeError, type ErrorRecord } from '../../../shared/error.ts';
import type { StatusBatch } from '../../../shared/extent/status-batch.ts';
import { contextsToAsk } from '../../../shared/nbd-contexts.ts';
import type { OpenLayer } from '../../chain/discover.ts';
import { connectNbd } from '../../nbd/client/client.ts';
import { NbdError } from '../../nbd/errors.ts';
import { walkReconnecting } from '../../nbd/walk/reconnect.ts';
import { type ExportOptions, exportLayer, type LayerExport } from '../../qemu/export-layer.ts';
import type { FeedSink } from '../prepared-target.ts';

/** Bytes asked about at first where a window is drawn meanwhile: a long reply and its taking last a millisecond or two. */
const REQUEST_BESIDE_WINDOW_BYTES = 2 ** 30;
/** Milliseconds before the first new try of a connection to a server of our own. */
const RECONNECT_DELAY_MS = 25;
/** Milliseconds in which the death of a server that closed its connection becomes known. */
const DEATH_NOTICE_MS = 1000;

/** How the layers' own servers are run. */
export type Serving = Pick<ExportOptions, 'forceShare' | 'lowPriority'>;

/** What a layer's server is asked for. */
export interface ServedLayer {
  /** The contexts planned, in the order in which the engine knows them. */
  readonly contexts: readonly string[];
  /** The bitmaps that the server is to export. */
  readonly bitmaps: readonly string[];
  readonly serving: Serving;
}

/** Runs the feed of a layer, as LayerFeed.run does. The server is gone when it settles. */
export async function runServedFeed(
  open: OpenLayer,
  { contexts, bitmaps, serving }: ServedLayer,
  start: number,
  sink: FeedSink,
  signal: AbortSignal,
): Promise<void> {
  const kind = open.info.format === 'raw' ? 'rawLayer' : 'isolatedLayer';
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
    const gently = serving.lowPriority === true ? { firstRequest: REQUEST_BESIDE_WINDOW_BYTES } : {};
    const range = { start, granularity: open.info.clusterSize, ...gently };
    const options = { reopen, delay: RECONNECT_DELAY_MS, signal };
    const last = await walkReconnecting(first, range, asPlanned, options);
    await last.close();
  } catch (error) {
    if (signal.aborted) throw error;
    throw await causeOf(error, server);
  } finally {
    await server.stop();
  }
}

/** A connection that broke because its server died is that death. The system may tell of it a little later. */
async function causeOf(error: unknown, server: LayerExport): Promise<unknown> {
  if (!(error instanceof NbdError) || !error.retryable) return error;
  const end = await Promise.race([server.exited, sleep(DEATH_NOTICE_MS, undefined, { ref: false })]);
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
