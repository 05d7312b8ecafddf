import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { fileSource } from '../../../../electron/qcow2/read/file-source.ts';
import { MapFindings } from '../../../../electron/qcow2/read/findings/map-findings.ts';
import { openQcow2 } from '../../../../electron/qcow2/read/image.ts';
import { createMap, mapPage } from '../../../../electron/qcow2/read/map.ts';
import { sizeNow } from '../../../../electron/qcow2/read/source.ts';
import { MAX_TABLE_BYTES } from '../../../../electron/qcow2/read/table-reader.ts';
import { DAMAGED, LOCAL, stateOf, UNREADABLE } from '../../../../shared/extent/flags.ts';
import { pageStart, WordSet } from '../../../../shared/extent/page.ts';
import { MAX_FINDING_PLACES } from '../../../../shared/model/finding.ts';
import { formatOffset } from '../../../../shared/text/offset.ts';
import { codesOf } from '../../../support/findings.ts';
import { type ClusterSpec, type ImageSpec, pokeU64 } from '../../../support/images/qcow2-builder.ts';
import { type BuiltImage, buildImage, mapWhole, statesOf } from '../../../support/qcow2-reading.ts';

const K64 = 65_536;
const M512 = 2 ** 29;
const COPIED = 1n << 63n;

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
    const findings = new MapFindings();
    expect(statesOf(openQcow2(source), { findings })).toHaveLength(2);
    expect(findings.collector.list()).toEqual([]);
  });

  it('takes a disk of no size', () => {
    expect(statesOf(openQcow2(buildImage({ size: 0 }).source))).toEqual([]);
  });
});

