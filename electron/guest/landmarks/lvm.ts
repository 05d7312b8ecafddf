/**
 * Logical volumes of LVM2, by the metadata on a physical volume. Source: lib/format_text/layout.h, format-text.c and flags.c
 * of LVM2.
 */
import { dataViewOf, uint64At } from '../../../shared/bytes.ts';
import { hasText, trimmedText } from '../little-endian.ts';
import type { ReadVolume } from './landmark.ts';
import { diskOffset, type Volume } from './volume.ts';

const SECTOR_BYTES = 512;
const LABEL_SECTORS = [0, 1, 2, 3] as const;
const METADATA_MAGIC = ' LVM2 x[5A%r0N*>';
const MAX_METADATA_BYTES = 2 ** 20;
/** Of the flags of a place of metadata: the area is out of use, and what it holds may be old. */
const IGNORED = 1;
/** Levels of sections that are read: volume group, volumes, volume, segment. */
const MAX_DEPTH = 8;

/** A section of the metadata: values by name, arrays as lists. */
type Section = Map<string, Value>;
type Value = string | readonly string[] | Section;

/** The logical volumes on a physical volume; undefined where that is none, empty where its metadata cannot be read. */
export function logicalVolumes(read: ReadVolume, physical: Volume): Volume[] | undefined {
  const label = findLabel(read);
  if (label === undefined) return undefined;
  const text = readMetadata(read, label);
  const [group] = text === undefined ? [] : [...(parse(text)?.values() ?? [])].filter(isSection);
  if (group === undefined) return [];
  const extentBytes = numberOf(group, 'extent_size') * SECTOR_BYTES;
  const own = sectionsOf(group, 'physical_volumes').find(
    ([, section]) => textIn(section, 'id').replaceAll('-', '') === label.uuid,
  );
  if (own === undefined || !(extentBytes > 0)) return [];
  const [name, section] = own;
  const place = { name, first: numberOf(section, 'pe_start') * SECTOR_BYTES, extentBytes };
  return sectionsOf(group, 'logical_volumes').flatMap(([, volume]) =>
    isVisible(volume) ? volumeFrom(volume, place, physical) : [],
  );
}

/** False of what other volumes are made of: the data of a thin pool has blocks of several in the order of their first writes. */
function isVisible(volume: Section): boolean {
  const status = volume.get('status');
  return Array.isArray(status) && status.includes('VISIBLE');
}

interface Label {
  readonly uuid: string;
  /** Where the metadata lies. */
  readonly area: number;
}

/** The label in one of the first sectors, and behind it the physical volume with its areas of data and of metadata. */
function findLabel(read: ReadVolume): Label | undefined {
  for (const sector of LABEL_SECTORS) {
    const bytes = read(sector * SECTOR_BYTES, SECTOR_BYTES);
    if (bytes === undefined || !hasText(bytes, 0, 'LABELONE') || !hasText(bytes, 24, 'LVM2 001')) continue;
    const view = dataViewOf(bytes);
    const header = view.getUint32(20, true);
    let lists = 0;
    for (let at = header + 40; at + 16 <= SECTOR_BYTES; at += 16) {
      const offset = uint64At(view, at, true);
      if (offset !== 0 && lists === 1)
        return { uuid: trimmedText(bytes.subarray(header, header + 32)), area: offset };
      if (offset === 0) lists++;
    }
    return { uuid: '', area: 0 };
  }
  return undefined;
}

/** The text that the header of the metadata area names; it may go on at the beginning of the area, behind the header. */
function readMetadata(read: ReadVolume, { area }: Label): string | undefined {
  const header = area === 0 ? undefined : read(area, SECTOR_BYTES);
  if (header === undefined || !hasText(header, 4, METADATA_MAGIC)) return undefined;
  const view = dataViewOf(header);
  const size = uint64At(view, 32, true);
  const offset = uint64At(view, 40, true);
  const length = uint64At(view, 48, true);
  if ((view.getUint32(60, true) & IGNORED) !== 0) return undefined;
  if (offset < SECTOR_BYTES || offset >= size || length > Math.min(size, MAX_METADATA_BYTES))
    return undefined;
  const first = Math.min(length, size - offset);
  const parts = [
    read(area + offset, first),
    first < length ? read(area + SECTOR_BYTES, length - first) : new Uint8Array(),
  ];
  const texts = parts.map(part => (part === undefined ? undefined : new TextDecoder().decode(part)));
  return texts.includes(undefined) ? undefined : texts.join('');
}

