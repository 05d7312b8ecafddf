import { describe, expect, it } from 'vitest';
import type { ReplyHeader } from '../../../../electron/nbd/wire/frames.ts';
import { ReadCollector } from '../../../../electron/nbd/wire/read-reply.ts';
import type { ReplyCollector } from '../../../../electron/nbd/wire/reply-collector.ts';
import { StatusCollector, sumOfLengths } from '../../../../electron/nbd/wire/status-reply.ts';
import { type Extent, entries, u16, u32 } from '../../../support/servers/nbd-messages.ts';

function head(type: number, bodyLength: number, more: Partial<ReplyHeader> = {}): ReplyHeader {
  return {
    simple: false,
    done: false,
    type,
    error: 0,
    cookieHigh: 0,
    cookieLow: 0,
    requestOffset: -1,
    offset: -1,
    holeLength: 0,
    contextId: -1,
    bodyLength,
    ...more,
  };
}

function feed(
  collector: ReplyCollector<unknown>,
  of: ReplyHeader,
  bytes: Uint8Array = new Uint8Array(0),
): void {
  const body = bytes.length === 0 ? new Uint8Array(0) : collector.bodyOf(of);
  body.set(bytes);
  collector.take(of, body);
}

const code = (name: string) => expect.objectContaining({ code: name });

describe('ReadCollector', () => {
  const data = (collector: ReplyCollector<Uint8Array>, offset: number, bytes: readonly number[]) =>
    feed(collector, head(1, bytes.length, { offset }), Uint8Array.from(bytes));
  const hole = (collector: ReplyCollector<Uint8Array>, offset: number, holeLength: number) =>
    feed(collector, head(2, 0, { offset, holeLength }));

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
    feed(collector, head(0x8001, 9), Buffer.concat([u32(5), u16(3), Buffer.from('a\nb')]));
    feed(collector, head(0x8001, 6), Buffer.concat([u32(22), u16(0)]));
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
    expect(() => new ReadCollector(0, 1).bodyOf(head(5, 8, { contextId: 0 }))).toThrow(code('NBD_BAD_REPLY'));
    expect(() => new ReadCollector(0, 1).take(head(0, 0, { simple: true }), new Uint8Array(0))).toThrow(
      code('NBD_BAD_REPLY'),
    );
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

describe('StatusCollector', () => {
  const notes: string[] = [];
  const create = (bytesToEnd = 1000) =>
    new StatusCollector({ ids: [5, 9], indexes: [0, 3] }, bytesToEnd, text => notes.push(text));
  const status = (
    collector: ReplyCollector<unknown>,
    contextId: number,
    extents: readonly Extent[],
    wide = false,
  ) =>
    feed(
      collector,
      head(wide ? 6 : 5, extents.length * (wide ? 16 : 8), { contextId }),
      entries(extents, wide),
    );

  it('gives the lists in the order asked for, with their own coverage', () => {
    const collector = create();
    status(collector, 9, [
      [300, 1],
      [100, 1],
    ]);
    status(collector, 5, [[2n ** 60n, 2n ** 63n]], true);
    expect(collector.result()).toEqual({
      value: [
        {
          contextIndex: 0,
          wide: true,
          covered: 1000,
          payload: new Uint8Array(entries([[2n ** 60n, 2n ** 63n]], true)),
        },
        {
          contextIndex: 3,
          wide: false,
          covered: 400,
          payload: new Uint8Array(
            entries(
              [
                [300, 1],
                [100, 1],
              ],
              false,
            ),
          ),
        },
      ],
    });
    expect(notes).toEqual(['the server described more than the export holds; the surplus was ignored']);
  });

  it('gives each payload a separate buffer', () => {
    const collector = create();
    status(collector, 5, [[1, 0]]);
    status(collector, 9, [[1, 0]]);
    const { value } = collector.result() as { value: { payload: Uint8Array }[] };
    expect(value.map(({ payload }) => payload.buffer.byteLength)).toEqual([8, 8]);
    expect(value[0]!.payload.buffer).not.toBe(value[1]!.payload.buffer);
  });

  it('refuses what the protocol forbids', () => {
    expect(() => status(create(), 4, [[1, 0]])).toThrow(code('NBD_BAD_STATUS'));
    expect(() =>
      status(create(), 5, [
        [1, 0],
        [0, 0],
      ]),
    ).toThrow(code('NBD_BAD_STATUS'));
    expect(() => status(create(), 5, [[0, 0]], true)).toThrow(code('NBD_BAD_STATUS'));
    const twice = create();
    status(twice, 5, [[1, 0]]);
    expect(() => status(twice, 5, [[1, 0]])).toThrow(code('NBD_BAD_STATUS'));
    expect(() => twice.result()).toThrow(code('NBD_BAD_STATUS'));
    expect(() => create().bodyOf(head(1, 8, { offset: 0 }))).toThrow(code('NBD_BAD_REPLY'));
    expect(() => feed(create(), head(2, 0, { offset: 0, holeLength: 1 }))).toThrow(code('NBD_BAD_REPLY'));
    expect(() => feed(create(), head(0x8001, 6), Buffer.concat([u32(0), u16(0)]))).toThrow(
      code('NBD_BAD_REPLY'),
    );
  });

  it('holds no more than 128 MiB', () => {
    const ids = Array.from({ length: 64 }, (_, i) => i);
    const collector = new StatusCollector({ ids, indexes: ids }, 1000, () => {});
    const size = 2 ** 22;
    expect(() => {
      for (const contextId of ids) collector.bodyOf(head(5, size, { contextId }));
    }).toThrow(code('NBD_OVERSIZE'));
  });

  it('takes a simple reply as a failure', () => {
    const collector = create();
    feed(collector, head(0, 0, { simple: true, done: true, error: 22 }));
    expect(collector.result()).toEqual({ errno: 22, text: '' });
  });
});

describe('sumOfLengths', () => {
  it('is exact up to 2^53 and beyond it stays beyond', () => {
    expect(
      sumOfLengths(
        entries(
          [
            [0xffffffff, 0],
            [0xffffffff, 0],
          ],
          false,
        ),
        false,
      ),
    ).toBe(2 * 0xffffffff);
    expect(
      sumOfLengths(
        entries(
          [
            [2n ** 53n - 2n, 0],
            [1, 0],
          ],
          true,
        ),
        true,
      ),
    ).toBe(2 ** 53 - 1);
    expect(
      sumOfLengths(
        entries(
          [
            [2n ** 64n - 1n, 0],
            [2n ** 64n - 1n, 0],
          ],
          true,
        ),
        true,
      ),
    ).toBeGreaterThan(2 ** 53);
  });
});
