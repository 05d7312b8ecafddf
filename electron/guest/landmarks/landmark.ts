/** Structures of file systems that differ with their place in the volume: the place follows from their bytes. */
import { dataViewOf } from '../../../shared/bytes.ts';

/** Reads bytes [offset, offset + length) of a volume; undefined where one of them is not known. */
export type ReadVolume = (offset: number, length: number) => Uint8Array | undefined;

/** What {@link Landmark.identify} makes of a structure of the kind that has lost its number: any place may be its own. */
export const UNNUMBERED = '';

/** A structure whose place in its volume follows from another structure. */
export interface Landmark {
  /** Bytes from the beginning of the volume. */
  readonly at: number;
  readonly length: number;
  /** What such bytes say of themselves; undefined for others. One function for every landmark of a kind. */
  readonly identify: (bytes: Uint8Array) => string | undefined;
  /** What {@link identify} makes of this one. */
  readonly identity: string;
  /** True where the file system has it from the beginning to the end: other bytes there disprove the place. */
  readonly isPermanent: boolean;
}

/** A file system that numbers its parts. Only its beginning is read before more is asked for. */
export interface NumberedFileSystem {
  /** As blkid(8) names it. */
  readonly type: string;
  /** Bytes that it covers. */
  readonly size: number;
  readonly landmarks: () => readonly Landmark[];
  /** Where the block that begins at `at` can lie by what it says itself, in bytes from the beginning of the volume. */
  readonly placesOf?: (bytes: Uint8Array, view: DataView, at: number) => readonly number[];
  /** True if some of these bytes of the volume are in use and were written; undefined where that is not known. */
  readonly isUsed?: (offset: number, length: number) => boolean | undefined;
}

/** Opens one kind of file system at the beginning of a volume; undefined where it is another, or damaged. */
export type OpenFileSystem = (read: ReadVolume) => NumberedFileSystem | undefined;

/** Makes a value when it is first asked for, and keeps it. */
export function lazily<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

/** A view of the bytes at `offset` of a volume. */
export function viewAt(read: ReadVolume, offset: number, length: number): DataView | undefined {
  const bytes = read(offset, length);
  return bytes === undefined ? undefined : dataViewOf(bytes);
}

/** True for a power of two between two others. */
export function isPowerWithin(value: number, least: number, most: number): boolean {
  return value >= least && value <= most && Number.isInteger(Math.log2(value));
}

/** Landmarks whose identity is unique: equal ones do not show where they lie. */
export function distinctLandmarks(landmarks: readonly Landmark[]): Landmark[] {
  const counts = new Map<string, number>();
  for (const { identity } of landmarks) counts.set(identity, (counts.get(identity) ?? 0) + 1);
  return landmarks.filter(({ identity }) => counts.get(identity) === 1);
}
