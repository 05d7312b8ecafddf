/** Chains in memory, read by the real engine in place: what the window is developed and tested with. */
import { Engine } from '../../../electron/engine/engine.ts';
import type { EnginePlan, FromEngine, LayerPlan } from '../../../electron/engine/worker/protocol.ts';
import { openQcow2, parsedOf } from '../../../electron/qcow2/read/image.ts';
import type { ImageSource } from '../../../electron/qcow2/read/source.ts';
import { CowscopeError } from '../../../shared/error.ts';
import {
  ABSENT,
  COMPRESSED,
  DEPTH_SHIFT,
  DIRTY,
  depthOf,
  HOLE,
  LOCAL,
  RESERVED,
  ZERO,
} from '../../../shared/extent/flags.ts';
import type { StatusList } from '../../../shared/extent/status-batch.ts';
import type { QuestionArgs, QuestionName, QuestionReply } from '../../../shared/ipc/questions.ts';
import type { Finding } from '../../../shared/model/finding.ts';
import type { BackingLink, ChainInfo, LayerInfo } from '../../../shared/model/layer.ts';
import type { TrackInfo } from '../../../shared/model/track.ts';
import { statusList } from '../status-lists.ts';
import { extentImage } from './extent-image.ts';

const DATA = LOCAL;
const ZERO_HOLE = LOCAL | HOLE | ZERO;
const ZERO_KEPT = LOCAL | HOLE | ZERO | RESERVED;
const NONE = ABSENT | HOLE | ZERO;

/** One layer's extents: starts ascending from 0, with the flags of each. A raw layer is data throughout. */
export interface FakeLayer {
  readonly info: LayerInfo;
  readonly starts: number[];
  readonly flags: number[];
}

/** A chain in a separate engine. */
export interface FakeChain {
  readonly info: ChainInfo;
  readonly tracks: readonly TrackInfo[];
  ask<Q extends QuestionName>(question: Q, args: QuestionArgs<Q>): Promise<QuestionReply<Q>>;
  /** Resolves when the engine has read everything. */
  read(): Promise<void>;
  /** Adds findings as the discovery of a chain does. */
  find(findings: readonly Finding[]): void;
  /** Hears what the engine says by itself from now on. */
  listen(listener: (message: FromEngine) => void): void;
}

/** Opens layers (base first) in an engine. */
export function fakeChain(layers: readonly FakeLayer[], notes: readonly string[] = []): FakeChain {
  const size = layers.at(-1)!.info.size;
  const sources: ImageSource[] = [];
  const complete = layers[0]!.info.backing.status === 'none';
  const plan: EnginePlan = {
    layers: layers.map(layer => planOf(layer, sources)),
    size,
    buildPyramid: true,
    extentBudget: 4_000_000,
    ...(complete ? {} : { baseMissing: true }),
  };
  let tracks: readonly TrackInfo[] = [];
  let listener = (_: FromEngine): void => {};
  let finish = (): void => {};
  const reading = new Promise<void>(resolve => {
    finish = resolve;
  });
  const waiting = new Map<number, (message: FromEngine) => void>();
  const engine = new Engine(
    message => {
      if (message.kind === 'failed') throw new CowscopeError(message.error);
      if (message.kind === 'opened' || message.kind === 'tracks') tracks = message.tracks;
      if (message.kind === 'progress' && message.layers.every(({ phase }) => phase === 'done')) finish();
      if (message.kind === 'reply' || message.kind === 'error') waiting.get(message.id)?.(message);
      else listener(message);
    },
    ({ fd }) => sources[fd]!,
  );
  engine.receive({ kind: 'open', plan });
  layers.forEach((fake, layer) => {
    const lists = statusOf(fake);
    if (lists.length === 0) return;
    engine.receive({ kind: 'batch', layer, batch: { offset: 0, covered: fake.info.size, lists } });
    engine.receive({ kind: 'feedEnded', layer, end: {} });
  });
  let lastId = 0;
  return {
    info: { layers: layers.map(({ info }) => info), size, complete, notes, findings: [] },
    tracks,
    read: () => reading,
    find: findings => engine.receive({ kind: 'chainFindings', findings }),
    listen(next) {
      listener = next;
    },
    ask(question, args) {
      const id = ++lastId;
      return new Promise((resolve, reject) => {
        waiting.set(id, message => {
          waiting.delete(id);
          if (message.kind === 'reply') resolve(message.value as never);
          else if (message.kind === 'error') reject(new CowscopeError(message.error));
        });
        engine.receive({ kind: 'ask', id, question, args });
      });
    },
  };
}

