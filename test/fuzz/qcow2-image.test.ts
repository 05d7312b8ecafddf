/** Whole images of arbitrary and of damaged bytes: a coded error or a whole map, in bounded memory, and no byte changed. */
import { closeSync, fstatSync, openSync, readFileSync, writeSync } from 'node:fs';
import fc from 'fast-check';
import { expect, it, vi } from 'vitest';
import { measureAllocation } from '../../electron/qcow2/layout/allocation.ts';
import { createBitmapMap, mapBitmapPage } from '../../electron/qcow2/read/bitmap-map.ts';
import { fileSource } from '../../electron/qcow2/read/file-source.ts';
import { openQcow2, type Qcow2Image } from '../../electron/qcow2/read/image.ts';
import { lookupCluster } from '../../electron/qcow2/read/lookup-cluster.ts';
import { createMap, mapPage } from '../../electron/qcow2/read/map.ts';
import { recognizeFormat } from '../../electron/qcow2/read/probe-format.ts';
import { qcow2Info } from '../../electron/qcow2/read/qemu-info.ts';
import { runToEnd } from '../../electron/qcow2/read/sliced-work.ts';
import { CowscopeError } from '../../shared/error.ts';
import { PageWriter, pageStart, WordSet } from '../../shared/extent/page.ts';
import { finestUnit, pageSpanFor } from '../../shared/extent/table.ts';
import { MAX_FINDING_PLACES } from '../../shared/model/finding.ts';
import { asked } from '../support/counted-reads.ts';
import { type ImageSpec, pokeU32, pokeU64 } from '../support/images/qcow2-builder.ts';
import { buildImage, newFile } from '../support/qcow2-reading.ts';

vi.mock('node:fs', async original =>
  (await import('../support/counted-reads.ts')).countingReads(await original()),
);

/** Bytes to read and to hold for one image of a few clusters, mapped eight times over: four times the most ever seen. */
const MAX_ASKED = 2 ** 20;
const MAX_BUFFERS = 2 ** 23;

/** Opens and reads everything there is; throws what must not be thrown, or takes too much. */
function readEverything(path: string): void {
  asked.bytes = 0;
  const before = process.memoryUsage().arrayBuffers;
  readParts(path);
  expect(asked.bytes).toBeLessThan(MAX_ASKED);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(MAX_BUFFERS);
}

function readParts(path: string): void {
  const fd = openSync(path, 'r');
  const source = fileSource({ fd, size: fstatSync(fd).size, path });
  try {
    recognizeFormat(source);
    const image = openQcow2(source);
    qcow2Info(image);
    runToEnd(measureAllocation(image));
    readMap(image, undefined);
    for (const { id } of image.snapshots.slice(0, 3)) readMap(image, id);
    for (const { name } of image.bitmaps.slice(0, 3)) readBitmap(image, name);
  } catch (error) {
    if (!(error instanceof CowscopeError)) throw error;
    expect(error.code).toMatch(/^QCOW[12]_[A-Z0-9_]+$/);
  } finally {
    closeSync(fd);
  }
}

function readMap(image: Qcow2Image, snapshotId: string | undefined): void {
  for (const hosts of [false, true]) {
    const words = new WordSet();
    const map = createMap(image, { words, hosts, ...(snapshotId === undefined ? {} : { snapshotId }) });
    const unit = finestUnit(map.geometry.clusterSize);
    readPages(map.size, unit, words, (start, end) => mapPage(map, start, end));
    for (const offset of [0, map.size - 1]) if (map.size > 0) lookupCluster(map, offset);
    const found = map.findings.collector.list();
    expect(found.length).toBeLessThan(300);
    for (const { guest, host, evidence } of found)
      expect(Math.max(guest.length, host.length, evidence.length)).toBeLessThanOrEqual(MAX_FINDING_PLACES);
  }
}

function readBitmap(image: Qcow2Image, name: string): void {
  const words = new WordSet();
  const map = createBitmapMap(image, name, { words });
  const writer = new PageWriter();
  readPages(map.size, map.size, words, (start, end) => {
    writer.begin();
    mapBitmapPage(map, start, end, writer);
    return writer;
  });
}

