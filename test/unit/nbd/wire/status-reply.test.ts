import { describe, expect, it } from 'vitest';
import type { ReplyCollector } from '../../../../electron/nbd/wire/reply-collector.ts';
import { StatusCollector, sumOfLengths } from '../../../../electron/nbd/wire/status-reply.ts';
import { type Extent, entries, u16, u32 } from '../../../support/servers/nbd-messages.ts';
import { chunkHeader, feedChunk } from '../../../support/servers/reply-chunks.ts';

const code = (name: string) => expect.objectContaining({ code: name });

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
    feedChunk(
      collector,
      chunkHeader(wide ? 6 : 5, extents.length * (wide ? 16 : 8), { contextId }),
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
    expect(() => create().bodyOf(chunkHeader(1, 8, { offset: 0 }))).toThrow(code('NBD_BAD_REPLY'));
    expect(() => feedChunk(create(), chunkHeader(2, 0, { offset: 0, holeLength: 1 }))).toThrow(
      code('NBD_BAD_REPLY'),
    );
    expect(() => feedChunk(create(), chunkHeader(0x8001, 6), Buffer.concat([u32(0), u16(0)]))).toThrow(
      code('NBD_BAD_REPLY'),
    );
  });

  it('holds no more than 128 MiB', () => {
    const ids = Array.from({ length: 64 }, (_, i) => i);
    const collector = new StatusCollector({ ids, indexes: ids }, 1000, () => {});
    const size = 2 ** 22;
    expect(() => {
      for (const contextId of ids) collector.bodyOf(chunkHeader(5, size, { contextId }));
    }).toThrow(code('NBD_OVERSIZE'));
  });

  it('takes a simple reply as a failure', () => {
    const collector = create();
    feedChunk(collector, chunkHeader(0, 0, { simple: true, done: true, error: 22 }));
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
