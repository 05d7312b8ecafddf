import { describe, expect, it } from 'vitest';
import {
  disconnectFrame,
  filteredStatusFrame,
  parseErrorBody,
  ReplyParser,
  requestFrame,
} from '../../../../electron/nbd/wire/frames.ts';
import {
  chunk,
  dataChunk,
  errorChunk,
  holeChunk,
  simpleReply,
  statusChunk,
  u16,
  u32,
  u64,
} from '../../../support/servers/nbd-messages.ts';

/** What a parser makes of bytes that come in these pieces; the last entry is the error's code, if any. */
function parse(extended: boolean, pieces: readonly Uint8Array[]): unknown[] {
  const seen: unknown[] = [];
  const parser = new ReplyParser(extended, {
    bodyOf: head => new Uint8Array(head.bodyLength),
    reply: (head, body) => seen.push({ ...head, body: Buffer.from(body).toString('hex') }),
  });
  try {
    for (const piece of pieces) parser.push(piece);
    seen.push({ idle: parser.isIdle });
  } catch (error) {
    seen.push((error as { code: string }).code);
  }
  return seen;
}

function conversation(extended: boolean): Buffer {
  const one = { extended, cookie: 0x0102030405060708n, offset: 4096 };
  const two = { extended, cookie: 2n ** 64n - 1n, offset: 2n ** 63n };
  return Buffer.concat([
    statusChunk(
      one,
      7,
      [
        [65_536, 0],
        [4096, 3],
      ],
      false,
    ),
    dataChunk(two, 10, Buffer.from('data'), false),
    statusChunk(one, 0xffffffff, [[0xffffffff, 0xffffffff]], true),
    holeChunk(two, 2n ** 40n, 512, false),
    errorChunk(two, 5, 'broken disk', false),
    chunk(two, 0x8002, Buffer.concat([u32(5), u16(0), u64(512)]), false),
    chunk(two, 0, Buffer.alloc(0)),
    ...(extended ? [] : [simpleReply(3n, 22)]),
  ]);
}

describe.each([false, true])('ReplyParser, extended headers %s', extended => {
  const bytes = conversation(extended);
  const whole = parse(extended, [bytes]);

  it('reads every kind of message', () => {
    const common = { simple: false, error: 0, offset: -1, holeLength: 0, contextId: -1 };
    const one = {
      ...common,
      cookieHigh: 0x01020304,
      cookieLow: 0x05060708,
      requestOffset: extended ? 4096 : -1,
    };
    const two = {
      ...common,
      cookieHigh: 2 ** 32 - 1,
      cookieLow: 2 ** 32 - 1,
      requestOffset: extended ? 2 ** 63 : -1,
    };
    const status = extended ? 6 : 5;
    const step = extended ? 16 : 8;
    const entry = (length: string, flags: string) =>
      extended ? `${length.padStart(16, '0')}${flags.padStart(16, '0')}` : `${length}${flags}`;
    const expected: unknown[] = [
      {
        ...one,
        done: false,
        type: status,
        contextId: 7,
        bodyLength: 2 * step,
        body: entry('00010000', '00000000') + entry('00001000', '00000003'),
      },
      { ...two, done: false, type: 1, offset: 10, bodyLength: 4, body: '64617461' },
      {
        ...one,
        done: true,
        type: status,
        contextId: 0xffffffff,
        bodyLength: step,
        body: entry('ffffffff', 'ffffffff'),
      },
      { ...two, done: false, type: 2, offset: 2 ** 40, holeLength: 512, bodyLength: 0, body: '' },
      { ...two, done: false, type: 0x8001, bodyLength: 17, body: '00000005000b62726f6b656e206469736b' },
      { ...two, done: false, type: 0x8002, bodyLength: 14, body: '0000000500000000000000000200' },
      { ...two, done: true, type: 0, bodyLength: 0, body: '' },
    ];
    if (!extended) {
      const reply = { ...common, simple: true, done: true, type: 0, error: 22, cookieHigh: 0, cookieLow: 3 };
      expected.push({ ...reply, requestOffset: -1, bodyLength: 0, body: '' });
    }
    expect(whole).toEqual([...expected, { idle: true }]);
  });

  it('gives the same messages however they are split', () => {
    for (let at = 0; at <= bytes.length; at++) {
      expect(parse(extended, [bytes.subarray(0, at), bytes.subarray(at)])).toEqual(whole);
    }
    expect(
      parse(
        extended,
        [...bytes].map(byte => Uint8Array.of(byte)),
      ),
    ).toEqual(whole);
  });

  const to = { extended, cookie: 1n, offset: 0 };
  it.each([
    ['a wrong magic', Buffer.alloc(4), 'NBD_BAD_MAGIC'],
    ['the other form of chunks', chunk({ ...to, extended: !extended }, 0, Buffer.alloc(0)), 'NBD_BAD_MAGIC'],
    ['an unknown type', chunk(to, 3, Buffer.alloc(8)), 'NBD_BAD_REPLY'],
    ['an empty chunk that is not the last', chunk(to, 0, Buffer.alloc(0), false), 'NBD_BAD_REPLY'],
    ['an empty chunk with a payload', chunk(to, 0, Buffer.alloc(1)), 'NBD_BAD_REPLY'],
    ['data without data', chunk(to, 1, Buffer.alloc(8)), 'NBD_BAD_REPLY'],
    ['a hole of 11 bytes', chunk(to, 2, Buffer.alloc(11)), 'NBD_BAD_REPLY'],
    ['status without extents', chunk(to, 5, Buffer.alloc(4)), 'NBD_BAD_REPLY'],
    ['status with half an extent', chunk(to, 5, Buffer.alloc(16)), 'NBD_BAD_REPLY'],
    ['wide status without extents', chunk(to, 6, Buffer.alloc(8)), 'NBD_BAD_REPLY'],
    ['an error of 5 bytes', chunk(to, 0x8001, Buffer.alloc(5)), 'NBD_BAD_REPLY'],
    ['an unknown error of 5 bytes', chunk(to, 0x8123, Buffer.alloc(5)), 'NBD_BAD_REPLY'],
    ['64 MiB of data', chunk(to, 1, Buffer.alloc(0), true, 2 ** 26), 'NBD_OVERSIZE'],
    ['too many extents', chunk(to, 5, Buffer.alloc(0), true, 4 + 8 * (2 ** 20 + 1)), 'NBD_OVERSIZE'],
    ['a megabyte of error text', chunk(to, 0x8001, Buffer.alloc(0), true, 2 ** 20), 'NBD_OVERSIZE'],
  ])('refuses %s', (_, message, code) => {
    expect(parse(extended, [message]).at(-1)).toBe(code);
  });

  it('asks for a destination before a byte of the body has come, and refuses there', () => {
    const message = dataChunk(to, 0, Buffer.alloc(100), true);
    const parser = new ReplyParser(extended, {
      bodyOf() {
        throw new Error('not wanted');
      },
      reply: () => {},
    });
    parser.push(message.subarray(0, message.length - 101));
    expect(() => parser.push(message.subarray(message.length - 101, message.length - 100))).toThrow(
      'not wanted',
    );
  });

  it('accepts as many extents as the protocol allows', () => {
    let room = 0;
    const parser = new ReplyParser(extended, {
      bodyOf: head => {
        room = head.bodyLength;
        return new Uint8Array(room);
      },
      reply: () => {},
    });
    const count = 2 ** 20;
    parser.push(
      extended
        ? chunk(to, 6, Buffer.concat([u32(0), u32(count)]), true, 8 + 16 * count)
        : chunk(to, 5, u32(0), true, 4 + 8 * count),
    );
    expect(room).toBe((extended ? 16 : 8) * count);
  });
});

