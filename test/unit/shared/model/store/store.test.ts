/** Who rests on whom in a store. */
import { describe, expect, it } from 'vitest';
import { arrange, dependentsOf, imageAt, type StoreImage } from '../../../../../shared/model/store/store.ts';
import { storeRows } from '../../../../../shared/model/store/store-rows.ts';

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

describe('arrange', () => {
  it('gives a chain for each image that nothing rests on, base first, and shows the fork', () => {
    const store = forest(['top1', 1], ['mid', 2], ['base', -1], ['top2', 1], ['alone', -1]);
    expect(arrange(store, 200)).toEqual({ chains: [[2, 1, 0], [2, 1, 3], [4]], loops: [] });
  });

  it('keeps loops apart, and what hangs on one ends where it begins again', () => {
    const store = forest(['a', 1], ['b', 0], ['self', 2], ['on-loop', 4], ['c', 5], ['d', 4]);
    expect(arrange(store, 200)).toEqual({ chains: [[5, 4, 3]], loops: [[0, 1], [2]] });
  });

  it('cuts long chains from the top', () => {
    const long = forest(...Array.from({ length: 300 }, (_, at) => [`i${at}`, at - 1] as const));
    const [chain] = arrange(long, 200).chains;
    expect([chain?.length, chain?.at(-1), chain?.[0]]).toEqual([200, 299, 100]);
  });
});

describe('the rows of a store', () => {
  const textOf = (store: { images: StoreImage[] }) =>
    [...storeRows(store)].map(row => {
      if (row.kind === 'loop') return '(loop)';
      if (row.kind === 'elsewhere') return `(${row.status}) ${row.name}`;
      return `${row.lines}${store.images[row.image]?.path.slice(8)}${row.isRepeated ? ' again' : ''}`;
    });

  it('draw the tree of each base', () => {
    expect(textOf(forest(['base', -1], ['s1', 0], ['s2', 1], ['s3', 1], ['clone', 0]))).toEqual([
      'base',
      '├─ s1',
      '│  ├─ s2',
      '│  └─ s3',
      '└─ clone',
    ]);
  });

  it('list images under the backing file that is not there, and each loop once', () => {
    const store = forest(['a', -1], ['b', -1], ['loop1', 3], ['loop2', 2]);
    const backing = {
      recorded: 'x',
      recordedFormat: '',
      resolved: '/gone/x',
      status: 'missing',
      image: -1,
    } as const;
    const images = store.images.map((image, at) => (at < 2 ? { ...image, backing } : image));
    expect(textOf({ images })).toEqual([
      '(missing) /gone/x',
      '├─ a',
      '└─ b',
      '(loop)',
      '└─ loop1',
      '   └─ loop2',
      '      └─ loop1 again',
    ]);
  });

  it('have at most so much before them, however deep the tree', () => {
    const long = forest(...Array.from({ length: 1000 }, (_, at) => [`i${at}`, at - 1] as const));
    const rows = [...storeRows(long)];
    expect(rows).toHaveLength(1000);
    expect(Math.max(...rows.map(row => (row.kind === 'image' ? row.lines.length : 0)))).toBeLessThan(70);
  });
});
