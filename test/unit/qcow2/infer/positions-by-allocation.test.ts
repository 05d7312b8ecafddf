import { describe, expect, it } from 'vitest';
import { volumeOf } from '../../../../electron/guest/landmarks/volume.ts';
import { positionsByAllocation } from '../../../../electron/qcow2/infer/positions-by-allocation.ts';
import { openQcow2 } from '../../../../electron/qcow2/read/image.ts';
import { runToEnd } from '../../../../electron/qcow2/read/sliced-work.ts';
import { buildImage } from '../../../support/qcow2-reading.ts';

const CLUSTER = 4096;
const CLUSTERS = 512;

describe('the use of space by a file system', () => {
  /** Runs of 8 clusters that are in use, and as many that are not. */
  const isInUse = (cluster: number) => ((cluster >>> 3) & 1) === 1;

  /** The entries of the L1 table that the only L2 table may have, where a file system has so many bytes. */
  function entriesFor(fileBytes: number): number[] {
    const { source, l2Offsets } = buildImage({
      size: CLUSTERS * CLUSTER,
      clusterBits: 12,
      clusters: index => (isInUse(index) ? 'data' : 'unallocated'),
    });
    const file = {
      type: 'a file system',
      size: fileBytes,
      landmarks: () => [],
      isUsed: (offset: number) => isInUse(offset / CLUSTER),
    };
    const search = {
      image: openQcow2(source),
      entries: 1,
      placed: new Map(),
      open: [(l2Offsets.get(0) as number) / CLUSTER],
      sampleBytes: 0,
    };
    const found = runToEnd(
      positionsByAllocation(search, [{ volume: volumeOf(0, CLUSTERS * CLUSTER), file }]),
    );
    return found.map(({ index }) => index);
  }

  it('tells the place of an L2 table that has the same clusters', () => {
    expect(entriesFor(CLUSTERS * CLUSTER)).toEqual([0]);
  });

  it('is not known behind the end of the file system, where its volume is longer', () => {
    expect(entriesFor((CLUSTERS * CLUSTER) / 4)).toEqual([]);
  });
});
