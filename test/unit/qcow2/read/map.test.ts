import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Problem } from '../../../../electron/qcow2/format/problems.ts';
import { fileSource } from '../../../../electron/qcow2/read/file-source.ts';
import { openQcow2 } from '../../../../electron/qcow2/read/image.ts';
import { createMap, mapPage } from '../../../../electron/qcow2/read/map.ts';
import { MAX_TABLE_BYTES } from '../../../../electron/qcow2/read/table-reader.ts';
import { stateOf } from '../../../../shared/extent/flags.ts';
import { pageStart, WordSet } from '../../../../shared/extent/page.ts';
import { type ClusterSpec, pokeU64 } from '../../../support/qcow2-builder.ts';
import { buildImage, mapWhole, statesOf } from '../../../support/qcow2-reading.ts';

const K64 = 65_536;
const M512 = 2 ** 29;

/** Two L2 tables of 64 KiB clusters, something in each. */
const TWO_TABLES: ClusterSpec[] = [
  { index: 0, kind: 'data' },
  { index: 1, kind: 'zeroHole' },
  { index: 2, kind: 'zeroAllocated' },
  { index: 3, kind: 'compressed', content: new Uint8Array(K64) },
  { index: 8191, kind: 'data' },
  { index: 8192, kind: 'data' },
];

const TWO_TABLES_STATES = [
  [0, K64, 'data'],
  [K64, K64, 'zeroHole'],
  [2 * K64, K64, 'zeroAllocated'],
  [3 * K64, K64, 'compressed'],
  [4 * K64, M512 - 5 * K64, 'unallocated'],
  [M512 - K64, 2 * K64, 'data'],
  [M512 + K64, M512 - K64, 'unallocated'],
];

describe('mapPage', () => {
  it('gives the same map in pages of any size and order', () => {
    const image = openQcow2(buildImage({ size: 2 * M512, clusters: TWO_TABLES }).source);
    for (const span of [2 ** 26, M512, 2 ** 30]) expect(statesOf(image, { span })).toEqual(TWO_TABLES_STATES);

    const words = new WordSet();
    const map = createMap(image, { words });
    const states = (start: number, end: number) => {
      const page = mapPage(map, start, end).seal();
      return Array.from({ length: page.count }, (_, i) => [
        pageStart(page, i),
        stateOf(words.word(page.codes[i]!)),
      ]);
    };
    expect(states(M512, M512 + 2 ** 26)).toEqual([
      [0, 'data'],
      [K64, 'unallocated'],
    ]);
    expect(states(2 ** 26, 2 ** 27)).toEqual([[0, 'unallocated']]);
    expect(states(M512 - 2 ** 26, M512)).toEqual([
      [0, 'unallocated'],
      [2 ** 26 - K64, 'data'],
    ]);
  });

  it('joins extents only where their host offsets run on', () => {
    const { source } = buildImage({
      size: 8 * K64,
      clusters: [2, 3, 5].map(index => ({ index, kind: 'data' }) as const),
    });
    const first = 0x30000;
    expect(mapWhole(openQcow2(source)).map(({ start, length, host }) => [start, length, host])).toEqual([
      [0, 2 * K64, -1],
      [2 * K64, 2 * K64, first],
      [4 * K64, K64, -1],
      [5 * K64, K64, first + 2 * K64],
      [6 * K64, 2 * K64, -1],
    ]);
  });

  it('reads subclusters up to the end of the disk', () => {
    const { source } = buildImage({
      size: 2 ** 17 + 4096 * 3,
      clusterBits: 17,
      extendedL2: true,
      clusters: [
        { index: 0, kind: 'subclusters', alloc: 0b1010, zero: 0xffff0000 },
        { index: 1, kind: 'subclusters', alloc: 0b1011, zero: 0 },
      ],
    });
    expect(statesOf(openQcow2(source))).toEqual([
      [0, 4096, 'reserved'],
      [4096, 4096, 'data'],
      [8192, 4096, 'reserved'],
      [12288, 4096, 'data'],
      [16384, 49152, 'reserved'],
      [65536, 65536, 'zeroAllocated'],
      [131072, 8192, 'data'],
      [139264, 4096, 'reserved'],
    ]);
  });

  it('maps an L2 table that two L1 entries share twice', () => {
    const { source, l1Offset, l2Offsets } = buildImage({
      size: 2 * M512,
      clusters: [{ index: 5, kind: 'data' }],
    });
    pokeU64(source.fd, l1Offset + 8, BigInt(l2Offsets.get(0)!));
    expect(statesOf(openQcow2(source)).filter(([, , state]) => state === 'data')).toEqual([
      [5 * K64, K64, 'data'],
      [M512 + 5 * K64, K64, 'data'],
    ]);
  });

  it('leaves VM state behind the disk out', () => {
    const { source, l1Offset } = buildImage({ size: M512, clusters: [{ index: 8191, kind: 'data' }] });
    pokeU64(source.fd, l1Offset + 8, 0x123n);
    const problems: Problem[] = [];
    expect(statesOf(openQcow2(source), { onProblem: problem => problems.push(problem) })).toHaveLength(2);
    expect(problems).toEqual([]);
  });

  it('takes a disk of no size', () => {
    expect(statesOf(openQcow2(buildImage({ size: 0 }).source))).toEqual([]);
  });
});