interface PhysicalPlace {
  readonly name: string;
  /** Where the first extent lies in the physical volume. */
  readonly first: number;
  readonly extentBytes: number;
}

/** The volume with the segments that lie on this physical volume alone. */
function volumeFrom(
  section: Section,
  { name, first, extentBytes }: PhysicalPlace,
  physical: Volume,
): Volume[] {
  let size = 0;
  const segments: { start: number; length: number; disk: number }[] = [];
  for (const [key, segment] of section) {
    if (!/^segment\d+$/.test(key) || !isSection(segment)) continue;
    const start = numberOf(segment, 'start_extent') * extentBytes;
    const length = numberOf(segment, 'extent_count') * extentBytes;
    size = Math.max(size, start + length);
    const stripes = segment.get('stripes');
    const isLinear = textIn(segment, 'type') === 'striped' && numberOf(segment, 'stripe_count') === 1;
    if (!isLinear || !Array.isArray(stripes) || stripes[0] !== name) continue;
    const disk = diskOffset(physical, first + Number(stripes[1]) * extentBytes, length);
    if (disk !== undefined) segments.push({ start, length, disk });
  }
  const isWhole = Number.isSafeInteger(size) && segments.every(({ start }) => Number.isSafeInteger(start));
  return isWhole && segments.length > 0
    ? [{ size, segments: segments.sort((a, b) => a.start - b.start) }]
    : [];
}

function isSection(value: Value | undefined): value is Section {
  return value instanceof Map;
}

function sectionsOf(section: Section, name: string): [string, Section][] {
  const found = section.get(name);
  return isSection(found)
    ? [...found].flatMap(([key, value]): [string, Section][] => (isSection(value) ? [[key, value]] : []))
    : [];
}

function textIn(section: Section, name: string): string {
  const value = section.get(name);
  return typeof value === 'string' ? value : '';
}

/** NaN where it is none. */
function numberOf(section: Section, name: string): number {
  const text = textIn(section, name);
  return /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
}

/** The sections of a text; undefined where it is none. */
function parse(text: string): Section | undefined {
  // A string may end with the text: to look for its end again from each quote in it would take the square of the time.
  const tokens = text.match(/#[^\n]*|"(?:\\.|[^"\\])*"?|[{}[\]=,]|[^\s{}[\]=,"#]+/g) ?? [];
  return new MetadataParser(tokens.filter(token => !token.startsWith('#'))).section(0);
}

/** Reads the sections of LVM's configuration format from its tokens. */
class MetadataParser {
  readonly #tokens: readonly string[];
  #at = 0;

  constructor(tokens: readonly string[]) {
    this.#tokens = tokens;
  }

  /** Up to the brace that closes it, or the end. */
  section(depth: number): Section | undefined {
    const section: Section = new Map();
    for (let name = this.#next(); name !== undefined && name !== '}'; name = this.#next()) {
      const sign = this.#next();
      const value =
        sign === '{' && depth < MAX_DEPTH
          ? this.section(depth + 1)
          : sign === '='
            ? this.#value()
            : undefined;
      if (value === undefined) return undefined;
      section.set(name, value);
    }
    return section;
  }

  #value(): Value | undefined {
    const first = this.#next();
    if (first !== '[') return first === undefined ? undefined : plain(first);
    const list: string[] = [];
    for (let token = this.#next(); token !== ']'; token = this.#next()) {
      if (token === undefined) return undefined;
      if (token !== ',') list.push(plain(token));
    }
    return list;
  }

  #next(): string | undefined {
    return this.#tokens[this.#at++];
  }
}

function plain(token: string): string {
  return token.startsWith('"') ? token.slice(1, -1) : token;
}
