/** Reads of volumes that are made of pieces, and what their file systems say of them, for tests. */
import type { NumberedFileSystem, ReadVolume } from '../../../electron/guest/landmarks/landmark.ts';
import type { Piece } from './numbered-file-systems.ts';

/** Bytes of a volume, unless another size is given. */
export const VOLUME_SIZE = 96 * 2 ** 20;

/** Reads pieces, and zeros between them. */
export function readerOfPieces(pieces: readonly Piece[], size = VOLUME_SIZE): ReadVolume {
  const bytes = new Uint8Array(size);
  for (const [offset, piece] of pieces) bytes.set(piece, offset);
  return (offset, length) => (offset + length > size ? undefined : bytes.slice(offset, offset + length));
}

/** Landmarks that stand where they should, and those that do not. */
export function standing(file: NumberedFileSystem, read: ReadVolume): [number, number] {
  const stands = file.landmarks().filter(({ at, length, identify, identity }) => {
    const bytes = read(at, length);
    return bytes !== undefined && identify(bytes) === identity;
  });
  return [stands.length, file.landmarks().length - stands.length];
}

/** What a block says of its place. */
export function placesOf(
  file: NumberedFileSystem | undefined,
  bytes: Uint8Array,
): readonly number[] | undefined {
  return file?.placesOf?.(bytes, new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), 0);
}