describe('damage', () => {
  function broken(damage: (image: ReturnType<typeof buildImage>) => void) {
    const built = buildImage({ size: 3 * M512, clusters: TWO_TABLES });
    damage(built);
    const problems: Problem[] = [];
    const states = statesOf(openQcow2(built.source), { onProblem: problem => problems.push(problem) });
    return { built, states, problems };
  }

  it.each([
    ['not aligned', 0x30200n, 'QCOW2_L1_UNALIGNED'],
    ['past the end', 2n ** 50n, 'QCOW2_L2_OUTSIDE'],
    ['far past the end', 0x00ffffffffff0000n, 'QCOW2_L2_OUTSIDE'],
  ])('an L1 entry that is %s costs its own range', (_, entry, code) => {
    const { built, states, problems } = broken(({ source, l1Offset }) => pokeU64(source.fd, l1Offset, entry));
    expect(states).toEqual([
      [0, M512, 'unreadable'],
      [M512, K64, 'data'],
      [M512 + K64, 2 * M512 - K64, 'unallocated'],
    ]);
    expect(problems).toMatchObject([
      { code, severity: 'damage', guestOffset: 0, fileOffset: built.l1Offset, subject: built.path },
    ]);
    expect(problems[0]?.entry).toBe(`0x${entry.toString(16).padStart(16, '0')}`);
  });

  it('names the place of a bad L2 entry', () => {
    const at = ({ l2Offsets }: ReturnType<typeof buildImage>) => l2Offsets.get(1)! + 8 * 7;
    const { built, states, problems } = broken(image => pokeU64(image.source.fd, at(image), 0x777n << 9n));
    expect(states).toContainEqual([M512 + 7 * K64, K64, 'unreadable']);
    expect(problems).toMatchObject([
      {
        code: 'QCOW2_ENTRY_UNALIGNED',
        guestOffset: M512 + 7 * K64,
        fileOffset: at(built),
        entry: '0x00000000000eee00',
      },
    ]);
  });

  it('keeps few of many problems and counts the rest', () => {
    const built = buildImage({ size: M512, clusters: [{ index: 0, kind: 'data' }] });
    writeSync(built.source.fd, new Uint8Array(K64).fill(0xbf), 0, K64, built.l2Offsets.get(0)!);
    const kept: string[] = [];
    const words = new WordSet();
    const map = createMap(openQcow2(built.source), { words, onProblem: ({ code }) => kept.push(code) });
    expect(mapPage(map, 0, M512).count).toBe(1);
    expect(kept).toEqual(new Array(16).fill('QCOW2_ENTRY_UNALIGNED'));
    expect(map.problems.counts.get('QCOW2_ENTRY_UNALIGNED')).toBe(8192);
  });

  it('an L1 table that is too small leaves the rest unreadable', () => {
    const built = buildImage({ size: 3 * M512, clusters: TWO_TABLES });
    writeSync(built.source.fd, Uint8Array.of(0, 0, 0, 1), 0, 4, 36);
    const image = openQcow2(built.source);
    expect(image.problems.map(({ code }) => code)).toEqual(['QCOW2_L1_TOO_SMALL']);
    expect(statesOf(image).slice(-2)).toEqual([
      [M512 - K64, K64, 'data'],
      [M512, 2 * M512, 'unreadable'],
    ]);
  });

  it('a file that ends inside the L1 table leaves the rest unreadable', () => {
    const { states, problems } = broken(({ source, l1Offset }) => ftruncateSync(source.fd, l1Offset + 12));
    expect(states).toEqual([[0, 3 * M512, 'unreadable']]);
    expect(problems.map(({ code }) => code)).toEqual(['QCOW2_L2_OUTSIDE', 'QCOW2_L1_CUT']);
  });

  it('a file that ends inside an L2 table reads the rest as zeros, and says so', () => {
    const { states, problems } = broken(({ source, l2Offsets }) =>
      ftruncateSync(source.fd, l2Offsets.get(0)! + 17),
    );
    expect(states).toEqual([
      [0, K64, 'data'],
      [K64, K64, 'zeroHole'],
      [2 * K64, M512 - 2 * K64, 'unallocated'],
      [M512, M512, 'unreadable'],
      [2 * M512, M512, 'unallocated'],
    ]);
    expect(problems.map(({ code }) => code)).toEqual([
      'QCOW2_L2_CUT',
      'QCOW2_DATA_OUTSIDE',
      'QCOW2_L2_OUTSIDE',
    ]);
  });
});

