import { writeSync } from 'node:fs';
import { expect, it } from 'vitest';
import { checkImage } from '../../../../../electron/qcow2/check/engine.ts';
import { openQcow2 } from '../../../../../electron/qcow2/read/image.ts';
import { runToEnd } from '../../../../../electron/qcow2/read/sliced-work.ts';
import { buildImage } from '../../../../support/qcow2-reading.ts';

const CLUSTER = 65_536;
const ENTRIES = CLUSTER / 8;
const TABLES = 16;

it('compares tables whose entries all name one cluster once, and not entry by entry', () => {
  const clusters = Array.from({ length: TABLES }, (_, i) => ({ index: i * ENTRIES, kind: 'data' }) as const);
  const { source, l2Offsets } = buildImage({ size: TABLES * ENTRIES * CLUSTER, clusters });
  const entry = Buffer.alloc(8);
  source.readAt(entry, l2Offsets.get(0) as number);
  const table = Buffer.alloc(CLUSTER, entry);
  for (const offset of l2Offsets.values()) writeSync(source.fd, table, 0, CLUSTER, offset);
  const { findings, counts } = runToEnd(checkImage(openQcow2(source), { layer: 0 }));
  const low = findings.find(({ code }) => code === 'QCOW2_REFCOUNT_LOW');
  expect([low?.count, counts?.leaks]).toEqual([1, TABLES - 1]);
});
