/** Images with more dirty bitmaps than anyone makes. */
import { ftruncateSync, readFileSync, writeSync } from 'node:fs';
import { buildImage } from '../qcow2-reading.ts';
import { type ImageSpec, pokeU32, pokeU64 } from './qcow2-builder.ts';

/**
 * The path of an image with many bitmaps, all of one table. `flags`: 1 marks each of them as in use, as a program that
 * crashed leaves them.
 */
export function manyBitmaps(count: number, spec: ImageSpec, flags = 0): string {
  const granularityBits = spec.size > 2 ** 40 ? 31 : 16;
  const bitmaps = [{ name: 'only', granularity: 2 ** granularityBits }];
  const { path, source, bitmapTableOffsets, fileSize, clusterSize } = buildImage({ ...spec, bitmaps });
  const directory = Buffer.alloc(count * 32);
  for (let i = 0; i < count; i++) {
    const entry = i * 32;
    directory.writeBigUInt64BE(BigInt(bitmapTableOffsets[0]!), entry);
    directory.writeUInt32BE(1, entry + 8); // entries of the table
    directory.writeUInt32BE(flags, entry + 12);
    directory.writeUInt8(1, entry + 16); // type: dirty bitmap
    directory.writeUInt8(granularityBits, entry + 17);
    directory.writeUInt16BE(8, entry + 18); // bytes of the name
    directory.write(String(i).padStart(8, 'b'), entry + 24);
  }
  writeSync(source.fd, directory, 0, directory.length, fileSize);
  ftruncateSync(source.fd, fileSize + Math.ceil(directory.length / clusterSize) * clusterSize);
  const header = readFileSync(path).subarray(0, 4096);
  const extension = header.indexOf(Uint8Array.of(0x23, 0x85, 0x28, 0x75)) + 8;
  pokeU32(source.fd, extension, count);
  pokeU64(source.fd, extension + 8, BigInt(directory.length));
  pokeU64(source.fd, extension + 16, BigInt(fileSize));
  return path;
}
