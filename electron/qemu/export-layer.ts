/** One read-only qemu-nbd for one layer, opened alone: no backing file, nothing that the image names. */
import { CowscopeError, type ErrorRecord, errorRecord } from '../../shared/error.ts';
import { escapeUntrusted } from '../../shared/text/untrusted-text.ts';
import { waitForGreeting } from '../nbd/client/greeting.ts';
import {
  bitmapsToExport,
  type ExportHeader,
  type ExportSource,
  inheritedFiles,
  layerNode,
  readExportHeader,
  serverArguments,
} from './blockdev-args.ts';
import { startFailure, stderrTail } from './qemu-messages.ts';
import { type ServerProcess, startServer } from './server-process.ts';
import { findQemuNbd, type QemuTool } from './tools.ts';

/** How to export a layer. */
export interface ExportOptions {
  /** Default: {@link findQemuNbd}. */
  readonly tool?: QemuTool;
  /** Default: the empty name. */
  readonly exportName?: string;
  /** Names of dirty bitmaps to export beside allocation; those marked in use must not be among them. Default none. */
  readonly bitmaps?: readonly string[];
  /** Clients served at once. Default 16. */
  readonly clients?: number;
  /**
   * Read although another program may be writing. Only ever because a person said so after QEMU_IMAGE_LOCKED: what is
   * read may be torn.
   */
  readonly forceShare?: boolean;
  /** The server runs at low priority, so that a window stays responsive. Default false. */
  readonly lowPriority?: boolean;
  /** Milliseconds until the greeting must have arrived. Default 20 000. */
  readonly startTimeout?: number;
  /** Cancels the start; an export that has started is ended by its stop(). */
  readonly signal?: AbortSignal;
}

/** Why an export ended. */
export interface ExportEnd {
  /** True when stop() asked for it. */
  readonly asked: boolean;
  /** What happened, where stop() did not ask for it. */
  readonly error?: ErrorRecord;
}

/** A layer that is being served. */
export interface LayerExport {
  /** Where a client connects: a unix socket in a folder that only this user can enter. */
  readonly address: {
    readonly endpoint: { readonly kind: 'unix'; readonly path: string };
    readonly exportName: string;
    readonly tls: undefined;
    /** What errors name: the image. */
    readonly text: string;
  };
  /** Names of the bitmaps that are offered as qemu:dirty-bitmap:NAME. */
  readonly bitmaps: readonly string[];
  /** Bitmaps that were asked for and are not offered, with the reason: one object where several have the same. */
  readonly bitmapsLeft: readonly { readonly name: string; readonly error: ErrorRecord }[];
  readonly pid: number;
  /** Resolves, and never rejects, when the server is gone and its socket removed. */
  readonly exited: Promise<ExportEnd>;
  /** Ends the server; resolves when it is gone and its socket removed. May be called again. */
  stop(): Promise<void>;
}

/** Milliseconds between asking a server to end and killing it. */
const GRACE_MS = 1000;

/**
 * Serves one layer and resolves when its server has greeted. The caller keeps the descriptors of `layer` open until
 * then; qemu has opened the files for itself by that time.
 *
 * Rejects with QEMU_NBD_MISSING, QEMU_DATA_FILE_CONSENT (the image has an external data file and none was consented
 * to: no child is started), QEMU_NOT_QCOW2, QEMU_SOCKET_FOLDER, QEMU_START_TIMEOUT, QEMU_IMAGE_LOCKED, QEMU_ENCRYPTED,
 * QEMU_LIMIT, QEMU_PERMISSION, QEMU_START_FAILED or CANCELLED. Nothing is left behind then. When a bitmap is what
 * qemu refuses, the layer is served without it and `bitmapsLeft` says why.
 */
export async function exportLayer(layer: ExportSource, options: ExportOptions = {}): Promise<LayerExport> {
  const tool = options.tool ?? (await findQemuNbd());
  if (tool === undefined) throw failure(layer, MISSING);
  const head = checkedHead(layer);
  let { taken, left } = bitmapsToExport(layer.format === 'qcow2' ? (options.bitmaps ?? []) : [], tool);
  const tooMany = { ...BITMAP_LEFT_OUT, subject: layer.source.path };
  let leftOut: LayerExport['bitmapsLeft'] = left.map(name => ({ name, error: tooMany }));
  for (;;) {
    try {
      return await serve(layer, head, tool, taken, leftOut, options);
    } catch (thrown) {
      const error = errorRecord(thrown);
      if (error.code !== 'QEMU_BITMAP_REFUSED' || taken.length === 0) throw thrown;
      // qemu names one bitmap at a time; where none can be made out, all are given up rather than the layer.
      const named = taken.filter(name => error.what.includes(`'${escapeUntrusted(name)}'`));
      const refused = named.length > 0 ? named : taken;
      leftOut = [...leftOut, ...refused.map(name => ({ name, error }))];
      taken = taken.filter(name => !refused.includes(name));
    }
  }
}

