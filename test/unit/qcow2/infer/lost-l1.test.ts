/** L1 tables of earlier times tell places of L2 tables, and data that looks like one does not. */
import { writeSync } from 'node:fs';
import { expect, it } from 'vitest';
import { inferL1 } from '../../../../electron/qcow2/infer/infer-image.ts';
import { runToEnd } from '../../../../electron/qcow2/read/sliced-work.ts';
import { buildImage, readImage } from '../../../support/qcow2-reading.ts';

const K64 = 65_536;
/** Clusters that an L2 table describes. */
const ENTRIES = 8192;

/** An image with three L2 tables, the last of which leads to that data too. */
function threeTables(data: Buffer) {
  const filler = Buffer.alloc(K64, 'some data ');
  const clusters = [0, ENTRIES, 2 * ENTRIES].map(index => ({
    index,
    kind: 'data' as const,
    content: filler,
  }));
  const last = { index: 2 * ENTRIES + 1, kind: 'data' as const, content: data };
  return buildImage({ size: 2 ** 31, clusters: [...clusters, last] });
}

it('takes no data of the guest that names L2 tables for an L1 table of earlier times', () => {
  const { l2Offsets } = threeTables(Buffer.alloc(K64, 'x'));
  // As an L1 table would: the second table in the place of the first.
  const data = Buffer.alloc(K64);
  data.writeBigUInt64BE((1n << 63n) | BigInt(l2Offsets.get(1)!), 0);
  const { source, path, l1Offset } = threeTables(data);
  writeSync(source.fd, Buffer.alloc(4 * 8), 0, 32, l1Offset);
  const inference = runToEnd(inferL1(readImage(path), { reading: 1 }))?.inferred?.inference;
  expect(inference?.tables).toEqual({ found: 3, placed: 0 });
});