const WHOLE_CHAIN = ['base:allocation', 'qemu:allocation-depth'];

/** What an NBD server says of a layer; empty where the layer has tables. */
function statusOf({ info, starts, flags }: FakeLayer): StatusList[] {
  const entries = (statusOfFlags: (flags: number) => number) =>
    starts.map((start, i) => ({
      length: (starts[i + 1] ?? info.size) - start,
      value: statusOfFlags(flags[i] as number),
    }));
  const allocation = (held: number) => (held & HOLE ? 1 : 0) | (held & ZERO ? 2 : 0);
  if (info.format === 'raw') return [statusList(0, [{ length: info.size, value: 0 }])];
  if (info.format === 'nbd') return [statusList(0, entries(allocation)), statusList(1, entries(depthOf))];
  return [];
}

function planOf({ info, starts, flags }: FakeLayer, sources: ImageSource[]): LayerPlan {
  const { name: title, size, clusterSize } = info;
  if (info.format === 'raw')
    return { title, size, clusterSize, nbd: { exportKind: 'rawLayer', contexts: ['base:allocation'] } };
  if (info.format === 'nbd')
    return { title, size, clusterSize, nbd: { exportKind: 'wholeChain', contexts: WHOLE_CHAIN } };
  const source = extentImage(info.path, { size, starts, flags });
  const image = parsedOf(openQcow2(source));
  const metadata = { fd: sources.push(source) - 1, fileSize: source.size, path: info.path, image };
  return { title, size, clusterSize, metadata };
}

/** A layer's facts with sensible defaults. */
export function layerInfo(
  index: number,
  name: string,
  size: number,
  more: Partial<LayerInfo> = {},
): LayerInfo {
  const link: BackingLink = {
    recorded: index === 0 ? '' : 'below.qcow2',
    recordedFormat: index === 0 ? '' : 'qcow2',
    resolved: '',
    status: index === 0 ? 'none' : 'opened',
  };
  return {
    index,
    name,
    path: `/images/${name}`,
    format: 'qcow2',
    formatSource: 'magic',
    size,
    fileSize: Math.round(size / 3),
    allocatedSize: Math.round(size / 4),
    clusterSize: 65536,
    backing: link,
    qcow2: {
      version: 3,
      clusterSize: 65536,
      extendedL2: false,
      refcountBits: 16,
      compressionType: 'zlib',
      lazyRefcounts: false,
      dirty: false,
      corrupt: false,
      encryption: 'none',
      dataFile: '',
      dataFileRaw: false,
      snapshots: [],
      bitmaps: [],
    },
    notes: [],
    ...more,
  };
}

/** Extents from `[cluster, flags]` pairs in ascending order. */
function extents(info: LayerInfo, rows: readonly (readonly [number, number])[]): FakeLayer {
  return { info, starts: rows.map(([cluster]) => cluster * 65536), flags: rows.map(([, flags]) => flags) };
}

const K = 1024;

/** The golden chain: 1 MiB, 1 MiB and 1.25 MiB with every state that three layers can show. */
export function goldenChain(): FakeChain {
  return fakeChain([
    extents(layerInfo(0, 'base.qcow2', 1024 * K), [
      [0, DATA],
      [8, NONE],
    ]),
    extents(layerInfo(1, 'mid.qcow2', 1024 * K), [
      [0, NONE],
      [1, DATA],
      [2, NONE],
      [3, ZERO_HOLE],
      [4, ZERO_KEPT],
      [5, ZERO_HOLE],
      [6, NONE],
    ]),
    extents(layerInfo(2, 'top.qcow2', 1280 * K), [
      [0, NONE],
      [2, DATA],
      [3, NONE],
      [6, LOCAL | COMPRESSED],
      [7, NONE],
      [10, ZERO_HOLE],
      [11, NONE],
      [18, DATA],
      [19, NONE],
    ]),
  ]);
}