async function serve(
  layer: ExportSource,
  head: ExportHeader,
  tool: QemuTool,
  bitmaps: readonly string[],
  bitmapsLeft: LayerExport['bitmapsLeft'],
  options: ExportOptions,
): Promise<LayerExport> {
  const { exportName = '', clients = 16, forceShare = false, startTimeout = 20_000, signal } = options;
  if (signal?.aborted) throw failure(layer, CANCELLED);
  const node = layerNode(layer, head, forceShare);
  const server = startServer(
    folder => [...tool.prefix(folder), tool.path],
    socket => serverArguments(layer, node, { socket, exportName, clients, bitmaps }, tool),
    inheritedFiles(layer),
    options.lowPriority,
  );
  await becomeReady(server, layer, startTimeout, signal);

  let asked = false;
  const exited = server.exited.then(({ code, signal: killer, stderr }): ExportEnd => {
    if (asked) return { asked };
    const how = killer === '' ? `with exit code ${code}` : `by ${killer}`;
    const words = stderrTail(stderr);
    return {
      asked,
      error: { ...DIED, what: `${DIED.what} ${how}${words && `: ${words}`}`, subject: layer.source.path },
    };
  });
  const stop = async () => {
    asked = true;
    await server.end(GRACE_MS);
  };
  const endpoint = { kind: 'unix', path: server.socket } as const;
  const address = { endpoint, exportName, tls: undefined, text: layer.source.path };
  return { address, bitmaps, bitmapsLeft, pid: server.pid ?? -1, exited, stop };
}

/** Resolves when the server has greeted; otherwise ends it, waits until it is gone, and throws why. */
async function becomeReady(
  server: ServerProcess,
  layer: ExportSource,
  timeout: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const over = new AbortController();
  let reason = CANCELLED;
  const giveUp = (why: typeof CANCELLED) => () => {
    if (over.signal.aborted) return; // the first reason is the reason
    reason = why;
    over.abort();
  };
  const cancel = giveUp(CANCELLED);
  const timer = setTimeout(giveUp(TIMEOUT), timeout);
  signal?.addEventListener('abort', cancel, { once: true });
  if (signal?.aborted) cancel();
  void server.exited.then(giveUp(ENDED));
  const ready = await waitForGreeting(server.socket, over.signal);
  clearTimeout(timer);
  signal?.removeEventListener('abort', cancel);
  if (ready && !signal?.aborted) return;
  // A SIGTERM now could be lost: qemu-nbd takes it from the greeting on. There is nothing it would have to save.
  const { failure: notRun, stderr } = await server.end(0);
  if (reason !== ENDED) throw failure(layer, reason);
  throw new CowscopeError(startFailure(notRun === '' ? stderr : notRun, layer.source.path));
}

/** The image's header, read from the descriptor that the child will get. The gate before which no child starts. */
function checkedHead(layer: ExportSource): ExportHeader {
  if (layer.format === 'raw') return { isQcow2: false, clusterSize: 0, hasDataFile: false };
  let head: ExportHeader;
  try {
    head = readExportHeader(layer.source.fd);
  } catch (error) {
    throw failure(layer, { ...UNREADABLE, what: `${UNREADABLE.what}: ${errorRecord(error).what}` });
  }
  if (!head.isQcow2) throw failure(layer, NOT_QCOW2);
  if (head.hasDataFile && layer.dataFile === undefined) throw failure(layer, DATA_FILE_CONSENT);
  return head;
}

function failure(layer: ExportSource, reason: Omit<ErrorRecord, 'subject'>): CowscopeError {
  return new CowscopeError({ ...reason, subject: layer.source.path });
}

const MISSING = {
  code: 'QEMU_NBD_MISSING',
  what: 'qemu-nbd is not installed or does not run, so only the metadata witness can be asked',
  advice:
    'install qemu-utils (Debian, Ubuntu), qemu-img (Fedora) or qemu (Arch, Homebrew), or set COWSCOPE_QEMU_NBD',
};
const DATA_FILE_CONSENT = {
  code: 'QEMU_DATA_FILE_CONSENT',
  what: 'the image names an external data file, which qemu-nbd would open',
  advice: 'consent to the data file, or use the metadata witness, which does not need it',
};
const NOT_QCOW2 = {
  code: 'QEMU_NOT_QCOW2',
  what: 'the file does not begin like a qcow2 image',
  advice: 'open it as raw if that is what it is',
};
const UNREADABLE = {
  code: 'QEMU_PERMISSION',
  what: 'the image could not be read',
  advice: 'check the disk and the permissions of the file',
};
const BITMAP_LEFT_OUT = {
  code: 'QEMU_BITMAP_LEFT_OUT',
  what: 'a bitmap cannot be named on a command line, or there are more than one server is asked to export',
  advice: 'use the metadata witness for it',
};
const TIMEOUT = {
  code: 'QEMU_START_TIMEOUT',
  what: 'qemu-nbd did not begin to serve in time',
  advice: 'try again; the metadata witness may be able to read the image',
};
const CANCELLED = { code: 'CANCELLED', what: 'starting qemu-nbd was cancelled', advice: '' };
const ENDED = { code: 'QEMU_START_FAILED', what: 'qemu-nbd ended', advice: '' };
const DIED = {
  code: 'QEMU_NBD_DIED',
  what: 'qemu-nbd ended while the layer was being read',
  advice: 'read the layer again; what has been read so far is still shown',
};
