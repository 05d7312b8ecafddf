import { describe, expect, it } from 'vitest';
import {
  infoData,
  metaContextData,
  OptionParser,
  optionFrame,
  parseInfo,
  parseMetaContext,
  parseServer,
} from '../../../../electron/nbd/wire/option-frames.ts';
import {
  blockSizeInfo,
  contextData,
  exportInfo,
  greeting,
  oldStyleGreeting,
  optionReply,
  serverData,
  u16,
  u32,
} from '../../../support/servers/nbd-messages.ts';

/** What a parser makes of bytes that come in these pieces; the last entry is the error's code, if any. */
function parse(pieces: readonly Uint8Array[]): unknown[] {
  const seen: unknown[] = [];
  const parser = new OptionParser({
    greeting: (style, flags) => seen.push({ style, flags }),
    reply: ({ option, type, data }) => seen.push({ option, type, data: Buffer.from(data).toString('hex') }),
  });
  try {
    for (const piece of pieces) parser.push(piece);
    seen.push({ idle: parser.isIdle });
  } catch (error) {
    seen.push((error as { code: string }).code);
  }
  return seen;
}

const conversation = Buffer.concat([
  greeting(3),
  optionReply(8, 1),
  optionReply(9, 4, contextData(0, 'base:allocation')),
  optionReply(9, 1),
  optionReply(7, 0x80000006, Buffer.from('no such export')),
]);

describe('OptionParser', () => {
  it('gives the same messages however they are split', () => {
    const whole = parse([conversation]);
    expect(whole).toMatchInlineSnapshot(`
      [
        {
          "flags": 3,
          "style": "new",
        },
        {
          "data": "",
          "option": 8,
          "type": 1,
        },
        {
          "data": "00000000626173653a616c6c6f636174696f6e",
          "option": 9,
          "type": 4,
        },
        {
          "data": "",
          "option": 9,
          "type": 1,
        },
        {
          "data": "6e6f2073756368206578706f7274",
          "option": 7,
          "type": 2147483654,
        },
        {
          "idle": true,
        },
      ]
    `);
    for (let at = 0; at <= conversation.length; at++) {
      expect(parse([conversation.subarray(0, at), conversation.subarray(at)])).toEqual(whole);
    }
    expect(parse([...conversation].map(byte => Uint8Array.of(byte)))).toEqual(whole);
  });

  it('keeps no reference to what it was given', () => {
    const scratch = Buffer.alloc(64);
    const seen: Uint8Array[] = [];
    const parser = new OptionParser({ greeting: () => {}, reply: ({ data }) => seen.push(data) });
    for (const piece of [greeting(), optionReply(3, 2, serverData('disk'))]) {
      piece.copy(scratch);
      parser.push(scratch.subarray(0, piece.length));
      scratch.fill(0xff);
    }
    expect(parseServer(seen[0]!)).toEqual({ name: 'disk', description: '' });
  });

  it('knows when it is in the middle of a message', () => {
    expect(parse([conversation.subarray(0, 18)]).at(-1)).toEqual({ idle: true });
    expect(parse([conversation.subarray(0, 19)]).at(-1)).toEqual({ idle: false });
    expect(parse([conversation.subarray(0, conversation.length - 1)]).at(-1)).toEqual({ idle: false });
  });

  it('tells an oldstyle server before its greeting is complete', () => {
    expect(parse([oldStyleGreeting().subarray(0, 16)])[0]).toEqual({ style: 'old', flags: 0 });
  });

  it.each([
    ['another protocol', Buffer.from('HTTP/1.1 400 Bad Request\r\n'), 'NBD_BAD_MAGIC'],
    ['half a greeting', Buffer.from('NBDMAGICNBDMAGIC'), 'NBD_BAD_MAGIC'],
    ['a wrong reply magic', Buffer.concat([greeting(), Buffer.alloc(20)]), 'NBD_BAD_MAGIC'],
    [
      'an oversize reply',
      Buffer.concat([greeting(), optionReply(3, 2, Buffer.alloc(0), 65_537)]),
      'NBD_OVERSIZE',
    ],
    [
      '4 GiB of text',
      Buffer.concat([greeting(), optionReply(3, 0x80000001, Buffer.alloc(0), 0xffffffff)]),
      'NBD_OVERSIZE',
    ],
  ])('refuses %s', (_, bytes, code) => {
    expect(parse([bytes]).at(-1)).toBe(code);
  });
});

describe('serializers', () => {
  it('writes options as the protocol lays them out', () => {
    const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
    expect(hex(optionFrame(8))).toBe('49484156454f50540000000800000000');
    expect(hex(optionFrame(7, infoData('é', [3])))).toBe(
      '49484156454f5054000000070000000a00000002c3a900010003',
    );
    expect(hex(metaContextData('x', ['a:', 'b']))).toBe('00000001780000000200000002613a0000000162');
    expect(hex(metaContextData('', []))).toBe('0000000000000000');
  });
});

describe('reply data', () => {
  it('is read, with untrusted text made safe', () => {
    expect(parseServer(serverData('disk\n', 'a\u001b[31m\u202ered\n'))).toEqual({
      name: 'disk\n',
      description: 'a?[31m?red?',
    });
    expect(parseMetaContext(contextData(0xffffffff, 'qemu:x'))).toEqual({ id: 0xffffffff, name: 'qemu:x' });
    expect(parseInfo(exportInfo(2 ** 40, 0x058f))).toEqual({ kind: 'export', size: 2 ** 40, flags: 0x058f });
    expect(parseInfo(blockSizeInfo(1, 4096, 0xffffffff))).toEqual({
      kind: 'blockSize',
      minimum: 1,
      preferred: 4096,
      maximum: 0xffffffff,
    });
    expect(parseInfo(Buffer.concat([u16(2), Buffer.from('text')]))).toEqual({
      kind: 'description',
      text: 'text',
    });
    expect(parseInfo(Buffer.concat([u16(99), Buffer.from('text')]))).toBeUndefined();
  });

  it.each([
    ['a short export info', () => parseInfo(exportInfo(1, 1).subarray(0, 11)), 'NBD_BAD_REPLY'],
    [
      'a long block size',
      () => parseInfo(Buffer.concat([blockSizeInfo(1, 512, 512), u16(0)])),
      'NBD_BAD_REPLY',
    ],
    ['an empty info', () => parseInfo(Buffer.alloc(1)), 'NBD_BAD_REPLY'],
    ['a name past the end', () => parseServer(u32(1)), 'NBD_BAD_REPLY'],
    ['a server reply of 3 bytes', () => parseServer(Buffer.alloc(3)), 'NBD_BAD_REPLY'],
    ['a context of 3 bytes', () => parseMetaContext(Buffer.alloc(3)), 'NBD_BAD_REPLY'],
    ['a name of 4097 bytes', () => parseMetaContext(contextData(1, 'x'.repeat(4097))), 'NBD_OVERSIZE'],
  ])('refuses %s', (_, read, code) => {
    expect(read).toThrow(expect.objectContaining({ code }));
  });
});
