import { expect, it } from 'vitest';
import { TableData } from '../../../../electron/qcow2/infer/table-data.ts';
import { openQcow2 } from '../../../../electron/qcow2/read/image.ts';
import { buildImage } from '../../../support/qcow2-reading.ts';

const CLUSTER = 65_536;

it('does not know data that the system cannot read, and reads the data beside it', () => {
  const contents = [1, 2].map(value => new Uint8Array(CLUSTER).fill(value));
  const { source, l2Offsets } = buildImage({
    size: 4 * CLUSTER,
    clusters: contents.map((content, index) => ({ index, kind: 'data', content })),
  });
  const table = (l2Offsets.get(0) as number) / CLUSTER;
  let lastRead = 0;
  let lost = Number.POSITIVE_INFINITY;
  const image = openQcow2({
    ...source,
    readAt: (into, position) => {
      lastRead = position;
      if (position >= lost && position < lost + CLUSTER) throw new Error('EIO: i/o error, read');
      return source.readAt(into, position);
    },
  });
  const data = new TableData(image, table);
  expect(data.read(CLUSTER, 4)).toEqual(Uint8Array.of(2, 2, 2, 2));
  lost = lastRead;
  expect(data.read(0, 4)).toEqual(Uint8Array.of(1, 1, 1, 1));
  expect(data.read(CLUSTER, 4)).toBeUndefined();
  expect(data.read(CLUSTER - 2, 4)).toBeUndefined();
});