describe('files that change', () => {
  it('shrinking between pages makes tables unreadable, not the program', () => {
    const { source, l2Offsets } = buildImage({ size: 2 * M512, clusters: TWO_TABLES });
    const words = new WordSet();
    const problems: string[] = [];
    const map = createMap(openQcow2(source), { words, onProblem: ({ code }) => problems.push(code) });
    ftruncateSync(source.fd, l2Offsets.get(1)!);
    expect(stateOf(words.word(mapPage(map, M512, 2 * M512).codes[0]!))).toBe('unreadable');
    expect(problems).toEqual(['QCOW2_L2_OUTSIDE']);
  });

  it('growing makes tables and data behind the old end good', () => {
    const { source, path, l2Offsets } = buildImage({ size: 2 * M512, clusters: TWO_TABLES });
    const whole = readFileSync(path);
    ftruncateSync(source.fd, l2Offsets.get(1)!);
    const words = new WordSet();
    const problems: string[] = [];
    const image = openQcow2(fileSource({ ...source, size: l2Offsets.get(1)! }));
    const map = createMap(image, { words, onProblem: ({ code }) => problems.push(code) });
    writeSync(source.fd, whole, 0, whole.length, 0);
    expect(stateOf(words.word(mapPage(map, M512, 2 * M512).codes[0]!))).toBe('data');
    expect(problems).toEqual([]);
  });

  it('that cannot be read are unreadable with the reason', () => {
    const { path, source } = buildImage({ size: 2 * M512, clusters: TWO_TABLES });
    const fd = openSync(path, 'r');
    const words = new WordSet();
    const problems: Problem[] = [];
    const map = createMap(openQcow2(fileSource({ ...source, fd })), {
      words,
      onProblem: problem => problems.push(problem),
    });
    closeSync(fd);
    const page = mapPage(map, 0, 2 * M512).seal();
    expect(page.count).toBe(1);
    expect(stateOf(words.word(page.codes[0]!))).toBe('unreadable');
    expect(problems.map(({ code }) => code)).toEqual(['QCOW2_READ_FAILED', 'QCOW2_READ_FAILED']);
    expect(problems[0]?.what).toContain('EBADF');
  });
});

it('holds no more than its read-ahead buffer for tables of any size', () => {
  const { source } = buildImage({
    size: 2 ** 42,
    clusterBits: 21,
    clusters: index => (index % 3 === 0 ? 'zeroHole' : 'unallocated'),
    l2Together: true,
  });
  const words = new WordSet();
  const map = createMap(openQcow2(source), { words });
  for (let start = 0; start < 2 ** 42; start += 2 ** 40) {
    const { count } = mapPage(map, start, start + 2 ** 40);
    expect(map.reader.bytes.length).toBeLessThanOrEqual(MAX_TABLE_BYTES);
    expect(count).toBeGreaterThan(2 ** 18);
  }
});
