/**
 * Chains to measure with: three layers of nothing but metadata (header, refcounts, L1 and L2 tables) in sparse files of
 * any size, made in seconds and accepted by qemu-img check.
 */
import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeQcow2 } from '../support/images/qcow2-builder.ts';
import { clustersOf, hostClustersOfAlternating, LAYERS, type LayerName, type Pattern } from './patterns.ts';

/** Sizes of the guest's disk by name, in bytes. */
export const SIZES = { S: 2 ** 36, M: 2 ** 40, L: 2 ** 43, XL: 2 ** 44 } as const;

export type SizeName = keyof typeof SIZES;

/** A chain on disk. */
export interface BenchChain {
  readonly pattern: Pattern;
  readonly sizeName: SizeName;
  /** Bytes of the guest. */
  readonly size: number;
  /** Guest clusters in a layer. */
  readonly clusters: number;
  /** Base first. */
  readonly files: readonly string[];
  readonly top: string;
}

/** A folder of chains. */
export interface ImageStore {
  /** A chain, made when it is first asked for. */
  chain(pattern: Pattern, size: SizeName, layers?: number): BenchChain;
  /** Removes what was made here. */
  remove(): void;
}

const CLUSTER_SIZE = 65_536;

/** Chains in `folder`, or in a new folder for temporary files. `say` takes one line on each chain made. */
export function openImageStore(folder: string | undefined, say: (line: string) => void): ImageStore {
  const chains = new Map<string, BenchChain>();
  const own = folder === undefined;
  if (folder !== undefined) mkdirSync(folder, { recursive: true });
  const root = folder ?? mkdtempSync(join(tmpdir(), 'cow-bench-'));

  return {
    chain(pattern, sizeName, layers = LAYERS.length) {
      const name = `${pattern}-${sizeName}${layers === LAYERS.length ? '' : `-${layers}`}`;
      const known = chains.get(name);
      if (known !== undefined) return known;
      const place = join(root, name);
      rmSync(place, { recursive: true, force: true });
      mkdirSync(place);
      const begun = performance.now();
      const made = makeChain(place, pattern, sizeName, layers);
      say(`made ${name} in ${((performance.now() - begun) / 1000).toFixed(1)} s`);
      chains.set(name, made);
      return made;
    },
    remove() {
      if (own) rmSync(root, { recursive: true, force: true });
      else for (const name of chains.keys()) rmSync(join(root, name), { recursive: true, force: true });
      chains.clear();
    },
  };
}

function makeChain(folder: string, pattern: Pattern, sizeName: SizeName, layers: number): BenchChain {
  const size = SIZES[sizeName];
  const clusters = size / CLUSTER_SIZE;
  const files: string[] = [];
  for (let i = 0; i < layers; i++) {
    // Chains of more layers repeat the three below their top.
    const layer = i === layers - 1 ? 'top' : (LAYERS[i % 3] as LayerName);
    const file = `layer${i}.qcow2`;
    const fd = openSync(join(folder, file), 'wx');
    const backing = files.at(-1);
    const count = hostClustersOfAlternating(layer, clusters);
    try {
      writeQcow2(fd, {
        size,
        clusters: clustersOf(pattern, layer, clusters),
        extendedL2: pattern === 'subclusters',
        l2Together: pattern !== 'apart',
        ...(backing === undefined ? {} : { backingFile: backing, backingFormat: 'qcow2' }),
        ...(pattern === 'scatter' && count > 0 ? { scatter: { count, place: disorder(count) } } : {}),
      });
    } finally {
      closeSync(fd);
    }
    checkImage(join(folder, file));
    files.push(file);
  }
  const paths = files.map(file => join(folder, file));
  return { pattern, sizeName, size, clusters, files: paths, top: paths.at(-1) as string };
}

/** A rearrangement of 0 to count-1 in which neighbors lie far apart. */
function disorder(count: number): (n: number) => number {
  let step = Math.floor(count * 0.6180339887);
  while (commonDivisor(step, count) !== 1) step++;
  let place = 0;
  return () => {
    place = (place + step) % count;
    return place;
  };
}

function commonDivisor(a: number, b: number): number {
  return b === 0 ? a : commonDivisor(b, a % b);
}

/** Throws what qemu-img check says of an image it does not accept. Its refcount cache is made large enough. */
function checkImage(path: string): void {
  const image = `driver=qcow2,refcount-cache-size=512M,backing=,file.filename=${path}`;
  execFileSync('qemu-img', ['check', '-q', '--image-opts', image], { stdio: ['ignore', 'ignore', 'pipe'] });
}
