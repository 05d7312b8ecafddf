import { describe, expect, it } from 'vitest';
import { ChainTables } from '../../../../electron/engine/tables/chain-tables.ts';
import { fileSource } from '../../../../electron/qcow2/read/file-source.ts';
import type { StatusBatch } from '../../../../shared/extent/status-batch.ts';

const ALTERNATING = 2 ** 18;
const tooMany = expect.objectContaining({ code: 'TOO_MANY_EXTENTS' });

/** Tables of one export, and a function that feeds them a batch of alternating extents: it returns how many it fed. */
function served(size: number, contexts: readonly string[], length: number) {
  const plan = { title: 'x', size, clusterSize: 1, nbd: { exportKind: 'wholeChain' as const, contexts } };
  const tables = new ChainTables(
    { layers: [plan], size, buildPyramid: false, extentBudget: 150_000_000 },
    fileSource,
  );
  const payload = new Uint8Array(8 * ALTERNATING);
  const view = new DataView(payload.buffer);
  for (let i = 0; i < ALTERNATING; i++) {
    view.setUint32(8 * i, length);
    view.setUint32(8 * i + 4, i % 2);
  }
  let fed = 0;
  const feed = () => {
    const lists = contexts.map((_, contextIndex) => ({ contextIndex, wide: false, payload }));
    const batch: StatusBatch = { offset: fed * length, covered: ALTERNATING * length, lists };
    tables.feed(0, batch);
    fed += ALTERNATING;
    return fed;
  };
  return { tables, feed };
}

describe('what comes over NBD', () => {
  it('is refused when a page holds more extents than any page of an image', () => {
    const { tables, feed } = served(2 ** 43, ['base:allocation'], 512);
    expect(tables.pageSpan).toBe(2 ** 31);
    while (feed() < 2 ** 21);
    expect(feed).toThrow(tooMany);
  });

  it('is refused when its extents take too much memory, however few there are of each context', () => {
    const bitmaps = Array.from({ length: 24 }, (_, i) => `qemu:dirty-bitmap:${i}`);
    const { feed } = served(2 ** 43, ['base:allocation', ...bitmaps], 4096);
    let fed = 0;
    expect(() => {
      for (;;) fed = feed();
    }).toThrow(tooMany);
    expect(fed * 25 * 3).toBeLessThan(448 * 2 ** 20);
  });

  it('takes no memory for pages of an export that were not fed', () => {
    const bitmaps = Array.from({ length: 62 }, (_, i) => `qemu:dirty-bitmap:${i}`);
    const before = process.memoryUsage().heapUsed;
    const { tables } = served(2 ** 53 - 2 ** 30, ['base:allocation', ...bitmaps], 4096);
    expect(tables.pageCount).toBeGreaterThan(60_000);
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(8 * 2 ** 20);
  });
});
