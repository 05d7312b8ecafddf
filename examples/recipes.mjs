/**
 * The demo chains as recipes: what each layer is and what is written to it, base first. make-chains.mjs and the tests
 * make them with {@link makeChain}. Plain JavaScript, so that it runs before anything is built; types in recipes.d.mts.
 */
import { execFile } from 'node:child_process';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const runFile = promisify(execFile);

/** Every kind of cluster in three layers. The middle's last cluster is written, then discarded: zeros over the base. */
export const golden = {
  name: 'golden',
  about:
    'three layers with every kind of cluster: data, compressed, zeros with and without host space, absent',
  layers: [
    { file: 'base.qcow2', size: '1M', writes: ['write -P1 0 512k'] },
    {
      file: 'mid.qcow2',
      size: '1M',
      writes: [
        'write -P2 64k 64k',
        'write -z -u 192k 64k',
        'write -P2 256k 64k',
        'write -z 256k 64k',
        'write -P2 320k 64k',
        'discard 320k 64k',
      ],
    },
    {
      file: 'top.qcow2',
      size: '1280k',
      writes: ['write -P3 128k 64k', 'write -c -P3 384k 64k', 'write -z -u 640k 64k', 'write -P3 1152k 64k'],
    },
  ],
};

/** Past the middle layer's end the base's data is hidden, and would come back if the middle were committed. */
export const shortMiddle = {
  name: 'short-middle',
  about: "a middle layer that ends early: the base's data past its end reads as zeros",
  layers: [
    { file: 'base.qcow2', size: '1M', writes: ['write -P1 0 1M'] },
    { file: 'mid.qcow2', size: '512k', writes: ['write -P2 128k 64k'] },
    { file: 'top.qcow2', size: '1M', writes: ['write -P3 256k 64k'] },
  ],
};

/** A discard marks a range dirty without allocating it; a bitmap open in a process that died stays in use. */
export const bitmaps = {
  name: 'bitmaps',
  about: 'dirty bitmaps: two in the base, one good and one never closed in the top',
  layers: [
    {
      file: 'base.qcow2',
      size: '1M',
      bitmaps: [
        { name: 'b0', granularity: '64k' },
        { name: 'b1', granularity: '32k' },
      ],
      writes: ['write -P1 64k 64k', 'write -z 512k 64k', 'discard 768k 64k'],
    },
    {
      file: 'top.qcow2',
      size: '1M',
      bitmaps: [
        { name: 'interrupted', granularity: '64k', inUse: true },
        { name: 'today', granularity: '64k' },
      ],
      writes: ['write -P2 128k 128k', 'write -z 64k 64k'],
    },
  ],
};

/** Subclusters of 4 KiB: data, zeros and absent ones within one cluster. */
export const extendedL2 = {
  name: 'extended-l2',
  about: 'extended L2 entries: clusters of 128 KiB that are written in pieces of 4 KiB',
  layers: [
    { file: 'base.qcow2', size: '512k', writes: ['write -P1 0 512k'] },
    {
      file: 'top.qcow2',
      size: '512k',
      options: ['extended_l2=on', 'cluster_size=128k'],
      writes: ['write -P2 4k 8k', 'write -z 128k 4k', 'write -P2 256k 4k', 'write -z 384k 128k'],
    },
  ],
};

/** L2 entries of the top begin at 0x40000: guest cluster 0 gets an unaligned offset, cluster 4 one past the file's end. */
export const damaged = {
  name: 'damaged',
  about: 'a damaged top: one cluster at an unaligned offset, one past the end of the file',
  layers: [
    { file: 'base.qcow2', size: '1M', writes: ['write -P1 0 1M'] },
    {
      file: 'top.qcow2',
      size: '1M',
      writes: ['write -P2 0 128k', 'write -P2 256k 64k', 'write -z -u 512k 64k'],
      pokes: [
        { offset: 0x40000, hex: '8000000000052a00' },
        { offset: 0x40020, hex: '8000000001000000' },
      ],
    },
  ],
};

/**
 * Guest clusters 0 and 4 of the top share the cluster at 0x50000, and its refcount agrees with that: qemu-img check finds
 * nothing. Not among the demo chains: the guide shows it, and the window is tested with it.
 */
export const sharedCluster = {
  name: 'shared-cluster',
  about: 'a damaged top: two guest clusters on one cluster of the file',
  layers: [
    { file: 'base.qcow2', size: '1M', writes: ['write -P1 0 1M'] },
    {
      file: 'top.qcow2',
      size: '1M',
      writes: ['write -P2 0 128k', 'write -P3 256k 64k'],
      pokes: [
        { offset: 0x40000, hex: '0000000000050000' },
        { offset: 0x40020, hex: '0000000000050000' },
        { offset: 0x2000a, hex: '0002' },
        { offset: 0x2000e, hex: '0000' },
      ],
    },
  ],
};

/** Every demo chain. */
export const recipes = [golden, shortMiddle, bitmaps, extendedL2, damaged];

/**
 * The paths of a chain's files, base first, made in an existing folder with qemu-img and qemu-io. Backing names are
 * relative. The files are on disk when it resolves: qemu judges a file's holes by the blocks it has.
 */
export async function makeChain(recipe, folder) {
  let backing;
  for (const layer of recipe.layers) {
    await makeLayer(layer, folder, backing);
    backing = layer;
  }
  return recipe.layers.map(layer => join(folder, layer.file));
}

async function makeLayer(layer, folder, backing) {
  const {
    file,
    size,
    format = 'qcow2',
    options = [],
    bitmaps = [],
    writes = [],
    snapshots = [],
    pokes = [],
  } = layer;
  const run = (tool, ...args) => runFile(tool, args, { cwd: folder });
  const write = async commands => {
    if (commands.length > 0) await run('qemu-io', '-f', format, ...commands.flatMap(c => ['-c', c]), file);
  };
  const over = backing === undefined ? [] : ['-b', backing.file, '-F', backing.format ?? 'qcow2'];
  const created = options.flatMap(option => ['-o', option]);
  await run('qemu-img', 'create', '-q', '-f', format, ...created, ...over, file, size);
  for (const { name, granularity, inUse = false } of bitmaps) {
    await run('qemu-img', 'bitmap', '--add', '-g', granularity, file, name);
    if (inUse) await run('qemu-io', '-f', format, '-c', 'sigraise 9', file).catch(mustBeKilled);
  }
  await write(writes);
  for (const { name, writes } of snapshots) {
    await run('qemu-img', 'snapshot', '-c', name, file);
    await write(writes);
  }
  await pokeAndSync(join(folder, file), pokes);
}

/** A bitmap stays in use when the process that had it open for writing is killed. */
function mustBeKilled(error) {
  if (error.signal !== 'SIGKILL') throw error;
}

/** Writes bytes into a finished image, as damage does, and brings the file to disk. */
export async function pokeAndSync(path, pokes) {
  const handle = await open(path, 'r+');
  try {
    for (const { offset, hex } of pokes) await handle.write(Buffer.from(hex, 'hex'), 0, undefined, offset);
    await handle.sync();
  } finally {
    await handle.close();
  }
}
