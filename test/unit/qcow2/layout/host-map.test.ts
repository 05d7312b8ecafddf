/** The map of a file: counted in passes, and asked for the users of clusters. */
import { expect, test } from 'vitest';
import { ClusterUsers } from '../../../../electron/qcow2/layout/cluster-users.ts';
import { mapHost } from '../../../../electron/qcow2/layout/host-map.ts';
import { ReadLimit, SLACK_BYTES } from '../../../../electron/qcow2/layout/read-limit.ts';
import { RefcountBlocks } from '../../../../electron/qcow2/layout/refcount-blocks.ts';
import { References } from '../../../../electron/qcow2/layout/references.ts';
import { openQcow2 } from '../../../../electron/qcow2/read/image.ts';
import { runToEnd } from '../../../../electron/qcow2/read/sliced-work.ts';
import { type ImageSource, readBytes } from '../../../../electron/qcow2/read/source.ts';
import { pokeU64 } from '../../../support/images/qcow2-builder.ts';
import { buildImage } from '../../../support/qcow2-reading.ts';

/** About 100,000 clusters of 512 bytes, in two chunks, with a snapshot, leaks and two clusters of one place. */
function largeImage() {
  const image = buildImage({
    size: 2 ** 26,
    clusterBits: 9,
    clusters: index => (index % 7 < 4 ? 'data' : index % 7 === 4 ? 'zeroAllocated' : 'unallocated'),
    snapshots: [{ id: '1', name: 'one', clusters: index => (index < 20_000 ? 'data' : 'unallocated') }],
  });
  pokeU64(image.source.fd, image.l1Offset + 8 * 20, 0n); // leaks
  pokeU64(
    image.source.fd,
    (image.l2Offsets.get(900) as number) + 8,
    BigInt(image.l2Offsets.get(3) as number),
  );
  return image;
}

test('the map of a file is the same in one pass and in many', () => {
  const { source } = largeImage();
  const [whole, ...others] = [undefined, 1].map(chunks => runToEnd(mapHost(openQcow2(source), chunks)));
  const runs = [...whole!.runs()];
  expect(new Set(runs.map(({ kind }) => kind)).size).toBeGreaterThan(6);
  for (const other of others) {
    expect(other.layout).toEqual(whole!.layout);
    expect([...other.runs()]).toEqual(runs);
  }
});

test('the users of a cluster are those that a walk over all tables finds', () => {
  const { source } = largeImage();
  let bytes = 0;
  const counting: ImageSource = {
    ...source,
    readAt(into, position) {
      bytes += into.length;
      return source.readAt(into, position);
    },
  };
  const image = openQcow2(counting);
  const map = runToEnd(mapHost(image));
  const mapped = bytes;
  for (let offset = 0; offset < source.size; offset += 512 * 29_989) {
    bytes = 0;
    const { users, references } = runToEnd(map.clusterAt(offset));
    expect(bytes).toBeLessThan(mapped / 5);
    const blocks = new RefcountBlocks(image, source.size, () => {});
    const walk = new References(image, source.size, blocks, () => {});
    const tables = runToEnd(walk.l2Tables(new ReadLimit(source, SLACK_BYTES)));
    const all = new ClusterUsers(image, tables, offset / 512);
    runToEnd(walk.walk(all, new ReadLimit(source, SLACK_BYTES), all));
    expect([users, references]).toEqual([runToEnd(all.placed()), all.references]);
  }
});

test('a question about a cluster of a scattered disk reads the one table that refers to it', () => {
  const { source } = buildImage({
    size: 2 ** 23,
    clusterBits: 9,
    clusters: index => (index < 2 ** 13 ? 'data' : 'unallocated'),
  });
  const { l1TableOffset } = openQcow2(source).header;
  const l1 = new DataView(readBytes(source, l1TableOffset, 128 * 8).buffer);
  const tables = Array.from({ length: 128 }, (_, i) => Number(l1.getBigUint64(8 * i) & 0xff_ffff_fe00n));
  // Entry i of every table goes to another table, so that each of them reaches over the whole file.
  const entries = tables.map(offset => new DataView(readBytes(source, offset, 512).buffer));
  tables.forEach((offset, table) => {
    for (let i = 0; i < 64; i++)
      pokeU64(source.fd, offset + 8 * i, entries[(table + 31 * i) % 128]!.getBigUint64(8 * i));
  });
  let bytes = 0;
  const readAt = (into: Uint8Array, position: number) => {
    bytes += into.length;
    return source.readAt(into, position);
  };
  const map = runToEnd(mapHost(openQcow2({ ...source, readAt })));
  const [first, last] = [50, 127].map(table => Number(entries[table]!.getBigUint64(8 * 5) & 0xff_ffff_fe00n));
  for (const offset of [first!, last!]) {
    bytes = 0;
    const { users } = runToEnd(map.clusterAt(offset));
    expect(users).toMatchObject([{ kind: 'data', entry: 5 }]);
    expect(bytes).toBeLessThan(16 * 512);
  }
});
