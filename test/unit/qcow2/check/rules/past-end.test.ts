import { expect, it } from 'vitest';
import { addPastEnd } from '../../../../../electron/qcow2/check/rules/past-end.ts';
import {
  CLUSTER_USE,
  OWNER_ACTIVE,
  OWNER_IMAGE,
  ownerOfSnapshot,
} from '../../../../../electron/qcow2/layout/cluster-uses.ts';
import { openQcow2 } from '../../../../../electron/qcow2/read/image.ts';
import { FindingCollector } from '../../../../../shared/finding-collector.ts';
import { buildImage } from '../../../../support/qcow2-reading.ts';

const LENGTH = 0x50_0000;
const image = openQcow2(buildImage({ size: 2 ** 20, snapshots: [{ id: '1', name: 'one' }] }).source);

/** The finding of a reference in a file of so many bytes: its code, and where it is about. */
function found(offset: number, use: number, owner = OWNER_IMAGE) {
  const collector = new FindingCollector();
  addPastEnd(collector, image, LENGTH, { offset, length: 65_536, owner, use }, () => 'snapshot 1');
  const [finding] = collector.list();
  return finding && [finding.code, finding.host, finding.evidence[0]?.bits];
}

const about = (offset: number) => [[[offset, 65_536]], '65536 bytes; the file ends at 0x0050_0000'];

it('a compressed stream that begins in the file and ends past it has a wrong length', () => {
  expect(found(LENGTH - 512, 0)).toEqual(['QCOW2_STREAM_PAST_END', ...about(LENGTH - 512)]);
  expect(found(LENGTH, 0)).toBeUndefined(); // lost, which the map of the disk says
});

it('tables of snapshots and of the image past the end are lost, and the map lists those of the active disk', () => {
  const lost = ['QCOW2_METADATA_PAST_END', ...about(LENGTH)];
  expect(found(LENGTH, CLUSTER_USE.table, ownerOfSnapshot(0))).toEqual(lost);
  expect(found(LENGTH, CLUSTER_USE.bitmap)).toEqual(lost);
  for (const owner of [OWNER_IMAGE, OWNER_ACTIVE])
    expect(found(LENGTH, CLUSTER_USE.table, owner)).toBeUndefined();
  for (const use of [CLUSTER_USE.data, CLUSTER_USE.snapshotData]) expect(found(LENGTH, use)).toBeUndefined();
});
