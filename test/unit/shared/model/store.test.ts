/** Who rests on whom in a store. */
import { describe, expect, it } from 'vitest';
import { dependentsOf, imageAt, type StoreImage, siblingsOf } from '../../../../shared/model/store.ts';

/** Images by name and the number of the image that each rests on; -1 for none. */
function forest(...backings: readonly (readonly [name: string, below: number])[]): { images: StoreImage[] } {
  return {
    images: backings.map(([name, below], image) => ({
      path: `/images/${name}`,
      aliases: [`/links/${name}`],
      format: 'qcow2',
      size: 0,
      fileSize: 0,
      allocatedSize: 0,
      inUse: false,
      modified: 0,
      snapshots: 0,
      bitmaps: 0,
      ...(below < 0
        ? {}
        : {
            backing: {
              recorded: name,
              recordedFormat: 'qcow2',
              resolved: '',
              status: 'inStore',
              image: below,
            },
          }),
      children: backings.flatMap(([, other], child) => (other === image ? [child] : [])),
    })),
  };
}

describe('a forest of images', () => {
  const store = forest(['base', -1], ['s1', 0], ['s2', 1], ['s3', 1], ['clone', 0]);

  it('names every image that rests on another one, children before the next branch', () => {
    expect(dependentsOf(store, 0)).toEqual([1, 2, 3, 4]);
    expect(dependentsOf(store, 1)).toEqual([2, 3]);
    expect(dependentsOf(store, 2)).toEqual([]);
  });

  it('names the siblings on one base, and none for a base', () => {
    expect(siblingsOf(store, 2)).toEqual([3]);
    expect(siblingsOf(store, 0)).toEqual([]);
  });

  it('finds an image by its path and by its other names', () => {
    expect(imageAt(store, '/images/s3')).toBe(3);
    expect(imageAt(store, '/links/s3')).toBe(3);
    expect(imageAt(store, '/images/none')).toBe(-1);
  });

  it('names each image of a loop once and never the image itself', () => {
    const loop = forest(['a', 2], ['b', 0], ['c', 1]);
    expect(dependentsOf(loop, 0)).toEqual([1, 2]);
  });

  it('follows a row of many links without recursion', () => {
    const long = forest(...Array.from({ length: 1000 }, (_, at) => [`i${at}`, at - 1] as const));
    expect(dependentsOf(long, 0)).toHaveLength(999);
  });
});
