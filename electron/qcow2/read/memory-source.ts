/** Sources in memory: pieces of a file with zeros, nothing known, or another source between them. */
import { type DataSegment, type ImageSource, notCaptured, sizeNow } from './source.ts';

/** A piece of a file in memory. */
export interface MemoryPiece {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** What a source in memory holds. */
export interface MemoryContent {
  readonly path: string;
  readonly size: number;
  /** In ascending order, none overlapping, all below `size`. They are not copied: a later change is seen. */
  readonly pieces: readonly MemoryPiece[];
  /** What the bytes between pieces are: zeros, or not known. */
  readonly between: 'zeros' | 'notCaptured';
}

/** A source of these pieces. */
export function memorySource({ path, size, pieces, between }: MemoryContent): ImageSource {
  /** Index of the first piece that ends after `position`. */
  function pieceFrom(position: number): number {
    let low = 0;
    let high = pieces.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (segmentOf(pieces[middle] as MemoryPiece).end > position) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  return {
    path,
    size,
    readAt(into, position) {
      const length = Math.min(into.length, size - position);
      if (length <= 0) return 0;
      const piece = pieces[pieceFrom(position)];
      const start = piece?.offset ?? size;
      if (piece !== undefined && start <= position) {
        const held = piece.bytes.subarray(position - start, position - start + length);
        into.set(held);
        return held.length;
      }
      if (between === 'notCaptured') throw notCaptured(path, position);
      const zeros = Math.min(length, start - position);
      into.fill(0, 0, zeros);
      return zeros;
    },
    currentSize: () => size,
    bytesOnDisk: () => pieces.reduce((sum, { bytes }) => sum + bytes.length, 0),
    nextData(position) {
      if (between === 'notCaptured') return position < size ? { start: position, end: size } : undefined;
      const piece = pieces[pieceFrom(position)];
      if (piece === undefined) return undefined;
      const { start, end } = segmentOf(piece);
      return { start: Math.max(start, position), end };
    },
  };
}

/**
 * `source` with `pieces` over it, in ascending order and apart: the file is not changed. It ends behind the last piece
 * where that is later.
 */
export function patchedSource(source: ImageSource, pieces: readonly MemoryPiece[]): ImageSource {
  const end = Math.max(0, ...pieces.map(piece => segmentOf(piece).end));
  return {
    path: source.path,
    size: Math.max(source.size, end),
    readAt(into, position) {
      const piece = pieces.find(one => segmentOf(one).end > position);
      if (piece === undefined) return source.readAt(into, position);
      if (piece.offset <= position) {
        const bytes = piece.bytes.subarray(position - piece.offset, position - piece.offset + into.length);
        into.set(bytes);
        return bytes.length;
      }
      const before = into.subarray(0, Math.min(into.length, piece.offset - position));
      const got = source.readAt(before, position);
      if (got > 0) return got;
      before.fill(0); // between the end of the file and the piece
      return before.length;
    },
    currentSize: () => Math.max(sizeNow(source), end),
    bytesOnDisk: () => source.bytesOnDisk(),
  };
}

function segmentOf({ offset, bytes }: MemoryPiece): DataSegment {
  return { start: offset, end: offset + bytes.length };
}
