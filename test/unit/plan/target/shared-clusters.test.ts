/** Which tables and clusters of a disk its internal snapshots share. */
import { describe, expect, it } from 'vitest';
import { SharedClusters } from '../../../../electron/plan/target/shared-clusters.ts';
import { openQcow2 } from '../../../../electron/qcow2/read/image.ts';
import { createMap } from '../../../../electron/qcow2/read/map.ts';
import { WordSet } from '../../../../shared/extent/page.ts';
import type { SnapshotSpec } from '../../../support/images/qcow2-builder.ts';
import { buildImage } from '../../../support/qcow2-reading.ts';

const C = 65_536;

/** Those of a disk of four clusters of which the first and the third hold data. */
function sharedIn(snapshots: readonly SnapshotSpec[]): SharedClusters {
  const clusters = [0, 2].map(index => ({ index, kind: 'data' as const }));
  const image = openQcow2(buildImage({ size: 4 * C, clusters, snapshots }).source);
  return new SharedClusters(createMap(image, { words: new WordSet() }));
}

describe('SharedClusters', () => {
  it('finds the clusters and tables that a snapshot refers to as well', () => {
    const shared = sharedIn([{ id: '1', name: 'same' }]);
    expect(shared.isSharedTable(0)).toBe(true);
    expect([0, 2].map(cluster => shared.isShared(cluster * C))).toEqual([true, true]);
  });

  it('finds none where a snapshot has tables and clusters that the disk has not', () => {
    const shared = sharedIn([{ id: '1', name: 'other', clusters: [{ index: 1, kind: 'data' }] }]);
    expect(shared.isSharedTable(0)).toBe(false);
    expect([0, 2].map(cluster => shared.isShared(cluster * C))).toEqual([false, false]);
  });
});
