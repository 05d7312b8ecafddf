/** Random backing chains made with the real qemu-img and qemu-io; the same seed and features give the same chain. */
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type LayerRecipe, makeChain } from '../../../examples/recipes.mjs';

/** What chains may contain. */
export interface ChainFeatures {
  readonly extendedL2: boolean;
  readonly rawBase: boolean;
  readonly compressed: boolean;
  /** External data files, each beside its layer and named absolutely: qemu seeks relative ones from where it runs. */
  readonly dataFile: boolean;
  /** Internal snapshots with further writes after them. */
  readonly snapshots: boolean;
  readonly bitmaps: boolean;
  /** Entries that lead to host offsets from 2^53 on, which are past the end of every file; qemu maps them. */
  readonly farOffsets: boolean;
  /** Versions of qcow2 to choose from. */
  readonly versions: readonly (2 | 3)[];
}

const DEFAULT_FEATURES: ChainFeatures = {
  extendedL2: true,
  rawBase: true,
  compressed: true,
  dataFile: false,
  snapshots: false,
  bitmaps: false,
  farOffsets: false,
  versions: [2, 3, 3],
};

/** One layer of a random chain; sizes in bytes. */
export interface RandomLayer {
  readonly path: string;
  readonly format: 'qcow2' | 'raw';
  readonly size: number;
  /** 512 for a raw layer. */
  readonly clusterSize: number;
  readonly extendedL2: boolean;
  readonly version: 2 | 3 | undefined;
  readonly dataFile: string | undefined;
  readonly snapshots: readonly string[];
  readonly bitmaps: readonly string[];
  /** Entries of its tables that lead to host offsets from 2^53 on. */
  readonly farOffsets: number;
  /** How it was made, for a failing test to show. */
  readonly recipe: LayerRecipe;
}

/** A chain on disk, layers base first. */
export interface RandomChain {
  readonly seed: number;
  readonly layers: readonly RandomLayer[];
  /** Path of the last layer. */
  readonly top: string;
}

/** A random chain of 2 to 5 layers, at most a few MiB, made in an existing folder. Name files of several chains apart by `prefix`. */
export async function randomChain(
  seed: number,
  folder: string,
  features: Partial<ChainFeatures> = {},
  prefix = `${seed}-`,
): Promise<RandomChain> {
  const planned = planChain(seed, folder, prefix, { ...DEFAULT_FEATURES, ...features });
  const paths = await makeChain({ layers: planned.map(({ recipe }) => recipe) }, folder);
  const dice = new Dice(seed + 2 ** 30); // apart from the others: the same seed gives the same chain but for these
  const layers = await Promise.all(
    planned.map(async layer =>
      features.farOffsets === true && dice.chance(0.2)
        ? { ...layer, farOffsets: await moveFarAway(layer, dice.between(1, 3)) }
        : layer,
    ),
  );
  // Linux takes unwritten extents of a file for data once their pages are cached: of two readings the second would differ.
  for (const { path, format } of layers) if (format === 'raw') await readFile(path);
  return { seed, layers, top: paths.at(-1) as string };
}

/**
 * Has up to `count` data clusters of an image lie at host offsets from 2^53 on, as far as offsets reach; returns how many.
 * Of an external data file, and of a raw layer, the offsets are those of the guest, and stay.
 */
async function moveFarAway({ path, format, dataFile }: RandomLayer, count: number): Promise<number> {
  if (format === 'raw' || dataFile !== undefined) return 0;
  const file = await open(path, 'r+');
  try {
    const image = await file.readFile();
    const clusterBits = image.readUInt32BE(20);
    const entrySize = isExtended(image) ? 16 : 8;
    const l1 = Number(image.readBigUInt64BE(40));
    let moved = 0;
    for (let i = 0; i < image.readUInt32BE(36); i++) {
      const table = Number(image.readBigUInt64BE(l1 + 8 * i) & OFFSET);
      for (let at = table; table > 0 && at < table + 2 ** clusterBits && moved < count; at += entrySize) {
        const entry = image.readBigUInt64BE(at);
        if ((entry & OFFSET) === 0n || (entry & COMPRESSED) !== 0n) continue;
        const far = FAR + (BigInt(moved) << BigInt(clusterBits));
        image.writeBigUInt64BE((entry & ~OFFSET) | far, at);
        await file.write(image, at, 8, at);
        moved++;
      }
    }
    return moved;
  } finally {
    await file.close();
  }
}

const OFFSET = 0x00ff_ffff_ffff_fe00n;
const COMPRESSED = 1n << 62n;
const FAR = 2n ** 53n + 2n ** 32n;

/** True for an image of version 3 with extended L2 entries. */
function isExtended(image: Buffer): boolean {
  return image.readUInt32BE(4) >= 3 && (image.readBigUInt64BE(72) & 16n) !== 0n;
}