/** Data in a base that a shorter middle layer hides, with a missing or unopened backing file on request. */
export function shortMiddleChain(
  status: 'none' | 'missing' | 'needsConsent' = 'none',
  more: Partial<BackingLink> = {},
): FakeChain {
  const link: BackingLink = {
    recorded: '/srv/gold/windows-server-2022.qcow2',
    recordedFormat: 'qcow2',
    resolved: '/srv/gold/windows-server-2022.qcow2',
    status,
    ...(status === 'none'
      ? {}
      : {
          error: {
            code: status === 'missing' ? 'CHAIN_BACKING_MISSING' : 'CHAIN_NEEDS_CONSENT',
            what: status === 'missing' ? 'No such file' : 'The file lies outside the folder of the image',
            subject: '/srv/gold/windows-server-2022.qcow2',
            advice: '',
          },
        }),
    ...more,
  };
  return fakeChain([
    extents(
      layerInfo(0, 'base.raw', 1024 * K, {
        format: 'raw',
        formatSource: 'assumed',
        clusterSize: 1,
        backing: link,
      }),
      [[0, DATA]],
    ),
    extents(layerInfo(1, 'mid.qcow2', 512 * K), [
      [0, NONE],
      [2, DATA | DIRTY],
      [4, NONE],
    ]),
    extents(layerInfo(2, 'top\u202e.qcow2', 1024 * K), [
      [0, NONE],
      [6, ZERO_KEPT | DIRTY],
      [7, NONE],
    ]),
  ]);
}

/** An NBD export of a chain of two layers: data of the active layer, a hole of it, data below, nothing. */
export function remoteChain(): FakeChain {
  const { qcow2: _, ...info } = layerInfo(0, 'nbd://host/disk', 256 * K, { format: 'nbd', clusterSize: 1 });
  const atDepth = (depth: number) => depth << DEPTH_SHIFT;
  const rows = [atDepth(1), atDepth(1) | HOLE | ZERO, atDepth(2), HOLE | ZERO];
  return fakeChain([
    extents(
      info,
      rows.map((flags, i) => [i, flags] as const),
    ),
  ]);
}

/** A repeatable source of numbers from 0 to 1 (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A chain of `count` layers over `size` bytes, shaped as years of use leave it: a dense base, ever fewer and later writes. */
export function largeChain(size = 2 ** 40, count = 3, extentsPerLayer = 120_000): FakeChain {
  const layers: FakeLayer[] = [];
  for (let index = 0; index < count; index++) {
    const random = seeded(index + 1);
    const layerSize = index === 1 && count > 2 ? size * 0.875 : size;
    const info = layerInfo(
      index,
      index === 0 ? 'base.qcow2' : index === count - 1 ? 'top.qcow2' : `snap-${index}.qcow2`,
      layerSize,
    );
    const starts: number[] = [];
    const flags: number[] = [];
    const clusters = layerSize / 65536;
    let at = 0;
    while (at < clusters) {
      const place = at / clusters;
      const region = 0.5 + 0.5 * Math.sin(place * (9 + index * 4) + index) * Math.cos(place * 31 + index * 2);
      const wanted = index === 0 ? 0.25 + 0.75 * region : region ** 4 * 0.8;
      const roll = random();
      const state =
        roll < wanted * 0.8
          ? DATA
          : roll < wanted * 0.86
            ? LOCAL | COMPRESSED
            : roll < wanted * 0.93
              ? ZERO_HOLE
              : roll < wanted
                ? ZERO_KEPT
                : NONE;
      const mean = (clusters / extentsPerLayer) * (state === NONE && index > 0 ? 1.6 : 0.6);
      starts.push(at * 65536);
      flags.push(state);
      at += Math.max(1, Math.round(-Math.log(1 - random()) * mean));
    }
    layers.push({ info, starts, flags });
  }
  return fakeChain(layers);
}