/** The first two pages and the last one: a disk may claim petabytes. */
function readPages(
  size: number,
  unit: number,
  words: WordSet,
  read: (start: number, end: number) => PageWriter,
): void {
  const span = pageSpanFor(size, unit);
  const last = Math.floor((size - 1) / span);
  for (const index of new Set([0, 1, last].filter(i => i >= 0 && i <= last))) {
    const end = Math.min(size, (index + 1) * span);
    const page = read(index * span, end).seal();
    for (let i = 0; i < page.count; i++) {
      expect(pageStart(page, i)).toBeGreaterThanOrEqual(i === 0 ? 0 : pageStart(page, i - 1) + 1);
      expect(words.words[page.codes[i]!]).toBeDefined();
    }
    expect(pageStart(page, 0)).toBe(0);
    expect(pageStart(page, page.count - 1)).toBeLessThan(end - index * span);
  }
}

const SPECS: ImageSpec[] = [
  {
    size: 2 ** 20,
    clusterBits: 9,
    backingFile: 'base',
    backingFormat: 'raw',
    clusters: [
      { index: 1, kind: 'data' },
      { index: 2, kind: 'zeroHole' },
      { index: 90, kind: 'compressed', content: new Uint8Array(512) },
    ],
    snapshots: [
      { id: '1', name: 'one' },
      { id: '2', name: 'two', clusters: [{ index: 7, kind: 'data' }] },
    ],
    bitmaps: [{ name: 'b', granularity: 512, dirty: [[0, 5000]] }],
  },
  {
    size: 2 ** 21,
    clusterBits: 14,
    extendedL2: true,
    clusters: [
      { index: 1, kind: 'subclusters', alloc: 5, zero: 2 },
      { index: 2, kind: 'zeroAllocated' },
    ],
  },
];
const IMAGES = SPECS.map(spec => {
  const { path, fileSize, source, ...layout } = buildImage(spec);
  const places = [0, layout.l1Offset, ...layout.l2Offsets.values(), ...layout.snapshotL1Offsets];
  places.push(layout.snapshotTableOffset, layout.bitmapDirectoryOffset, ...layout.bitmapTableOffsets);
  return { bytes: readFileSync(path), places };
});

const PATH = newFile();

/** Puts these bytes into the one file that is read again and again. */
function write(bytes: Uint8Array, length = bytes.length): string {
  const fd = openSync(PATH, 'w');
  writeSync(fd, bytes, 0, length, 0);
  closeSync(fd);
  return PATH;
}

const INTERESTING = [0, 1, 0x1ff, 0x200, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff];

it('reads damaged images to an end', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...IMAGES),
      fc.array(
        fc.record({
          place: fc.nat(),
          word: fc.nat(30),
          value: fc.oneof(fc.constantFrom(...INTERESTING), fc.nat(0xffffffff)),
        }),
        { minLength: 1, maxLength: 6 },
      ),
      fc.option(fc.nat(0xffff)),
      ({ bytes, places }, pokes, cut) => {
        const copy = new Uint8Array(bytes);
        const view = new DataView(copy.buffer);
        for (const { place, word, value } of pokes) {
          const at = places[place % places.length]! + word * 4;
          if (at + 4 <= copy.length) view.setUint32(at, value);
        }
        const length = cut === null ? copy.length : cut % copy.length;
        const path = write(copy, length);
        readEverything(path);
        expect(readFileSync(path).equals(copy.subarray(0, length))).toBe(true);
      },
    ),
    { numRuns: 600 },
  );
});

it('reads arbitrary bytes behind a good magic to an end', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(1, 2, 3),
      fc.integer({ min: 8, max: 22 }),
      fc.uint8Array({ minLength: 0, maxLength: 3000 }),
      (version, clusterBits, tail) => {
        const bytes = new Uint8Array(24 + tail.length);
        const view = new DataView(bytes.buffer);
        view.setUint32(0, 0x514649fb);
        view.setUint32(4, version);
        view.setUint32(20, clusterBits);
        bytes.set(tail, 24);
        readEverything(write(bytes));
      },
    ),
    { numRuns: 300 },
  );
});

it('allocates by what the file holds, not by what it claims', () => {
  const { source, snapshotTableOffset } = buildImage({
    size: 2 ** 20,
    snapshots: [{ id: '1', name: 's' }],
    bitmaps: [{ name: 'b' }],
  });
  pokeU64(source.fd, 24, 2n ** 51n);
  pokeU32(source.fd, 36, 2 ** 22);
  pokeU32(source.fd, 60, 65_536);
  pokeU32(source.fd, snapshotTableOffset + 8, 2 ** 22);
  const before = process.memoryUsage().arrayBuffers;
  const image = openQcow2(source);
  const map = createMap(image, { words: new WordSet() });
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 22);
  expect(map.l1.count * 8).toBeLessThanOrEqual(source.size);
});
