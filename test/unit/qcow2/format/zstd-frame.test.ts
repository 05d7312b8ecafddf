/** Where zstd frames end: those that qemu writes, and those made by hand. */
import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { compressedRange } from '../../../../electron/qcow2/format/compressed.ts';
import { zstdFrameAt } from '../../../../electron/qcow2/format/zstd-frame.ts';
import { inflateFrames } from '../../../../electron/qcow2/format/zstd-stream.ts';
import { openQcow2 } from '../../../../electron/qcow2/read/image.ts';
import { readBytes } from '../../../../electron/qcow2/read/source.ts';
import { openSource } from '../../../support/qcow2-reading.ts';
import { qemuImg, qemuIo, temporaryFolder } from '../../../support/tools.ts';

const zstdFrameEnd = (bytes: Uint8Array, start?: number) => zstdFrameAt(bytes, start)?.end ?? -1;

/** A frame of blocks, of which the last is marked as such. */
function frame(
  descriptor: number,
  fields: number,
  blocks: readonly (readonly [type: number, size: number])[],
) {
  const bytes = [0x28, 0xb5, 0x2f, 0xfd, descriptor, ...Array<number>(fields).fill(0)];
  blocks.forEach(([type, size], i) => {
    const header = (size << 3) | (type << 1) | (i === blocks.length - 1 ? 1 : 0);
    bytes.push(header & 0xff, (header >>> 8) & 0xff, header >>> 16);
    bytes.push(...Array<number>(type === 1 ? 1 : size).fill(0xee));
  });
  return bytes;
}

test.each([
  ['a raw block and the size of a window', frame(0, 1, [[0, 10]])],
  [
    'several blocks, one of them a repeated byte',
    frame(0, 1, [
      [2, 300],
      [1, 70_000],
      [0, 0],
    ]),
  ],
  ['a content of one segment with its size in a byte', frame(0x20, 1, [[0, 3]])],
  [
    'a size in 8 bytes, an id of a dictionary and a checksum',
    [...frame(0xc7, 1 + 4 + 8, [[0, 2]]), 1, 2, 3, 4],
  ],
  ['a frame that is passed over', [0x5f, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 9, 9, 9]],
])('a frame ends where its headers say: %s', (_, bytes) => {
  const whole = Uint8Array.from(bytes);
  expect(zstdFrameEnd(whole)).toBe(whole.length);
  expect(zstdFrameEnd(Uint8Array.from([7, ...bytes, ...randomBytes(50)]), 1)).toBe(whole.length + 1);
  for (let cut = 0; cut < whole.length; cut += 1 + (whole.length >> 6))
    expect(zstdFrameEnd(whole.subarray(0, cut))).toBe(-1);
});

test('what is no frame, or has a block of no known kind, has no end', () => {
  expect(zstdFrameEnd(new Uint8Array(64))).toBe(-1);
  expect(zstdFrameEnd(Uint8Array.from(frame(0, 1, [[3, 5]])))).toBe(-1);
});

test('frames are decompressed one by one until the cluster is full, and what follows is not looked at', () => {
  const [one, two] = [frame(0, 1, [[0, 4]]), frame(0, 1, [[0, 6]])];
  const given: number[] = [];
  const inflate = (bytes: Uint8Array, room: number) => {
    given.push(bytes.length, room);
    return new Uint8Array(bytes.length - 9).fill(bytes.length);
  };
  expect([...inflateFrames(Uint8Array.from([...one, ...two, ...randomBytes(9)]), 10, inflate)]).toEqual([
    ...Array<number>(4).fill(13),
    ...Array<number>(6).fill(15),
  ]);
  expect(given).toEqual([13, 10, 15, 6]);
  expect(inflateFrames(Uint8Array.from([...one, 1, 2, 3]), 10, inflate)).toHaveLength(4);
  expect(() => inflateFrames(new Uint8Array(99), 10, inflate)).toThrow(
    'does not begin with a whole zstd frame',
  );
});

test('frames that hold nothing, or too much, are recognized by their headers', () => {
  const never = () => expect.fail('a decoder was asked');
  const inflated = (...frames: number[][]) =>
    inflateFrames(Uint8Array.from([...frames.flat(), ...Array<number>(20).fill(0)]), 10, never);
  // A frame that is passed over, and one whose blocks hold nothing.
  expect(inflated([0x5f, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 9, 9], frame(0, 1, [[0, 0]]))).toHaveLength(0);
  const sized = frame(0x20, 1, [[0, 11]]);
  sized[5] = 11;
  expect(() => inflated(sized)).toThrow('it holds more than its cluster');
  const wide = frame(0, 1, [[0, 10]]);
  wide[5] = 18 << 3;
  expect(() => inflated(wide)).toThrow('it needs a window of 268435456 bytes');
  // A decoder that has no word for what is damaged returns nothing: the next frame is not this cluster's.
  expect(() => inflateFrames(Uint8Array.from(frame(0, 1, [[0, 4]])), 10, () => new Uint8Array())).toThrow(
    'zstd cannot decompress it',
  );
});

test('every stream that qemu writes is one frame, with other bytes behind it', async () => {
  const path = `${temporaryFolder()}/zstd.qcow2`;
  await qemuImg('create', '-q', '-f', 'qcow2', '-o', 'compression_type=zstd', path, '4M');
  const writes = Array.from({ length: 20 }, (_, i) => `write -c -P ${i + 1} ${i * 65_536} 64k`);
  await qemuIo(path, ...writes);
  const source = openSource(path);
  const { header, geometry } = openQcow2(source);
  const table = new DataView(readBytes(source, header.l1TableOffset, 8).buffer).getUint32(4) & 0xfffffe00;
  const entries = new DataView(readBytes(source, table, 20 * 8).buffer);
  let withMore = 0;
  for (let i = 0; i < 20; i++) {
    const { offset, length } = compressedRange(
      entries.getUint32(8 * i),
      entries.getUint32(8 * i + 4),
      geometry.clusterBits,
    );
    const stream = readBytes(source, offset, length);
    const end = zstdFrameEnd(stream);
    expect(end).toBeGreaterThan(10);
    expect(zstdFrameEnd(stream.subarray(0, end))).toBe(end);
    if (end < stream.length) withMore++;
  }
  expect(withMore).toBeGreaterThan(0);
});