describe('damage', () => {
  function broken(damage: (image: BuiltImage) => void, spec: Partial<ImageSpec> = {}) {
    const built = buildImage({ size: 3 * M512, clusters: TWO_TABLES, ...spec });
    damage(built);
    const mapFindings = new MapFindings();
    const states = statesOf(openQcow2(built.source), { findings: mapFindings });
    return { built, states, findings: mapFindings.collector.list() };
  }

  it.each([
    ['not aligned', 0x30200n, 'QCOW2_L1_UNALIGNED'],
    ['past the end', 2n ** 50n, 'QCOW2_PAST_END'],
    ['far past the end', 0x00ffffffffff0000n, 'QCOW2_PAST_END'],
  ])('an L1 entry that is %s costs its own range, and the finding names all of it', (_, entry, code) => {
    const { built, states, findings } = broken(({ source, l1Offset }) => pokeU64(source.fd, l1Offset, entry));
    expect(states).toEqual([
      [0, M512, 'unreadable'],
      [M512, K64, 'data'],
      [M512 + K64, 2 * M512 - K64, 'unallocated'],
    ]);
    expect(findings).toMatchObject([
      { code, severity: 'corruption', guest: [[0, M512]], bytesAtRisk: M512, host: [[built.l1Offset, 8]] },
    ]);
    expect(findings[0]?.evidence[0]).toMatchObject({
      source: 'L1 entry 0',
      fileOffset: built.l1Offset,
      value: `0x${entry.toString(16).padStart(16, '0')}`,
    });
  });

  it('names the place of a bad L2 entry', () => {
    const at = ({ l2Offsets }: BuiltImage) => l2Offsets.get(1)! + 8 * 7;
    const { built, states, findings } = broken(image => pokeU64(image.source.fd, at(image), 0x777n << 9n));
    expect(states).toContainEqual([M512 + 7 * K64, K64, 'unreadable']);
    expect(findings).toMatchObject([
      {
        code: 'QCOW2_ENTRY_UNALIGNED',
        guest: [[M512 + 7 * K64, K64]],
        host: [[at(built), 8]],
        evidence: [{ source: 'L2 entry 7', fileOffset: at(built), value: '0x00000000000eee00' }],
      },
    ]);
  });

  it('two entries with the same bad value are two places, and both are damaged', () => {
    const { states, findings } = broken(({ source, l2Offsets }) => {
      for (const index of [7, 20]) pokeU64(source.fd, l2Offsets.get(1)! + 8 * index, 0x777n << 9n);
    });
    for (const index of [7, 20]) expect(states).toContainEqual([M512 + index * K64, K64, 'unreadable']);
    expect(findings).toMatchObject([
      {
        count: 2,
        bytesAtRisk: 2 * K64,
        guest: [
          [M512 + 7 * K64, K64],
          [M512 + 20 * K64, K64],
        ],
      },
    ]);
  });

  it('an overwritten table is one finding with a true count, and all of it is damaged', () => {
    const built = buildImage({ size: M512, clusters: [{ index: 0, kind: 'data' }] });
    writeSync(built.source.fd, new Uint8Array(K64).fill(0xbf), 0, K64, built.l2Offsets.get(0)!);
    const words = new WordSet();
    const map = createMap(openQcow2(built.source), { words });
    for (let again = 0; again < 2; again++) {
      expect(mapPage(map, 0, M512).count).toBe(1);
      expect(words.word(map.writer.codes[0]!)).toBe(UNREADABLE | DAMAGED);
    }
    const [finding, ...others] = map.findings.collector.list();
    expect(others).toEqual([]);
    expect(finding).toMatchObject({
      code: 'QCOW2_ENTRY_UNALIGNED',
      count: 8192,
      bytesAtRisk: M512,
      guest: [[0, M512]],
    });
    expect(finding?.evidence).toHaveLength(MAX_FINDING_PLACES);
  });

  it.each([
    // As L2 entries: zeros with host space far past the end of the file, some of them compressed data, and data.
    ['refcounts', (bytes: Buffer) => bytes.fill(Uint8Array.of(0, 1))],
    ['text', (bytes: Buffer) => bytes.fill('Jul 17 03:12:44 host kernel: something happened here\n')],
  ])('all of a table that holds %s is lost, whatever its entries seem to say', (content, fill) => {
    const built = buildImage({
      size: 2 * M512,
      clusters: [
        { index: 3, kind: 'data' },
        { index: 9000, kind: 'data' },
      ],
    });
    writeSync(built.source.fd, fill(Buffer.alloc(K64)), 0, K64, built.l2Offsets.get(0)!);
    for (const hosts of [false, true]) {
      const words = new WordSet();
      const map = createMap(openQcow2(built.source), { words, hosts });
      for (let again = 0; again < 2; again++) {
        const { count, codes } = mapPage(map, 0, M512);
        expect([count, words.word(codes[0]!)]).toEqual([1, UNREADABLE | DAMAGED]);
      }
      expect(mapPage(map, M512, 2 * M512).count).toBe(3);
      const [finding, ...others] = map.findings.collector.list();
      expect(others).toEqual([]);
      expect(finding).toMatchObject({ severity: 'corruption', bytesAtRisk: M512, guest: [[0, M512]] });
      expect(finding?.what).toContain(`was overwritten: it holds ${content}`);
    }
  });

  it('in an overwritten table entries past the end of the file belong to the same cause', () => {
    const { findings } = broken(({ source, l2Offsets }) => {
      for (let i = 3; i < 20; i++) pokeU64(source.fd, l2Offsets.get(1)! + 8 * i, 0x200n);
      pokeU64(source.fd, l2Offsets.get(1)! + 8 * 25, 1n << 40n);
    });
    expect(findings).toMatchObject([{ code: 'QCOW2_L2_INVALID', count: 18, bytesAtRisk: 18 * K64 }]);
    expect(findings[0]?.what).toContain('18 of 8,192 entries');
  });

  it('single entries of one table that are invalid and past the end of the file are two causes', () => {
    const { findings } = broken(({ source, l2Offsets }) => {
      pokeU64(source.fd, l2Offsets.get(1)! + 8 * 3, 0x200n);
      pokeU64(source.fd, l2Offsets.get(1)! + 8 * 5, 1n << 40n);
    });
    expect(codesOf(findings)).toEqual(['QCOW2_ENTRY_UNALIGNED', 'QCOW2_PAST_END']);
  });

  it('an L1 table that is too small leaves the rest unreadable, with one finding', () => {
    const built = buildImage({ size: 3 * M512, clusters: TWO_TABLES });
    writeSync(built.source.fd, Uint8Array.of(0, 0, 0, 1), 0, 4, 36);
    const image = openQcow2(built.source);
    expect(image.findings).toMatchObject([
      { code: 'QCOW2_L1_TOO_SMALL', guest: [[M512, 2 * M512]], bytesAtRisk: 2 * M512 },
    ]);
    const findings = new MapFindings();
    expect(statesOf(image, { findings }).slice(-2)).toEqual([
      [M512 - K64, K64, 'data'],
      [M512, 2 * M512, 'unreadable'],
    ]);
    expect(findings.collector.list()).toEqual([]);
  });

  it('a finding lists what is missing past the end of the file', () => {
    const l2 = broken(({ source, l1Offset }) => pokeU64(source.fd, l1Offset, 1n << 40n));
    expect(l2.findings[0]?.what).toMatch(/; missing past its end: 1 L2 table$/);
    const data = broken(({ source, l2Offsets }) => pokeU64(source.fd, l2Offsets.get(0) as number, 1n << 40n));
    expect(data.findings[0]?.what).toMatch(/; missing past its end: 1 data cluster$/);
  });

  it('a file that ends inside the L1 table leaves the rest unreadable', () => {
    const { states, findings } = broken(({ source, l1Offset }) => ftruncateSync(source.fd, l1Offset + 12));
    expect(states).toEqual([[0, 3 * M512, 'unreadable']]);
    expect(findings).toMatchObject([
      { code: 'QCOW2_PAST_END', guest: [[0, 3 * M512]], bytesAtRisk: 3 * M512, count: 2 },
    ]);
    expect(findings[0]?.what).toContain('2 of the 3 entries of the L1 table');
  });

  it('an L1 table outside the file is one finding about the whole disk', () => {
    const { built, states, findings } = broken(({ source, l1Offset }) => ftruncateSync(source.fd, l1Offset));
    expect(states).toEqual([[0, 3 * M512, 'unreadable']]);
    expect(findings).toMatchObject([{ code: 'QCOW2_PAST_END', guest: [[0, 3 * M512]], count: 1 }]);
    expect(findings[0]?.what).toContain(`the L1 table at ${formatOffset(built.l1Offset)}`);
  });

  it('a file that is cut is one finding: what is left of a table is read, all that is missing is damaged', () => {
    const { states, findings } = broken(({ source, l2Offsets }) =>
      ftruncateSync(source.fd, l2Offsets.get(0)! + 17),
    );
    expect(states).toEqual([
      [0, K64, 'unreadable'],
      [K64, K64, 'zeroHole'],
      [2 * K64, 2 * M512 - 2 * K64, 'unreadable'],
      [2 * M512, M512, 'unallocated'],
    ]);
    expect(findings).toMatchObject([
      {
        code: 'QCOW2_PAST_END',
        count: 3,
        bytesAtRisk: 2 * M512 - K64,
        guest: [
          [0, K64],
          [2 * K64, 2 * M512 - 2 * K64],
        ],
      },
    ]);
    expect(findings[0]?.what).toContain('; missing past its end: 2 L2 tables, 1 data cluster');
  });

  it('data past the end of the file is lost and still hides the layer below', () => {
    const { findings, built } = broken(({ source, l2Offsets }) =>
      pokeU64(source.fd, l2Offsets.get(1)!, COPIED | (1n << 40n)),
    );
    const words = new WordSet();
    const map = createMap(openQcow2(built.source), { words });
    mapPage(map, M512, 2 * M512);
    expect(words.word(map.writer.codes[0]!)).toBe(LOCAL | UNREADABLE | DAMAGED);
    expect(findings).toMatchObject([{ code: 'QCOW2_PAST_END', guest: [[M512, K64]], count: 1 }]);
  });

  /** An image of six clusters whose last one lies at the end of the file, which lacks its last bytes. */
  function cutBy(bytes: number, size: number) {
    return broken(
      ({ source, l2Offsets }) => {
        const end = sizeNow(source);
        pokeU64(source.fd, l2Offsets.get(0)! + 8 * 5, COPIED | BigInt(end));
        ftruncateSync(source.fd, end + K64 - bytes);
      },
      { size, clusters: [{ index: 5, kind: 'data' }] },
    );
  }

  it('a data cluster that the file holds in part is data, and a finding names the part that is missing', () => {
    const { states, findings } = cutBy(100, 6 * K64);
    expect(states[1]).toEqual([5 * K64, K64, 'data']);
    expect(findings).toMatchObject([
      { code: 'QCOW2_CLUSTER_CUT', severity: 'hazard', guest: [[6 * K64 - 100, 100]] },
    ]);
  });

  it('the end of a file inside a cluster is no finding where the disk ends there too', () => {
    expect(cutBy(1024, 6 * K64 - 1024).findings).toEqual([]);
    expect(cutBy(1025, 6 * K64 - 1024).findings).toMatchObject([{ guest: [[6 * K64 - 1025, 1]] }]);
  });

  it.each([
    [3, 'hazard', 1],
    [2, undefined, 0],
  ])('an L2 table without entries in version %i is %s', (version, severity, count) => {
    const { states, findings } = broken(
      ({ source, l2Offsets }) => writeSync(source.fd, new Uint8Array(K64), 0, K64, l2Offsets.get(1)!),
      {
        version: version as 2 | 3,
        clusters: [
          { index: 0, kind: 'data' },
          { index: 8192, kind: 'data' },
        ],
      },
    );
    expect(states[1]).toEqual([K64, 3 * M512 - K64, 'unallocated']);
    expect(findings).toMatchObject(
      count === 0
        ? []
        : [{ code: 'QCOW2_L2_EMPTY', severity, count, guest: [[M512, M512]], bytesAtRisk: M512 }],
    );
    expect(findings).toHaveLength(count);
  });

  it('zeros that keep host space past the end of the file are whole: a note, and no damage', () => {
    const { states, findings } = broken(({ source, l2Offsets }) =>
      pokeU64(source.fd, l2Offsets.get(1)!, COPIED | (1n << 40n) | 1n),
    );
    expect(states).toContainEqual([M512, K64, 'zeroAllocated']);
    expect(findings).toMatchObject([
      {
        code: 'QCOW2_SPACE_PAST_END',
        severity: 'hazard',
        what: 'an entry of its tables has host space past the end of the file and holds no data there',
        bytesAtRisk: 0,
      },
    ]);
  });

  it('of a cluster past the end only the subclusters that hold data are lost', () => {
    const K2 = K64 / 32;
    const { states, findings } = broken(
      ({ source, l2Offsets }) => {
        pokeU64(source.fd, l2Offsets.get(0)!, COPIED | (1n << 40n));
        pokeU64(source.fd, l2Offsets.get(0)! + 8, (2n << 32n) | 0xd0n);
      },
      { extendedL2: true, clusters: [{ index: 0, kind: 'data' }] },
    );
    expect(states.slice(0, 7)).toEqual([
      [0, K2, 'reserved'],
      [K2, K2, 'zeroAllocated'],
      [2 * K2, 2 * K2, 'reserved'],
      [4 * K2, K2, 'unreadable'],
      [5 * K2, K2, 'reserved'],
      [6 * K2, 2 * K2, 'unreadable'],
      [8 * K2, 24 * K2, 'reserved'],
    ]);
    expect(findings).toMatchObject([
      {
        code: 'QCOW2_PAST_END',
        count: 1,
        bytesAtRisk: 3 * K2,
        guest: [
          [4 * K2, K2],
          [6 * K2, 2 * K2],
        ],
      },
    ]);
  });

  it('maps that share their findings count each place once, whichever part is read again', () => {
    const built = buildImage({ size: 3 * M512, clusters: TWO_TABLES });
    pokeU64(built.source.fd, built.l2Offsets.get(0)! + 8 * 9, 0x200n);
    pokeU64(built.source.fd, built.l1Offset + 8, 0x30200n);
    const findings = new MapFindings();
    const image = openQcow2(built.source);
    const span = 64 * 2 ** 20;
    for (const hosts of [false, true]) {
      const map = createMap(image, { words: new WordSet(), hosts, findings });
      for (const page of [9, 0, 10, 0, 1]) mapPage(map, page * span, (page + 1) * span);
    }
    expect(findings.collector.list()).toMatchObject([
      { code: 'QCOW2_L1_UNALIGNED', count: 1, guest: [[M512, M512]] },
      { code: 'QCOW2_ENTRY_UNALIGNED', count: 1, guest: [[9 * K64, K64]] },
    ]);
  });
});

