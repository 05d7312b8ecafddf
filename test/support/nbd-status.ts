/** Reads status batches back into plain lists, in the simplest way, for tests to compare. */

import type { NbdConnection } from '../../electron/nbd/client/client.ts';
import { type WalkRange, walkBlockStatus } from '../../electron/nbd/walk/block-status.ts';
import type { StatusBatch } from '../../shared/extent/status-batch.ts';
import { type NbdinfoExtent, runWell } from './tools.ts';

/** One extent in bytes; flags as the server sent them. */
export interface PlainExtent {
  readonly offset: number;
  readonly length: number;
  readonly flags: number;
}

/** Flags that stand for a range that could not be read. */
export const UNREADABLE_FLAGS = -1;

/** The extents of one context over all batches, clipped to them, equal neighbors joined. */
export function plainExtents(batches: readonly StatusBatch[], contextIndex: number): PlainExtent[] {
  const extents: PlainExtent[] = [];
  const push = (offset: number, length: number, flags: number) => {
    const last = extents.at(-1);
    if (last !== undefined && last.flags === flags && last.offset + last.length === offset) {
      extents[extents.length - 1] = { ...last, length: last.length + length };
    } else extents.push({ offset, length, flags });
  };
  for (const { offset, covered, lists, unreadable } of batches) {
    if (unreadable !== undefined) {
      push(offset, covered, UNREADABLE_FLAGS);
      continue;
    }
    const list = lists.find(one => one.contextIndex === contextIndex);
    if (list === undefined) throw new Error(`no list of context ${contextIndex} at ${offset}`);
    const view = new DataView(list.payload.buffer, list.payload.byteOffset, list.payload.byteLength);
    let position = 0;
    for (let at = 0; at < view.byteLength && position < covered; at += list.wide ? 16 : 8) {
      const length = list.wide ? Number(view.getBigUint64(at)) : view.getUint32(at);
      const flags = list.wide ? Number(view.getBigUint64(at + 8)) : view.getUint32(at + 4);
      if (length === 0) throw new Error(`an extent of length zero at ${offset + position}`);
      push(offset + position, Math.min(length, covered - position), flags);
      position += length;
    }
    if (position < covered) throw new Error(`a list of context ${contextIndex} ends at ${offset + position}`);
  }
  return extents;
}

/** The flags of one context for every `unit` bytes; extents must be multiples of it. */
export function flagsByUnit(batches: readonly StatusBatch[], contextIndex: number, unit: number): number[] {
  return plainExtents(batches, contextIndex).flatMap(({ length, flags }) =>
    new Array<number>(length / unit).fill(flags),
  );
}

/** All batches of a walk over a connection's whole export. */
export async function walkAll(connection: NbdConnection, range: WalkRange = {}): Promise<StatusBatch[]> {
  const batches: StatusBatch[] = [];
  await walkBlockStatus(connection, range, batch => {
    batches.push(batch);
  });
  return batches;
}

/** What `nbdinfo --map=CONTEXT --json` says of an address, in the same form. */
export async function nbdinfoExtents(
  uri: string,
  context: string,
  command = 'nbdinfo',
): Promise<PlainExtent[]> {
  const rows: NbdinfoExtent[] = JSON.parse(await runWell(command, [`--map=${context}`, '--json', uri]));
  return rows.map(({ offset, length, type }) => ({ offset, length, flags: type }));
}
