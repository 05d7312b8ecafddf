/**
 * A rehearsal of the first picture: a small chain goes through a core that nobody listens to, so that the code of
 * opening, decoding, sweeping and tiles is compiled before a person waits for it. Costs some tens of milliseconds of a
 * thread that has nothing else to do.
 */
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileSource } from '../../qcow2/read/file-source.ts';
import { createEngine } from '../engine.ts';
import type { EnginePlan } from './protocol.ts';

const CLUSTER = 65_536;
const ENTRIES = CLUSTER / 8;
/** L1 entries, each naming the one L2 table. */
const TABLES = 32;
const SIZE = TABLES * ENTRIES * CLUSTER;
/** One column for every 32 MiB: the whole disk fits in two tiles. */
const LEVEL = 25;

/** Rehearses once. What goes wrong, such as a full temporary folder, only leaves the code cold. */
export async function warmUp(): Promise<void> {
  const image = rehearsalImage();
  let fd: number | undefined;
  try {
    fd = openUnnamed(image);
    await play(planOf(fd, image.length));
  } catch {
    // it is only a rehearsal
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/** Opens a file of these bytes that has no name any more: whenever the thread is ended, nothing is left behind. */
function openUnnamed(bytes: Uint8Array): number {
  const folder = mkdtempSync(join(tmpdir(), 'cowscope-'));
  try {
    const path = join(folder, 'rehearsal');
    writeFileSync(path, bytes);
    return openSync(path, 'r');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Opens the plan, reads all of it and asks for tiles. */
function play(plan: EnginePlan): Promise<void> {
  return new Promise(resolve => {
    const core = createEngine(message => {
      if (message.kind === 'failed' || message.kind === 'error' || message.kind === 'reply') resolve();
      if (message.kind === 'progress' && message.layers.every(({ phase }) => phase === 'done')) askTiles();
    }, fileSource);
    const askTiles = () =>
      core.receive({ kind: 'ask', id: 1, question: 'tiles', args: { level: LEVEL, first: 0, count: 2 } });
    core.receive({ kind: 'open', plan });
  });
}

function planOf(fd: number, fileSize: number): EnginePlan {
  const metadata = { fd, fileSize, path: 'rehearsal' };
  const layer = { title: '', size: SIZE, clusterSize: CLUSTER, metadata };
  return { layers: [layer, layer], size: SIZE, keep: true, extentBudget: Number.POSITIVE_INFINITY };
}

/** Header, L1 table, one L2 table of zeros and nothing in turns, refcount table: a cluster each. */
function rehearsalImage(): Uint8Array {
  const bytes = new Uint8Array(4 * CLUSTER);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x51_46_49_fb);
  view.setUint32(4, 3);
  view.setUint32(20, Math.log2(CLUSTER));
  view.setBigUint64(24, BigInt(SIZE));
  view.setUint32(36, TABLES);
  view.setBigUint64(40, BigInt(CLUSTER)); // L1 table
  view.setBigUint64(48, BigInt(3 * CLUSTER)); // refcount table
  view.setUint32(56, 1);
  view.setUint32(96, 4); // refcounts of 16 bits
  view.setUint32(100, 104); // header length
  for (let i = 0; i < TABLES; i++) view.setBigUint64(CLUSTER + 8 * i, BigInt(2 * CLUSTER));
  for (let i = 0; i < ENTRIES; i += 2) view.setBigUint64(2 * CLUSTER + 8 * i, 1n); // reads as zeros
  return bytes;
}
