/** A volume, and where its bytes lie on the disk. */
import type { ReadVolume } from './landmark.ts';

/** Bytes [start, start + length) of a volume lie at `disk`. */
interface Segment {
  readonly start: number;
  readonly length: number;
  readonly disk: number;
}

/** Bytes that a file system takes for a whole disk. */
export interface Volume {
  readonly size: number;
  /** In ascending order; what lies in none of them is not known. */
  readonly segments: readonly Segment[];
}

/** A volume of consecutive bytes of the disk. */
export function volumeOf(disk: number, size: number): Volume {
  return { size, segments: [{ start: 0, length: size, disk }] };
}

/** Where bytes [offset, offset + length) of the volume lie on the disk; undefined where that is not one place. */
export function diskOffset({ segments }: Volume, offset: number, length: number): number | undefined {
  const segment = segments.find(one => offset >= one.start && offset + length <= one.start + one.length);
  return segment === undefined ? undefined : segment.disk + offset - segment.start;
}

/** Reads the volume by what reads the disk. */
export function readerOf(volume: Volume, read: ReadVolume): ReadVolume {
  return (offset, length) => {
    const at = diskOffset(volume, offset, length);
    return at === undefined ? undefined : read(at, length);
  };
}
