/** A file with more clusters than are counted at once is walked again, but for the tables that were counted whole. */
import { expect, test } from 'vitest';
import { checkImage } from '../../../../electron/qcow2/check/engine.ts';
import { openQcow2 } from '../../../../electron/qcow2/read/image.ts';
import { runToEnd } from '../../../../electron/qcow2/read/sliced-work.ts';
import { buildImage } from '../../../support/qcow2-reading.ts';

const CLUSTER = 512;

test('tables whose entries were all counted are not read again', () => {
  // 131,072 data clusters: three chunks of 65,536 with what describes them.
  const { source, l2Offsets } = buildImage({ size: 2 ** 26, clusterBits: 9, clusters: () => 'data' });
  const tables = [...l2Offsets.values()];
  const timesRead = (maxChunks?: number) => {
    const reads: [number, number][] = [];
    const readAt = (into: Uint8Array, position: number) => {
      reads.push([position, position + into.length]);
      return source.readAt(into, position);
    };
    const image = openQcow2({ ...source, readAt });
    reads.length = 0;
    const { counts, findings } = runToEnd(
      checkImage(image, { layer: 0, ...(maxChunks === undefined ? {} : { maxChunks }) }),
    );
    const of = (table: number) =>
      reads.filter(([start, end]) => start <= table && table + CLUSTER <= end).length;
    return { counts, findings, times: tables.map(of) };
  };
  const sum = (times: readonly number[]) => times.reduce((all, n) => all + n, 0);
  const whole = timesRead();
  const parts = timesRead(1);
  expect(parts.counts).toEqual(whole.counts);
  expect(parts.findings).toEqual(whole.findings);
  expect(Math.min(...parts.times)).toBeGreaterThanOrEqual(1);
  // Three passes would read every table; half of them are counted whole by the first. Neighbors are read in one go.
  expect(sum(parts.times)).toBeLessThan(2.5 * sum(whole.times));
});
