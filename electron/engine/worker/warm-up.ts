/**
 * Warms up a thread: a small chain in memory goes through an engine of no use otherwise, so that the code of opening,
 * decoding, sweeping and tiles is compiled before a chain is opened. Costs some tens of milliseconds of an idle thread.
 */
import { openQcow2, parsedOf } from '../../qcow2/read/image.ts';
import type { ImageSource, SourceHandle } from '../../qcow2/read/source.ts';
import { Engine } from '../engine.ts';
import type { EnginePlan } from './protocol.ts';

const CLUSTER_BYTES = 65_536;
const ENTRIES = CLUSTER_BYTES / 8;
/** L1 entries, each naming the one L2 table. */
const L1_ENTRIES = 32;
const SIZE = L1_ENTRIES * ENTRIES * CLUSTER_BYTES;
/** One column for every 32 MiB: the whole disk fits in two tiles. */
const TILE_LEVEL = 25;

/** Opens the chain, reads all of it and asks for tiles. Never rejects: what goes wrong only leaves code uncompiled. */
export function warmUp(): Promise<void> {
  const image = smallImage();
  return new Promise(resolve => {
    const engine = new Engine(
      message => {
        if (message.kind === 'failed' || message.kind === 'error' || message.kind === 'reply') resolve();
        if (message.kind === 'progress' && message.layers.every(({ phase }) => phase === 'done')) askTiles();
      },
      handle => memorySource(image, handle),
    );
    const askTiles = () =>
      engine.receive({
        kind: 'ask',
        id: 1,
        question: 'tiles',
        args: { level: TILE_LEVEL, first: 0, count: 2 },
      });
    engine.receive({ kind: 'open', plan: planOf(image) });
  });
}

function memorySource(bytes: Uint8Array, { size, path }: SourceHandle): ImageSource {
  return {
    size,
    path,
    readAt(into, position) {
      const part = bytes.subarray(position, position + into.length);
      into.set(part);
      return part.length;
    },
    currentSize: () => size,
    bytesOnDisk: () => -1,
  };
}

function planOf(image: Uint8Array): EnginePlan {
  const handle = { fd: -1, size: image.length, path: 'warm-up' };
  const parsed = parsedOf(openQcow2(memorySource(image, handle)));
  const metadata = { fd: handle.fd, fileSize: handle.size, path: handle.path, image: parsed };
  const layer = { title: '', size: SIZE, clusterSize: CLUSTER_BYTES, metadata };
  return {
    layers: [layer, layer],
    size: SIZE,
    buildPyramid: true,
    extentBudget: Number.POSITIVE_INFINITY,
  };
}

/** Header, L1 table, one L2 table of zeros and nothing in turns, refcount table: a cluster each. */
function smallImage(): Uint8Array {
  const bytes = new Uint8Array(4 * CLUSTER_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x51_46_49_fb);
  view.setUint32(4, 3);
  view.setUint32(20, Math.log2(CLUSTER_BYTES));
  view.setBigUint64(24, BigInt(SIZE));
  view.setUint32(36, L1_ENTRIES);
  view.setBigUint64(40, BigInt(CLUSTER_BYTES)); // L1 table
  view.setBigUint64(48, BigInt(3 * CLUSTER_BYTES)); // refcount table
  view.setUint32(56, 1);
  view.setUint32(96, 4); // refcounts of 16 bits
  view.setUint32(100, 104); // header length
  for (let i = 0; i < L1_ENTRIES; i++) view.setBigUint64(CLUSTER_BYTES + 8 * i, BigInt(2 * CLUSTER_BYTES));
  for (let i = 0; i < ENTRIES; i += 2) view.setBigUint64(2 * CLUSTER_BYTES + 8 * i, 1n); // reads as zeros
  return bytes;
}
