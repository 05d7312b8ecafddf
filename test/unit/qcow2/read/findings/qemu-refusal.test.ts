import { ftruncateSync } from 'node:fs';
import { expect, it } from 'vitest';
import { qemuRefusal } from '../../../../../electron/qcow2/read/findings/qemu-refusal.ts';
import { openQcow2 } from '../../../../../electron/qcow2/read/image.ts';
import type { ImageSource } from '../../../../../electron/qcow2/read/source.ts';
import { pokeU64 } from '../../../../support/images/qcow2-builder.ts';
import { buildImage, openSource } from '../../../../support/qcow2-reading.ts';

/** Entries of a bitmap table of 512 MiB in clusters of 64 KiB, and a place for one past the end of a small image. */
const TABLE_ENTRIES = 2 ** 13;
const TABLE_AT = 2 ** 24;

/** An image whose bitmaps have their tables in one hole; the last entry of the last table is invalid. `read` counts bytes. */
function imageWith(bitmapCount: number) {
  const built = buildImage({ size: 2 ** 20, bitmaps: [{ name: 'b', dirty: [[0, 2 ** 19]] }] });
  ftruncateSync(built.source.fd, TABLE_AT + 8 * TABLE_ENTRIES);
  pokeU64(built.source.fd, TABLE_AT + 8 * (TABLE_ENTRIES - 1), 65_537n);
  const opened = openQcow2(openSource(built.path));
  const { source: file } = opened;
  const [bitmap] = opened.bitmaps;
  if (bitmap === undefined) throw new Error('the image has no bitmap');
  const sound = { ...bitmap, tableOffset: TABLE_AT, tableSize: TABLE_ENTRIES - 1 };
  const read = { bytes: 0 };
  const source: ImageSource = {
    path: file.path,
    size: file.size,
    readAt(into, position) {
      read.bytes += into.length;
      return file.readAt(into, position);
    },
    currentSize: () => file.currentSize(),
    bytesOnDisk: () => file.bytesOnDisk(),
  };
  const all = Array.from({ length: bitmapCount }, (_, i) =>
    i === bitmapCount - 1 ? { ...sound, tableSize: TABLE_ENTRIES } : sound,
  );
  return { image: { ...opened, source, bitmaps: all }, read };
}

it('finds an entry that qemu refuses in the table of any bitmap', () => {
  expect(qemuRefusal(imageWith(3).image)).toBe(
    "Could not read bitmap_table table from image for bitmap 'b': Invalid argument",
  );
});

it('stops where the tables of many bitmaps are too long to look through', () => {
  const { image, read } = imageWith(65_535);
  expect(qemuRefusal(image)).toBeUndefined();
  expect(read.bytes).toBeLessThan(2 ** 28);
});
