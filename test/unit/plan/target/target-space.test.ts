/** Bounds of the length of a file. */
import { describe, expect, it } from 'vitest';
import {
  type SpaceChanges,
  spaceAfter,
  spaceBetween,
} from '../../../../electron/plan/target/target-space.ts';

const C = 65_536;
/** A file of 10 clusters in use, and one refcount block of 32,768 refcounts. */
const before = {
  clusterSize: C,
  fileLength: 10 * C,
  imageEnd: 10 * C,
  allocated: 10 * C,
  refcountBits: 16,
  refcountTableEntries: 8192,
  hasRefcountBlock: (index: number) => index === 0,
};
const nothing: SpaceChanges = {
  added: 0,
  mayAdd: 0,
  freed: 0,
  mayFree: 0,
  writesData: false,
  writesParts: false,
  fillsTaken: false,
  whyInexact: [],
};
const added = (count: number) => ({ ...nothing, added: count, writesData: true });

describe('spaceAfter', () => {
  it('is exact where nothing is free and nothing is given back', () => {
    expect(spaceAfter(before, added(3))).toMatchObject({
      imageEnd: 13 * C,
      fileLength: 13 * C,
      exact: true,
      why: [],
    });
  });

  it('counts a refcount block where the last one is full, and one for it where that begins another', () => {
    const full = { ...before, fileLength: 32_768 * C, imageEnd: 32_768 * C, allocated: 32_768 * C };
    expect(spaceAfter(full, added(1))).toMatchObject({ imageEnd: 32_770 * C, exact: true });
    const small = { ...before, clusterSize: 512, fileLength: 5120, imageEnd: 5120, allocated: 5120 };
    const perBlock = 256;
    const toTheEnd = perBlock - 10 + perBlock;
    expect(spaceAfter(small, added(toTheEnd)).imageEnd).toBe((2 * perBlock + 2) * 512);
  });

  it('changes nothing where nothing is written', () => {
    expect(spaceAfter({ ...before, fileLength: 9 * C + 1 }, nothing)).toMatchObject({
      imageEnd: 10 * C,
      fileLength: 9 * C + 1,
      exact: true,
    });
  });

  it('may make the file longer where nothing but bitmaps is written again', () => {
    expect(spaceAfter(before, { ...nothing, mayAdd: 2, mayFree: 1, whyInexact: ['bitmaps'] })).toMatchObject({
      fileLength: 12 * C,
      fileLengthAtLeast: 10 * C,
      exact: false,
    });
  });

  it('is a bound where there is free space inside, which may be used or not', () => {
    expect(spaceAfter({ ...before, allocated: 8 * C }, added(3))).toMatchObject({
      imageEnd: 13 * C,
      imageEndAtLeast: 11 * C,
      exact: false,
      why: ['there is free space inside the file'],
    });
  });

  it('is a bound where clusters are given back and taken', () => {
    const space = spaceAfter(before, { ...added(3), freed: 2 });
    expect(space).toMatchObject({ imageEnd: 13 * C, imageEndAtLeast: 11 * C, exact: false });
    expect(space.why[0]).toContain('given back');
  });

  it('does not know where the file ends when its last cluster is written in part', () => {
    expect(spaceAfter(before, { ...added(1), writesParts: true })).toMatchObject({
      imageEnd: 11 * C,
      imageEndAtLeast: 11 * C,
      fileLength: 11 * C,
      fileLengthAtLeast: 10 * C,
      exact: false,
    });
  });

  it('knows the length of a file that ended inside a cluster once whole clusters come behind', () => {
    const short = { ...before, fileLength: 9 * C + 512 };
    expect(spaceAfter(short, added(1))).toMatchObject({ fileLength: 11 * C, exact: true });
    expect(spaceAfter(short, { ...nothing, writesData: true })).toMatchObject({
      fileLength: 10 * C,
      fileLengthAtLeast: 9 * C + 512,
      exact: false,
    });
  });

  it('makes room for a larger refcount table, and does not promise where', () => {
    const space = spaceAfter({ ...before, refcountTableEntries: 1 }, added(40_000));
    expect(space.exact).toBe(false);
    expect(space.why).toContain('the refcount table has to be made larger');
    expect(space.imageEnd).toBeGreaterThan(40_012 * C);
  });
});

describe('spaceBetween', () => {
  it('is exact where there is one end, and a bound with its reason where there are several', () => {
    const why = ['the order decides'];
    const short = { imageEnd: C, fileLength: C };
    const long = { imageEnd: C, fileLength: 2 * C };
    expect(spaceBetween({ ends: [long], justOpened: [long], why })).toEqual({
      imageEnd: C,
      imageEndAtLeast: C,
      fileLength: 2 * C,
      fileLengthAtLeast: 2 * C,
      exact: true,
      why: [],
      possible: [{ ...long, justOpened: true }],
    });
    expect(spaceBetween({ ends: [short, long], justOpened: [long], why })).toMatchObject({
      fileLength: 2 * C,
      fileLengthAtLeast: C,
      exact: false,
      why,
      possible: [
        { ...short, justOpened: false },
        { ...long, justOpened: true },
      ],
    });
  });

  it('has bounds alone where very many sizes are possible', () => {
    const ends = Array.from({ length: 300 }, (_, i) => ({ imageEnd: i * C, fileLength: i * C }));
    expect(spaceBetween({ ends, justOpened: ends, why: ['many'] })).toMatchObject({
      imageEndAtLeast: 0,
      imageEnd: 299 * C,
      possible: [],
    });
  });
});