describe('files that change', () => {
  it('shrinking between pages makes tables unreadable, not the program', () => {
    const { source, l2Offsets } = buildImage({ size: 2 * M512, clusters: TWO_TABLES });
    const words = new WordSet();
    const map = createMap(openQcow2(source), { words });
    ftruncateSync(source.fd, l2Offsets.get(1)!);
    expect(stateOf(words.word(mapPage(map, M512, 2 * M512).codes[0]!))).toBe('unreadable');
    expect(codesOf(map.findings.collector.list())).toEqual(['QCOW2_PAST_END']);
  });

  it('growing makes tables and data behind the old end good', () => {
    const { source, path, l2Offsets } = buildImage({ size: 2 * M512, clusters: TWO_TABLES });
    const whole = readFileSync(path);
    ftruncateSync(source.fd, l2Offsets.get(1)!);
    const words = new WordSet();
    const image = openQcow2({ ...source, size: l2Offsets.get(1)! });
    const map = createMap(image, { words });
    writeSync(source.fd, whole, 0, whole.length, 0);
    expect(stateOf(words.word(mapPage(map, M512, 2 * M512).codes[0]!))).toBe('data');
    expect(map.findings.collector.list()).toEqual([]);
  });

  it.each([
    ['L1', 'QCOW2_L1_READ_FAILED', 1],
    ['L2', 'QCOW2_TABLE_READ_FAILED', 2],
  ])('whose %s tables cannot be read are unreadable with the reason', (table, code, count) => {
    const { path, source } = buildImage({ size: 2 * M512, clusters: TWO_TABLES });
    const fd = openSync(path, 'r');
    const words = new WordSet();
    const map = createMap(openQcow2(fileSource({ ...source, fd })), { words });
    if (table === 'L2') map.l1.hi(0); // has the L1 table in memory
    closeSync(fd);
    const page = mapPage(map, 0, 2 * M512).seal();
    expect(page.count).toBe(1);
    expect(stateOf(words.word(page.codes[0]!))).toBe('unreadable');
    const findings = map.findings.collector.list();
    expect(findings).toMatchObject([{ code, count, bytesAtRisk: 2 * M512 }]);
    expect(findings[0]?.what).toContain('EBADF');
  });
});