/** Choices from a seed: mulberry32, which has a period of 2^32 and needs no more than these tests ask of it. */
class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = Math.imul(seed, 0x9e3779b1);
  }

  /** A number from 0 up to, not including, 1. */
  roll(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number from `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low + Math.floor(this.roll() * (high - low + 1));
  }

  chance(probability: number): boolean {
    return this.roll() < probability;
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.between(0, choices.length - 1)] as T;
  }
}

const SECTOR = 512;
const CLUSTER_BITS = [9, 10, 11, 12, 12, 13, 14, 15, 16, 16, 16, 16, 17, 18, 19, 20, 21];

function planChain(seed: number, folder: string, prefix: string, features: ChainFeatures): RandomLayer[] {
  const dice = new Dice(seed);
  const unit = 2 ** Math.min(dice.pick(CLUSTER_BITS), 18);
  const usualSize = unit * dice.between(1, 24);
  const overhangs = features.extendedL2 && dice.chance(0.25);
  const count = dice.between(2, 5);
  const ends: number[] = [];
  return Array.from({ length: count }, (_, index) => {
    const size = sizeNear(usualSize, unit, dice);
    const layerDice = new Dice(dice.between(0, 2 ** 31));
    const name = `${prefix}${index}`;
    const raw = index === 0 && features.rawBase && layerDice.chance(0.25);
    const extent = { size, ends: [...ends], overhangs: overhangs && index === count - 1 };
    const layer = raw
      ? rawLayer(name, folder, size, layerDice)
      : qcow2Layer(name, folder, extent, features, layerDice);
    ends.push(layer.size);
    return layer;
  });
}

/** Where a layer ends, and where those below it do, in bytes. */
interface LayerExtent {
  readonly size: number;
  readonly ends: readonly number[];
  /** The layer has subclusters where possible, and is larger than those below. */
  readonly overhangs: boolean;
}

/** Most layers of a chain have one size; some are shorter or larger, and some end within a cluster. */
function sizeNear(usual: number, unit: number, dice: Dice): number {
  if (dice.chance(0.55)) return usual;
  const scaled = usual * dice.pick([0.25, 0.5, 0.75, 1.25, 1.5]) + dice.pick([0, 0, SECTOR, unit / 2]);
  return Math.max(SECTOR, Math.ceil(scaled / SECTOR) * SECTOR);
}

function rawLayer(name: string, folder: string, size: number, dice: Dice): RandomLayer {
  const file = `${name}.raw`;
  const writes = someWrites(size, SECTOR * 8, ['write', 'write', 'zero', 'unmap', 'discard'], dice);
  return {
    path: join(folder, file),
    format: 'raw',
    size,
    clusterSize: SECTOR,
    extendedL2: false,
    version: undefined,
    dataFile: undefined,
    snapshots: [],
    bitmaps: [],
    farOffsets: 0,
    recipe: { file, size: `${size}`, format: 'raw', writes },
  };
}

function qcow2Layer(
  name: string,
  folder: string,
  { size: usualSize, ends, overhangs }: LayerExtent,
  features: ChainFeatures,
  dice: Dice,
): RandomLayer {
  const hasBacking = ends.length > 0;
  const version = dice.pick(features.versions);
  const refcountBits = dice.pick(features.snapshots ? [8, 16, 16, 32, 64] : [1, 2, 4, 8, 16, 16, 16, 32, 64]);
  const luck = { extendedL2: dice.chance(0.4), dataFile: dice.chance(0.3), preallocation: dice.chance(0.08) };
  const zstd = dice.chance(0.1);
  const extendedL2 = features.extendedL2 && (luck.extendedL2 || overhangs) && version === 3;
  const longest = Math.max(0, ...ends);
  const clusterBits = dice.pick(clusterBitsFor(extendedL2, overhangs ? longest : 0));
  const overhang = dice.between(1, 64) * 2 ** (clusterBits - 5);
  const size = overhangs ? longest + overhang : usualSize;
  const preallocated = luck.preallocation && version === 3 && !hasBacking;
  const dataFile =
    features.dataFile && luck.dataFile && version === 3 ? join(folder, `${name}.data`) : undefined;
  const snapshotCount = features.snapshots && dataFile === undefined ? dice.between(0, 2) : 0; // qemu has no both
  const options = [`cluster_size=${2 ** clusterBits}`, `compat=${version === 2 ? '0.10' : '1.1'}`];
  if (version === 3) {
    options.push(`refcount_bits=${refcountBits}`, `extended_l2=${extendedL2 ? 'on' : 'off'}`);
    if (zstd) options.push('compression_type=zstd');
    if (preallocated) options.push('preallocation=metadata');
  }
  if (dataFile !== undefined) options.push(`data_file=${dataFile}`);

  const kinds: Kind[] = ['write', 'write', 'write', 'zero', 'unmap', 'unmap', 'discard'];
  const grain = extendedL2 ? 2 ** clusterBits / 32 : SECTOR;
  const write = () => someWrites(size, 2 ** clusterBits, kinds, dice, grain);
  const compressible = features.compressed && dataFile === undefined && !preallocated && !overhangs;
  const writes = [
    ...(compressible ? compressedWrites(size, 2 ** clusterBits, dice) : []),
    ...(overhangs ? [] : write()), // they would leave little of its few clusters reserved
    ...(extendedL2 ? writesAtEnds(size, overhangs ? [longest, longest] : [...ends, size], grain, dice) : []),
  ];
  const bitmaps =
    features.bitmaps && version === 3 ? ['b0', 'b1'].slice(0, dice.between(0, 2)).map(bitmapRecipe) : [];
  const snapshots = ['s0', 's1']
    .slice(0, snapshotCount)
    .map(snapshot => ({ name: snapshot, writes: write() }));
  function bitmapRecipe(bitmap: string) {
    return { name: bitmap, granularity: `${2 ** dice.between(9, 20)}` };
  }
  const file = `${name}.qcow2`;
  return {
    path: join(folder, file),
    format: 'qcow2',
    size,
    clusterSize: 2 ** clusterBits,
    extendedL2,
    version,
    dataFile,
    snapshots: snapshots.map(snapshot => snapshot.name),
    bitmaps: bitmaps.map(bitmap => bitmap.name),
    farOffsets: 0,
    recipe: { file, size: `${size}`, options, bitmaps, writes, snapshots },
  };
}

type Kind = 'write' | 'zero' | 'unmap' | 'discard';

const COMMANDS: Record<Kind, string> = {
  write: 'write -P',
  zero: 'write -z',
  unmap: 'write -z -u',
  discard: 'discard',
};

/** Up to 12 commands, fewer where clusters are large, most of them on whole clusters and some on grains within. */
function someWrites(
  size: number,
  cluster: number,
  kinds: readonly Kind[],
  dice: Dice,
  grain = SECTOR,
): string[] {
  const count = dice.between(0, Math.max(2, Math.min(12, 2 ** 22 / cluster)));
  return Array.from({ length: count }, () => {
    const kind = dice.pick(kinds);
    const step = dice.chance(0.7) ? cluster : dice.pick([grain, SECTOR]);
    const start = dice.between(0, Math.ceil(size / step) - 1) * step;
    const length = Math.min(dice.between(1, cluster >= 2 ** 18 ? 1 : 5) * step, size - start);
    return `${COMMANDS[kind]}${kind === 'write' ? dice.between(1, 255) : ''} ${start} ${length}`;
  });
}

/** Cluster sizes to choose from: with subclusters, where possible those in which a layer that ends at `end` ends inside a cluster. */
function clusterBitsFor(extendedL2: boolean, end: number): readonly number[] {
  if (!extendedL2) return CLUSTER_BITS;
  const withSubclusters = CLUSTER_BITS.filter(bits => bits >= 14);
  const cutting = withSubclusters.filter(bits => end % 2 ** bits !== 0);
  return cutting.length > 0 ? cutting : withSubclusters;
}

/**
 * Writes of a few subclusters in the clusters in which layers end. The rest of such a cluster is reserved host space, before
 * the end and past it; of a cluster that lies wholly past the end, qemu fills the rest with zeros.
 */
function writesAtEnds(size: number, ends: readonly number[], grain: number, dice: Dice): string[] {
  return ends.flatMap(end => {
    if (!dice.chance(0.7)) return [];
    const cluster = 32 * grain;
    const start = Math.floor(end / cluster) * cluster + dice.between(0, 31) * grain;
    const length = Math.min(dice.between(1, 3) * grain, size - start);
    return length > 0 ? [`${dice.pick(['write -P9', 'write -P9', 'write -z'])} ${start} ${length}`] : [];
  });
}

/** Up to 3 compressed writes apart from each other: qemu refuses them on a cluster that holds anything. */
function compressedWrites(size: number, cluster: number, dice: Dice): string[] {
  const commands: string[] = [];
  const gap = () => dice.between(0, Math.ceil(size / cluster / 3)) * cluster;
  for (let start = gap(), left = dice.between(0, 3); left > 0 && start < size; left--) {
    const length = Math.min(dice.between(1, cluster >= 2 ** 18 ? 1 : 3) * cluster, size - start);
    commands.push(`write -c -P${dice.between(1, 255)} ${start} ${length}`);
    start += length + gap();
  }
  return commands;
}

/** First seeds of groups that together count from 1 to `count`: one test a group, so that a failure names few seeds. */
export function seedGroups(count: number, group: number): number[] {
  return Array.from({ length: Math.ceil(count / group) }, (_, i) => i * group + 1);
}
