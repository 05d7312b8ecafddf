/** Reads images with cowscope's own reader and writes the answer down as qemu-img and nbdinfo would. */
import { closeSync, fstatSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { createBitmapMap, mapBitmapPage } from '../../electron/qcow2/read/bitmap-map.ts';
import { type FileSource, fileSource } from '../../electron/qcow2/read/file-source.ts';
import { openQcow2, type Qcow2Image } from '../../electron/qcow2/read/image.ts';
import { createMap, type ImageMapOptions, mapPage } from '../../electron/qcow2/read/map.ts';
import { ABSENT, DIRTY, HOLE, stateOf, ZERO } from '../../shared/extent/flags.ts';
import { type Page, PageWriter, pageStart, WordSet } from '../../shared/extent/page.ts';
import { FindingCollector } from '../../shared/finding-collector.ts';
import type { QemuMapRow } from './golden-table.ts';
import { type ImageLayout, type ImageSpec, writeQcow2 } from './images/qcow2-builder.ts';

const opened: number[] = [];
let folder: string | undefined;

afterAll(() => {
  for (const fd of opened) closeSync(fd);
  opened.length = 0;
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  folder = undefined;
});

/** An image opened read-only until the test file ends. */
export function openSource(path: string): FileSource {
  const fd = openSync(path, 'r');
  opened.push(fd);
  return fileSource({ fd, size: fstatSync(fd).size, path });
}

/** An image made by the builder: its source, open for writing too so that a test may damage it. */
export interface BuiltImage extends ImageLayout {
  readonly source: FileSource;
  readonly path: string;
}

let built = 0;

/** Writes an image to a new file, which is removed when the test file ends. */
export function buildImage(spec: ImageSpec): BuiltImage {
  const path = newFile();
  const fd = openSync(path, 'w+');
  opened.push(fd);
  const layout = writeQcow2(fd, spec);
  return { ...layout, path, source: fileSource({ fd, size: fstatSync(fd).size, path }) };
}

/** The path of a file that does not exist yet and goes with the test file. */
export function newFile(): string {
  folder ??= mkdtempSync(join(tmpdir(), 'cow-'));
  return join(folder, `${built++}.qcow2`);
}

/** One extent of a map. `host` is -1 where there is none. */
export interface MappedExtent {
  readonly start: number;
  readonly length: number;
  readonly word: number;
  readonly host: number;
}

/** The whole map of an image, made of pages of `span` bytes and joined where words and host offsets run on. */
export function mapWhole(
  image: Qcow2Image,
  options: Omit<ImageMapOptions, 'words'> & { readonly span?: number } = {},
): MappedExtent[] {
  const words = new WordSet();
  const { span = 2 ** 26, ...rest } = options;
  const map = createMap(image, { hosts: true, ...rest, words });
  return pages(map.size, span, words, (start, end) => mapPage(map, start, end).seal());
}

/** The states of an image's clusters as [start, length, state]. */
export function statesOf(
  image: Qcow2Image,
  options?: Parameters<typeof mapWhole>[1],
): [number, number, string][] {
  return mapWhole(image, { hosts: false, ...options }).map(({ start, length, word }) => [
    start,
    length,
    stateOf(word),
  ]);
}

/** Dirty ranges of a stored bitmap as [start, length, word]. */
export function bitmapRuns(
  image: Qcow2Image,
  name: string,
  span = 2 ** 26,
  findings = new FindingCollector(),
): [number, number, number][] {
  const words = new WordSet();
  const map = createBitmapMap(image, name, { words, findings });
  const writer = new PageWriter();
  const runs = pages(map.size, span, words, (start, end) => {
    writer.begin();
    mapBitmapPage(map, start, end, writer);
    return writer.seal();
  });
  return runs.map(({ start, length, word }) => [start, length, word]);
}

function pages(
  size: number,
  span: number,
  words: WordSet,
  read: (start: number, end: number) => Page,
): MappedExtent[] {
  const extents: MappedExtent[] = [];
  for (let from = 0; from < size; from += span) {
    const to = Math.min(size, from + span);
    const page = read(from, to);
    for (let i = 0; i < page.count; i++) {
      const start = from + pageStart(page, i);
      const end = i + 1 < page.count ? from + pageStart(page, i + 1) : to;
      if (end <= start || end > to) throw new Error(`extent [${start}, ${end}) of a page that ends at ${to}`);
      const extent = {
        start,
        length: end - start,
        word: words.word(page.codes[i]!),
        host: page.hosts?.[i] ?? -1,
      };
      const last = extents.at(-1);
      const hostRunsOn =
        last !== undefined && (last.host < 0 ? extent.host < 0 : last.host + last.length === extent.host);
      if (last !== undefined && last.word === extent.word && hostRunsOn)
        extents[extents.length - 1] = { ...last, length: last.length + extent.length };
      else extents.push(extent);
    }
  }
  return extents;
}

/** The image alone as `qemu-img map --output=json` would print it. */
export function asQemuMap(extents: readonly MappedExtent[]): QemuMapRow[] {
  const rows: QemuMapRow[] = [];
  for (const { start, length, word, host } of extents) {
    const row = {
      start,
      length,
      depth: 0,
      present: !(word & ABSENT),
      zero: (word & ZERO) !== 0,
      data: !(word & HOLE),
      ...(host < 0 ? {} : { offset: host }),
    };
    const last = rows.at(-1);
    const same =
      last !== undefined && (['present', 'zero', 'data'] as const).every(key => last[key] === row[key]);
    const runsOn =
      last?.offset === undefined ? row.offset === undefined : last.offset + last.length === row.offset;
    if (last !== undefined && same && runsOn)
      rows[rows.length - 1] = { ...last, length: last.length + length };
    else rows.push(row);
  }
  return rows;
}

/** `offset length type` rows of one NBD context of the image alone, neighbors joined. */
export function asNbdinfo(
  extents: readonly { start: number; length: number; word: number }[],
  context: 'base:allocation' | 'qemu:allocation-depth' | 'dirty',
): string {
  const rows: [number, number, number][] = [];
  for (const { start, length, word } of extents) {
    const type = typeIn(context, word);
    const last = rows.at(-1);
    if (last?.[2] === type) last[1] += length;
    else rows.push([start, length, type]);
  }
  return rows.map(row => row.join(' ')).join(' | ');
}

function typeIn(context: 'base:allocation' | 'qemu:allocation-depth' | 'dirty', word: number): number {
  if (context === 'dirty') return word & DIRTY ? 1 : 0;
  if (context === 'qemu:allocation-depth') return word & ABSENT ? 0 : 1;
  return (word & HOLE ? 1 : 0) | (word & ZERO ? 2 : 0);
}

/** Opens an image by path with the reader. */
export function readImage(path: string): Qcow2Image {
  return openQcow2(openSource(path));
}

/** qemu's name for one layer without its backing file; `dataFile` names its external data file. */
export function alone(filename: string, dataFile?: string): string {
  const file = (name: string) => ({ driver: 'file', filename: name });
  const data = dataFile === undefined ? {} : { 'data-file': file(dataFile) };
  return `json:${JSON.stringify({ driver: 'qcow2', backing: null, file: file(filename), ...data })}`;
}
