import { describe, expect, it } from 'vitest';
import {
  freedTableClusters,
  snapshotTableBytes,
  writtenTableBytes,
} from '../../../../electron/qcow2/format/snapshot-table.ts';

/** Entries of these lengths from offset 512 on, each at a multiple of eight, as qemu writes them. */
function tableOf(...lengths: number[]) {
  let at = 512;
  return lengths.map(length => {
    const entry = { fileOffset: at, length, extraDataSize: 16 };
    at = Math.ceil((at + length) / 8) * 8;
    return entry;
  });
}

describe('snapshotTableBytes', () => {
  it('ends with the last entry', () => {
    expect(snapshotTableBytes(tableOf(), 512)).toBe(0);
    expect(snapshotTableBytes(tableOf(66), 512)).toBe(66);
    expect(snapshotTableBytes(tableOf(66, 66), 512)).toBe(72 + 66);
  });
});

describe('writtenTableBytes', () => {
  it('leaves one entry out and gives the others the extra data that they lack', () => {
    expect(writtenTableBytes(tableOf(66), 0, 24)).toBe(0);
    expect(writtenTableBytes(tableOf(66, 60, 62), 0, 0)).toBe(64 + 62);
    expect(writtenTableBytes(tableOf(66, 60, 62), 2, 24)).toBe(80 + 68);
  });
});

describe('freedTableClusters', () => {
  it('gives the whole table for the only entry', () => {
    expect(freedTableClusters(tableOf(66), 512, 512)).toEqual([1]);
    expect(freedTableClusters(tableOf(1100), 512, 512)).toEqual([3]);
    expect(freedTableClusters([], 0, 512)).toEqual([]);
  });

  it('is the difference to the table that is written without the entry', () => {
    for (const lengths of [[66, 66], [500, 66], [66, 500], [200, 301, 9], new Array<number>(8).fill(66)]) {
      const table = tableOf(...lengths);
      const clustersOf = (bytes: number) => Math.ceil(bytes / 512);
      const difference = (_: unknown, i: number) =>
        clustersOf(snapshotTableBytes(table, 512)) - clustersOf(writtenTableBytes(table, i, 0));
      expect(freedTableClusters(table, 512, 512), String(lengths)).toEqual(table.map(difference));
    }
  });
});
