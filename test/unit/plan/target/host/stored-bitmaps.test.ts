/** What storing bitmaps again takes of a file and gives back, on images of one or two clusters of bits. */
import { describe, expect, it } from 'vitest';
import { openBitmaps, StoredBitmaps } from '../../../../../electron/plan/target/host/stored-bitmaps.ts';
import type { ClusterRange } from '../../../../../electron/plan/target/host/target-file.ts';
import { openQcow2, type Qcow2Image } from '../../../../../electron/qcow2/read/image.ts';
import { runToEnd } from '../../../../../electron/qcow2/read/sliced-work.ts';
import type { BitmapSpec } from '../../../../support/images/qcow2-builder.ts';
import { buildImage } from '../../../../support/qcow2-reading.ts';

const C = 512;
/** Guest bytes whose bits one cluster holds: a bit for 512 bytes. */
const COVERED = C * 8 * 512;

/** An image of 4 MiB with bitmaps: two clusters of bits each. */
function imageWith(...bitmaps: readonly BitmapSpec[]): Qcow2Image {
  return openQcow2(buildImage({ size: 2 * COVERED, clusterBits: 9, bitmaps }).source);
}

function opened(image: Qcow2Image, size = 2 * COVERED): StoredBitmaps {
  const bitmaps = runToEnd(openBitmaps(image, size));
  if (!(bitmaps instanceof StoredBitmaps)) throw new Error(`not opened: ${bitmaps}`);
  return bitmaps;
}

/** Bytes that storing takes, in its order, and the clusters that it gives back after that. */
function stored(bitmaps: StoredBitmaps): { taken: number[]; released: ClusterRange[] } {
  const taken: number[] = [];
  const released: ClusterRange[] = [];
  bitmaps.store({
    takeBytes: bytes => {
      expect(released).toEqual([]);
      taken.push(bytes);
    },
    release: ranges => released.push(...ranges),
  });
  return { taken, released };
}

const CLEAN: BitmapSpec = { name: 'clean', granularity: 512 };
const DIRTY: BitmapSpec = { name: 'dirty', granularity: 512, dirty: [[0, 512]] };

describe('stored bitmaps', () => {
  it('are none in an image without any', () => {
    expect(runToEnd(openBitmaps(imageWith(), COVERED))).toBeUndefined();
  });

  it('take a table and the directory where no bit is set, and give back the old ones', () => {
    const image = imageWith(CLEAN);
    const { directoryOffset, directorySize } = image.extensions.bitmaps!;
    const [{ tableOffset }] = image.bitmaps as [Qcow2Image['bitmaps'][number]];
    expect(stored(opened(image))).toEqual({
      taken: [2 * 8, directorySize],
      released: [
        { first: directoryOffset / C, count: 1 },
        { first: tableOffset / C, count: 1 },
      ],
    });
  });

  it('take a cluster for each in which a bit is set, before their table', () => {
    const { taken, released } = stored(opened(imageWith(DIRTY)));
    expect(taken.slice(0, 2)).toEqual([C, 2 * 8]);
    expect(released).toHaveLength(3);
  });

  it('have the bits of what is written meanwhile', () => {
    const bitmaps = opened(imageWith(CLEAN));
    bitmaps.mark(COVERED - 1, COVERED + 1);
    bitmaps.mark(COVERED, COVERED);
    expect(stored(bitmaps).taken.slice(0, 3)).toEqual([C, C, 2 * 8]);
  });

  it('do not change where they are disabled', () => {
    const bitmaps = opened(imageWith({ ...CLEAN, enabled: false }));
    bitmaps.mark(0, 2 * COVERED);
    expect(stored(bitmaps).taken[0]).toBe(2 * 8);
  });

  it('have longer tables where the disk has grown', () => {
    expect(stored(opened(imageWith(CLEAN), 5 * COVERED)).taken[0]).toBe(5 * 8);
  });

  it('are not followed where one of them cannot be used', () => {
    expect(runToEnd(openBitmaps(imageWith(CLEAN, { name: 'in use', inUse: true }), COVERED))).toBe('unknown');
  });
});