it('leaves the rest of a page unread where it has more extents than fit in memory, and says so once', () => {
  const clusters = (index: number) => (index % 2 === 0 ? 'data' : 'zeroHole');
  const { source } = buildImage({ size: 4 * 32_768, clusterBits: 9, clusters }); // four tables
  const words = new WordSet();
  const map = createMap(openQcow2(source), { words, maxExtents: 4 });
  for (let pass = 0; pass < 2; pass++) {
    const page = mapPage(map, 0, 4 * 32_768).seal();
    const last = page.count - 1;
    expect(stateOf(words.word(page.codes[last]!))).toBe('unread');
    expect(pageStart(page, last)).toBeGreaterThan(0);
  }
  expect(map.findings.collector.list()).toMatchObject([
    { code: 'QCOW2_TOO_MANY_EXTENTS', count: 1, bytesAtRisk: 0 },
  ]);
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

describe('an L2 table that holds something else', () => {
  it.each([
    ['refcounts', Uint8Array.from({ length: 65_536 }, (_, i) => i & 1)],
    ['text', Buffer.alloc(65_536, 'a line of some text that a guest wrote\n')],
  ])('is lost throughout, whatever its entries seem to say: %s', (content, bytes) => {
    const { source, l2Offsets } = buildImage({
      size: 2 ** 30,
      clusters: index => (index < 9000 ? 'data' : 'unallocated'),
    });
    writeSync(source.fd, bytes, 0, bytes.length, l2Offsets.get(0));
    const findings = new MapFindings();
    const extents = mapWhole(openQcow2(source), { findings, hosts: false });
    expect(
      extents.map(({ start, length, word }) => [start, length, stateOf(word), (word & DAMAGED) !== 0]),
    ).toEqual([
      [0, 2 ** 29, 'unreadable', true],
      [2 ** 29, (9000 - 8192) * 65_536, 'data', false],
      [9000 * 65_536, 2 ** 30 - 9000 * 65_536, 'unallocated', false],
    ]);
    expect(findings.collector.list()).toMatchObject([
      { code: 'QCOW2_L2_INVALID', count: 8192, guest: [[0, 2 ** 29]], bytesAtRisk: 2 ** 29 },
    ]);
    expect(findings.collector.list()[0]?.what).toContain(`it holds ${content}`);
  });
});