describe('extended status chunks', () => {
  const to = { extended: true, cookie: 1n, offset: 0 };
  it('must count what they hold', () => {
    const payload = Buffer.concat([u32(0), u32(2), u64(1), u64(0)]);
    expect(parse(true, [chunk(to, 6, payload)]).at(-1)).toBe('NBD_BAD_REPLY');
  });
  it('refuses a length of 2^63', () => {
    expect(parse(true, [chunk(to, 1, Buffer.alloc(0), true, 2n ** 63n)]).at(-1)).toBe('NBD_OVERSIZE');
  });
});

describe('parseErrorBody', () => {
  it('reads the number and the text', () => {
    const { errno, text } = parseErrorBody(Buffer.concat([u32(5), u16(2), Buffer.from('noise')]));
    expect([errno, Buffer.from(text).toString()]).toEqual([5, 'no']);
  });
  it('refuses a text that does not fit', () => {
    expect(() => parseErrorBody(Buffer.concat([u32(5), u16(9), Buffer.from('noise')]))).toThrow(
      expect.objectContaining({ code: 'NBD_BAD_REPLY' }),
    );
  });
});

describe('serializers', () => {
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
  const request = {
    command: 7,
    cookieHigh: 1,
    cookieLow: 0xffffffff,
    offset: 2 ** 53 - 1,
    length: 0xffff0000,
  };

  it('writes requests as the protocol lays them out', () => {
    expect(hex(requestFrame(false, request))).toBe(
      `25609513${'0000'}0007${'00000001ffffffff'}001fffffffffffffffff0000`,
    );
    const wide = { ...request, length: 2 ** 36 };
    expect(hex(requestFrame(true, wide))).toBe(
      '21e41c710000000700000001ffffffff001fffffffffffff0000001000000000',
    );
    expect(hex(filteredStatusFrame(wide, [2, 9]))).toBe(
      '21e41c710020000700000001ffffffff001fffffffffffff000000000000001000000010000000000000000200000009',
    );
    expect(hex(disconnectFrame(false))).toBe(`25609513${'00000002'}${'00'.repeat(20)}`);
  });
});
