/** BLOCK_STATUS answers as the client hands them on. */
import type { StatusList } from '../../shared/extent/status-batch.ts';

/** One entry of a list. */
export interface StatusEntry {
  /** Bytes; below 2^32 unless the list is wide. */
  readonly length: number;
  readonly value: number | bigint;
}

/** The list of one context. Equal neighbors stay apart, as a server may send them. */
export function statusList(contextIndex: number, entries: readonly StatusEntry[], wide = false): StatusList {
  const step = wide ? 16 : 8;
  const payload = new Uint8Array(entries.length * step);
  const view = new DataView(payload.buffer);
  entries.forEach(({ length, value }, i) => {
    if (wide) {
      view.setBigUint64(i * step, BigInt(length));
      view.setBigUint64(i * step + 8, BigInt(value));
    } else {
      view.setUint32(i * step, length);
      view.setUint32(i * step + 4, Number(value));
    }
  });
  return { contextIndex, wide, payload };
}
