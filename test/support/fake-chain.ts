/** Chains in memory, computed naively: what the window is developed and tested against without a main process. */
import {
  ABSENT,
  COMPRESSED,
  DIRTY,
  HOLE,
  HOLE_OVERRIDES,
  isOwnZero,
  LOCAL,
  OUT_OF_RANGE,
  OVERRIDDEN,
  OVERRIDES,
  RESERVED,
  SHADOWED,
  ZERO,
} from '../../shared/extent/flags.ts';
import type { BackingLink, ChainInfo, LayerInfo } from '../../shared/model/layer.ts';
import type { TrackInfo } from '../../shared/model/track.ts';

const DATA = LOCAL;
const ZERO_HOLE = LOCAL | HOLE | ZERO;
const ZERO_KEPT = LOCAL | HOLE | ZERO | RESERVED;
const NONE = ABSENT | HOLE | ZERO;

/** One layer's extents before the sweep: starts ascending from 0. */
export interface FakeLayer {
  readonly info: LayerInfo;
  readonly starts: number[];
  readonly words: number[];
}

/** A chain cut at every border of any layer. */
export interface FakeChain {
  readonly info: ChainInfo;
  readonly tracks: readonly TrackInfo[];
  readonly starts: Float64Array;
  /** Layer where the walk stops, -1 where all are absent. */
  readonly stops: Int16Array;
  /** By track: the guest first, then top to base. */
  readonly words: readonly Uint32Array[];
}

/** Sweeps layers (base first) into a chain. */
function fakeChain(layers: readonly FakeLayer[], notes: readonly string[] = []): FakeChain {
  const size = layers.at(-1)!.info.size;
  const borders = new Set<number>([0]);
  for (const { starts, info } of layers) {
    for (const start of starts) if (start < size) borders.add(start);
    if (info.size < size) borders.add(info.size);
  }
  const starts = Float64Array.from([...borders].sort((a, b) => a - b));
  const words = Array.from({ length: layers.length + 1 }, () => new Uint32Array(starts.length));
  const stops = new Int16Array(starts.length);
  const cursor = layers.map(() => 0);
  starts.forEach((start, i) => {
    const own = layers.map((layer, l) => {
      while ((layer.starts[cursor[l]! + 1] ?? Number.POSITIVE_INFINITY) <= start) cursor[l]!++;
      return start >= layer.info.size ? OUT_OF_RANGE : layer.words[cursor[l]!]!;
    });
    const { stop, marked } = sweep(own);
    stops[i] = stop;
    marked.forEach((word, l) => {
      words[layers.length - l]![i] = word;
    });
    words[0]![i] = stop < 0 ? NONE : marked[stop]!;
  });
  const base = layers[0]!.info.backing.status;
  return {
    info: { layers: layers.map(({ info }) => info), size, complete: base === 'none', notes },
    tracks: [
      track(0, 'guest', -1, 'Guest', size),
      ...layers
        .map(({ info }) => track(layers.length - info.index, 'layer', info.index, info.name, info.size))
        .reverse(),
    ],
    starts,
    stops,
    words,
  };
}

function track(id: number, kind: 'guest' | 'layer', layer: number, title: string, size: number): TrackInfo {
  return { id, kind, layer, depth: 0, title, size, witness: 'metadata', ownerKnown: true };
}

/** The walk over one offset, by its definition: base first in, base first out. */
function sweep(own: readonly number[]): { stop: number; marked: number[] } {
  const marked = [...own];
  let stop = -1;
  for (let l = own.length - 1; l >= 0; l--) {
    if (own[l]! & (LOCAL | OUT_OF_RANGE)) {
      stop = l;
      break;
    }
  }
  own.forEach((word, l) => {
    if (!(word & LOCAL)) return;
    const reached: number[] = [];
    for (let below = l - 1; below >= 0 && !(own[below]! & OUT_OF_RANGE); below--) reached.push(own[below]!);
    const hidden = reached.filter(other => other & LOCAL);
    if (hidden.length > 0) marked[l]! |= OVERRIDES;
    if (isOwnZero(word) && hidden.some(other => !isOwnZero(other))) marked[l]! |= HOLE_OVERRIDES;
    const above = own.slice(l + 1);
    if (above.length === 0) return;
    const nearest = above.find(other => other & (LOCAL | OUT_OF_RANGE)) ?? 0;
    if (nearest & LOCAL) marked[l]! |= OVERRIDDEN;
    else if (nearest & OUT_OF_RANGE) marked[l]! |= SHADOWED;
  });
  return { stop, marked };
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

/** Extents from `[cluster, word]` pairs in ascending order. */
function extents(info: LayerInfo, rows: readonly (readonly [number, number])[]): FakeLayer {
  return { info, starts: rows.map(([cluster]) => cluster * 65536), words: rows.map(([, word]) => word) };
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
export function shortMiddleChain(status: 'none' | 'missing' | 'needsConsent' = 'none'): FakeChain {
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
            what:
              status === 'missing'
                ? 'The file does not exist'
                : 'The file lies outside the folder of the image',
            subject: '/srv/gold/windows-server-2022.qcow2',
            advice: '',
          },
        }),
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
    const words: number[] = [];
    const clusters = layerSize / 65536;
    let at = 0;
    while (at < clusters) {
      const place = at / clusters;
      const region = 0.5 + 0.5 * Math.sin(place * (9 + index * 4) + index) * Math.cos(place * 31 + index * 2);
      const wanted = index === 0 ? 0.25 + 0.75 * region : region ** 4 * 0.8;
      const roll = random();
      const word =
        roll < wanted * 0.8
          ? DATA
          : roll < wanted * 0.86
            ? LOCAL | COMPRESSED
            : roll < wanted * 0.93
              ? ZERO_HOLE
              : roll < wanted
                ? ZERO_KEPT
                : NONE;
      const mean = (clusters / extentsPerLayer) * (word === NONE && index > 0 ? 1.6 : 0.6);
      starts.push(at * 65536);
      words.push(word);
      at += Math.max(1, Math.round(-Math.log(1 - random()) * mean));
    }
    layers.push({ info, starts, words });
  }
  return fakeChain(layers);
}
