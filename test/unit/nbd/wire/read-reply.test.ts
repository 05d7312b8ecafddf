import { describe, expect, it } from 'vitest';
import { ReadCollector } from '../../../../electron/nbd/wire/read-reply.ts';
import type { ReplyCollector } from '../../../../electron/nbd/wire/reply-collector.ts';
import { u16, u32 } from '../../../support/servers/nbd-messages.ts';
import { chunkHeader, feedChunk } from '../../../support/servers/reply-chunks.ts';

const code = (name: string) => expect.objectContaining({ code: name });

describe('ReadCollector', () => {
  const data = (collector: ReplyCollector<Uint8Array>, offset: number, bytes: readonly number[]) =>
    feedChunk(collector, chunkHeader(1, bytes.length, { offset }), Uint8Array.from(bytes));
  const hole = (collector: ReplyCollector<Uint8Array>, offset: number, holeLength: number) =>
    feedChunk(collector, chunkHeader(2, 0, { offset, holeLength }));

  it.each([[[0, 1, 2, 3]], [[3, 2, 1, 0]], [[1, 3, 0, 2]], [[2, 0, 3, 1]]])(
    'takes pieces in the order %s',
    order => {
      const collector = new ReadCollector(100, 8);
      for (const i of order) {
        if (i === 2) hole(collector, 104, 2);
        else data(collector, 100 + 2 * i, [i + 1, i + 1]);
      }
      expect(collector.result()).toEqual({ value: Uint8Array.from([1, 1, 2, 2, 0, 0, 4, 4]) });
    },
  );

  it('takes 65,536 sectors in reverse', () => {
    const collector = new ReadCollector(0, 2 ** 25);
    for (let offset = 2 ** 25 - 512; offset >= 0; offset -= 512) hole(collector, offset, 512);
    expect(collector.result()).toMatchObject({ value: { length: 2 ** 25 } });
  });

  it('reports the first error, whatever else came', () => {
    const collector = new ReadCollector(0, 4);
    data(collector, 0, [1]);
    feedChunk(collector, chunkHeader(0x8001, 9), Buffer.concat([u32(5), u16(3), Buffer.from('a\nb')]));
    feedChunk(collector, chunkHeader(0x8001, 6), Buffer.concat([u32(22), u16(0)]));
    expect(collector.result()).toEqual({ errno: 5, text: 'a?b' });
  });

  it('refuses what lies outside, comes twice or is missing', () => {
    expect(() => data(new ReadCollector(100, 8), 99, [1])).toThrow(code('NBD_BAD_READ'));
    expect(() => data(new ReadCollector(100, 8), 107, [1, 1])).toThrow(code('NBD_BAD_READ'));
    expect(() => hole(new ReadCollector(100, 8), 2 ** 63, 1)).toThrow(code('NBD_BAD_READ'));
    expect(() => hole(new ReadCollector(100, 8), 100, 0)).toThrow(code('NBD_BAD_READ'));
    for (const [offset, length] of [
      [100, 1],
      [101, 2],
      [102, 4],
      [100, 8],
      [103, 1],
    ] as const) {
      const collector = new ReadCollector(100, 8);
      data(collector, 100, [1, 1]);
      data(collector, 103, [1, 1]);
      expect(() => hole(collector, offset, length)).toThrow(code('NBD_BAD_READ'));
    }
    const short = new ReadCollector(100, 8);
    data(short, 101, [1, 2, 3, 4, 5, 6, 7]);
    expect(() => short.result()).toThrow(code('NBD_BAD_READ'));
    expect(() => new ReadCollector(0, 1).result()).toThrow(code('NBD_BAD_READ'));
  });

  it('refuses status chunks and claims of success without data', () => {
    expect(() => new ReadCollector(0, 1).bodyOf(chunkHeader(5, 8, { contextId: 0 }))).toThrow(
      code('NBD_BAD_REPLY'),
    );
    expect(() =>
      new ReadCollector(0, 1).take(chunkHeader(0, 0, { simple: true }), new Uint8Array(0)),
    ).toThrow(code('NBD_BAD_REPLY'));
  });

  it('refuses a reply in too many pieces apart from each other', () => {
    const collector = new ReadCollector(0, 2 ** 20);
    expect(() => {
      for (let offset = 0; offset < 2 ** 20; offset += 2) hole(collector, offset, 1);
    }).toThrow(code('NBD_OVERSIZE'));
    const backwards = new ReadCollector(0, 2 ** 20);
    let pieces = 0;
    expect(() => {
      for (let offset = 2 ** 20 - 1; offset > 0; offset -= 2, pieces++) hole(backwards, offset, 1);
    }).toThrow(code('NBD_OVERSIZE'));
    expect(pieces).toBe(4096);
  });

  it('puts pieces together in any order', () => {
    const collector = new ReadCollector(0, 4096);
    for (const odd of [1, 0]) {
      for (let at = 0; at < 2048; at++) {
        const offset = 2 * ((at * 1021) % 2048) + odd;
        data(collector, offset, [offset & 0xff]);
      }
    }
    expect(collector.result()).toEqual({ value: Uint8Array.from({ length: 4096 }, (_, i) => i & 0xff) });
  });
});
