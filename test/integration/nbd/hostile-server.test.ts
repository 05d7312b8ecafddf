/** Everything a server must not do, and some of what it may: each ends in a coded error or a sane result. */
import { afterEach, describe, expect, it } from 'vitest';
import { connectNbd, type NbdConnection } from '../../../electron/nbd/client/client.ts';
import { listExports } from '../../../electron/nbd/client/list-exports.ts';
import { parseNbdUri } from '../../../electron/nbd/uri.ts';
import { walkBlockStatus } from '../../../electron/nbd/walk/block-status.ts';
import type { StatusBatch } from '../../../shared/extent/status-batch.ts';
import { plainExtents } from '../../support/nbd-status.ts';
import {
  blockSizeInfo,
  chunk,
  contextData,
  dataChunk,
  type Extent,
  errorChunk,
  exportInfo,
  greeting,
  holeChunk,
  oldStyleGreeting,
  optionReply,
  type ReplyTo,
  serverData,
  simpleReply,
  statusChunk,
  u16,
  u32,
  u64,
} from '../../support/servers/nbd-messages.ts';
import {
  type FakeServer,
  fakeBytes,
  type Peer,
  type RunningFakeServer,
  startFakeServer,
  statusFrom,
} from '../../support/servers/nbd-server.ts';

const running: RunningFakeServer[] = [];
afterEach(async () => {
  for (const server of running.splice(0)) await server.close();
});

const code = (name: string) => expect.objectContaining({ code: name });
const SIZE = 65_536;
const contexts = [
  {
    id: 0,
    name: 'base:allocation',
    status: statusFrom([
      [4096, 0],
      [SIZE - 4096, 3],
    ]),
  },
  { id: 1, name: 'qemu:allocation-depth', status: statusFrom([[SIZE, 1]]) },
];
const disk = { size: SIZE, contexts };

async function serve(fake: Partial<FakeServer>): Promise<string> {
  const server = await startFakeServer({ exports: { '': disk }, ...fake });
  running.push(server);
  return server.uri;
}

async function use<T>(
  fake: Partial<FakeServer>,
  action: (connection: NbdConnection) => Promise<T>,
): Promise<T> {
  const limits = { connect: 5000, handshake: 5000, reply: 5000 };
  const connection = await connectNbd(parseNbdUri(await serve(fake)), { timeouts: limits });
  try {
    return await action(connection);
  } finally {
    await connection.close();
  }
}

async function walkAll(connection: NbdConnection): Promise<StatusBatch[]> {
  const batches: StatusBatch[] = [];
  await walkBlockStatus(connection, {}, batch => {
    batches.push(batch);
  });
  return batches;
}

/** Answers one option with these bytes. */
function answering(option: number, ...parts: readonly Buffer[]): Partial<FakeServer> {
  return { onOption: (asked, _, peer) => asked === option && peer.write(...parts).then(() => true) };
}

/** Sends the same bytes for as long as the client takes them. */
async function forever(peer: Peer, bytes: Buffer): Promise<never> {
  for (;;) {
    await peer.write(bytes);
    await new Promise(setImmediate);
  }
}

const ack = (option: number) => optionReply(option, 1);
const info = (data: Buffer) => optionReply(7, 3, data);

describe('a server that breaks the handshake', () => {
  const cases: [string, Partial<FakeServer>, string][] = [
    ['speaks another protocol', { greeting: Buffer.from('SSH-2.0-OpenSSH_9.2p1\r\n') }, 'NBD_BAD_MAGIC'],
    [
      'greets wrongly in the second half',
      { greeting: Buffer.from('NBDMAGICIHAVEOPU\0\x03') },
      'NBD_BAD_MAGIC',
    ],
    ['is of the old style', { greeting: oldStyleGreeting() }, 'NBD_OLD_STYLE'],
    ['cannot negotiate', { greeting: greeting(0) }, 'NBD_NOT_FIXED'],
    ['goes on after its greeting', { greeting: Buffer.concat([greeting(), u32(0)]) }, 'NBD_UNEXPECTED_BYTES'],
    [
      'replies before it is asked',
      { greeting: Buffer.concat([greeting(), ack(11)]) },
      'NBD_UNEXPECTED_BYTES',
    ],
    ['answers another option', answering(11, ack(8)), 'NBD_BAD_REPLY'],
    ['answers twice', answering(11, ack(11), ack(11)), 'NBD_UNEXPECTED_BYTES'],
    ['slips bytes in after an answer', answering(11, ack(11), u16(0)), 'NBD_UNEXPECTED_BYTES'],
    ['answers with nonsense', answering(8, Buffer.alloc(20, 0x55)), 'NBD_BAD_MAGIC'],
    ['answers with an unknown type', answering(8, optionReply(8, 5)), 'NBD_BAD_REPLY'],
    [
      'answers with the type of another option',
      answering(9, optionReply(9, 2, serverData('x'))),
      'NBD_BAD_REPLY',
    ],
    [
      'announces 4 GiB of error text',
      answering(8, optionReply(8, 0x80000001, Buffer.alloc(0), 2 ** 32 - 1)),
      'NBD_OVERSIZE',
    ],
    [
      'grants a context twice',
      answering(10, ...[0, 1].map(id => optionReply(10, 4, contextData(id, 'base:allocation'))), ack(10)),
      'NBD_BAD_REPLY',
    ],
    [
      'grants two contexts of one id',
      answering(10, ...contexts.map(({ name }) => optionReply(10, 4, contextData(5, name))), ack(10)),
      'NBD_BAD_REPLY',
    ],
    [
      'grants what was not asked for',
      answering(10, optionReply(10, 4, contextData(0, 'qemu:other')), ack(10)),
      'NBD_BAD_REPLY',
    ],
    [
      'names a context of 5000 bytes',
      answering(9, optionReply(9, 4, contextData(0, 'x'.repeat(5000))), ack(9)),
      'NBD_OVERSIZE',
    ],
    ['forgets the size', answering(7, info(blockSizeInfo(1, 4096, 4096)), ack(7)), 'NBD_BAD_REPLY'],
    ['cuts the size short', answering(7, info(exportInfo(SIZE, 3).subarray(0, 9)), ack(7)), 'NBD_BAD_REPLY'],
    ['claims 2^63 bytes', { exports: { '': { ...disk, size: 2n ** 63n } } }, 'NBD_EXPORT_TOO_LARGE'],
    ['claims 2^64 - 1 bytes', { exports: { '': { ...disk, size: 2n ** 64n - 1n } } }, 'NBD_EXPORT_TOO_LARGE'],
    ['claims 2^53 bytes', { exports: { '': { ...disk, size: 2n ** 53n } } }, 'NBD_EXPORT_TOO_LARGE'],
    [
      'has blocks of 0 bytes',
      { exports: { '': { ...disk, blockSize: [0, 4096, 4096] } } },
      'NBD_BAD_BLOCK_SIZE',
    ],
    [
      'has blocks of 3 bytes',
      { exports: { '': { ...disk, blockSize: [3, 4096, 4096] } } },
      'NBD_BAD_BLOCK_SIZE',
    ],
    [
      'has blocks of 128 KiB',
      { exports: { '': { ...disk, blockSize: [131_072, 131_072, 131_072] } } },
      'NBD_BAD_BLOCK_SIZE',
    ],
    [
      'prefers less than its minimum',
      { exports: { '': { ...disk, blockSize: [4096, 512, 4096] } } },
      'NBD_BAD_BLOCK_SIZE',
    ],
    [
      'takes less than it prefers',
      { exports: { '': { ...disk, blockSize: [1, 4096, 512] } } },
      'NBD_BAD_BLOCK_SIZE',
    ],
    ['goes on after GO', answering(7, info(exportInfo(SIZE, 3)), ack(7), u16(1)), 'NBD_UNEXPECTED_BYTES'],
    ['wants TLS', answering(11, optionReply(11, 0x80000005, Buffer.from('TLS first'))), 'NBD_TLS_REQUIRED'],
    ['wants TLS late', answering(7, optionReply(7, 0x80000005)), 'NBD_TLS_REQUIRED'],
    ['shuts down', answering(8, optionReply(8, 0x80000007)), 'NBD_SHUTTING_DOWN'],
    [
      'refuses by policy',
      answering(7, optionReply(7, 0x80000002, Buffer.from('\u001b]0;owned\u0007'))),
      'NBD_REFUSED',
    ],
    ['does not know the export', answering(7, optionReply(7, 0x80000006)), 'NBD_EXPORT_UNKNOWN'],
    ['does not know GO', answering(7, optionReply(7, 0x80000001)), 'NBD_TOO_OLD'],
    ['fails in an unheard-of way', answering(7, optionReply(7, 0xffffffff)), 'NBD_OPTION_FAILED'],
  ];

  it.each(cases)('%s', async (_, fake, expected) => {
    const connecting = connectNbd(parseNbdUri(await serve(fake)), { timeouts: { handshake: 5000 } });
    await expect(connecting).rejects.toThrow(code(expected));
    await connecting.catch(error => expect(error.message).not.toMatch(/\p{Cc}/u));
  });

  it.each([
    ['contexts', 9, optionReply(9, 4, contextData(0, 'x:'.padEnd(250, 'y')))],
    ['information', 7, optionReply(7, 3, exportInfo(SIZE, 3))],
    ['information of unknown kinds', 7, optionReply(7, 3, Buffer.concat([u16(99), Buffer.alloc(60_000)]))],
  ])('never ends its %s', async (_, option, reply) => {
    const connecting = connectNbd(
      parseNbdUri(
        await serve({
          onOption: (asked, __, peer) =>
            asked === option ? forever(peer, Buffer.concat(new Array(50).fill(reply))) : false,
        }),
      ),
    );
    await expect(connecting).rejects.toThrow(code('NBD_OVERSIZE'));
  });

  it('never ends its list of exports', async () => {
    const names = Buffer.concat(
      Array.from({ length: 500 }, (_, i) => optionReply(3, 2, serverData(`disk ${i}`))),
    );
    const uri = await serve({ onOption: (asked, _, peer) => (asked === 3 ? forever(peer, names) : false) });
    await expect(listExports(parseNbdUri(uri))).rejects.toThrow(code('NBD_OVERSIZE'));
  });

  it('drips bytes that never make a greeting', async () => {
    const uri = await serve({ greeting: Buffer.from('NBDMA') });
    const connecting = connectNbd(parseNbdUri(uri), { timeouts: { handshake: 50 } });
    await expect(connecting).rejects.toThrow(code('NBD_HANDSHAKE_TIMEOUT'));
  });

  it('leaves TLS hanging in plain text', async () => {
    const plain = answering(5, ack(5), optionReply(8, 1));
    const uri = (await serve(plain)).replace('nbd+', 'nbds+');
    await expect(connectNbd(parseNbdUri(uri))).rejects.toThrow(code('NBD_UNEXPECTED_BYTES'));
    const talks: Partial<FakeServer> = {
      async onOption(option, _, peer) {
        await peer.write(ack(option));
        await new Promise(setImmediate);
        await peer.write(ack(8));
        return true;
      },
    };
    const late = (await serve(talks)).replace('nbd+', 'nbds+');
    await expect(connectNbd(parseNbdUri(late))).rejects.toThrow(/^NBD_(TLS_FAILED|UNEXPECTED_BYTES)/);
  });
});

describe.each([false, true])('a server that breaks replies, extended headers %s', extendedHeaders => {
  /** Answers every request with what `reply` makes of it. */
  const replying = (reply: (to: ReplyTo) => readonly Buffer[]): Partial<FakeServer> => ({
    extendedHeaders,
    onRequest: (request, peer) => request.command !== 2 && peer.write(...reply(request)).then(() => true),
  });
  const good = (to: ReplyTo) => [
    statusChunk(to, 0, [[SIZE, 0]], false),
    statusChunk(to, 1, [[SIZE, 1]], true),
  ];
  const done = (to: ReplyTo) => chunk(to, 0, Buffer.alloc(0));

  const broken: [string, (to: ReplyTo) => Buffer[], string][] = [
    ['with nonsense', () => [Buffer.alloc(40, 0x55)], 'NBD_BAD_MAGIC'],
    [
      'in the other form',
      to => [chunk({ ...to, extended: !extendedHeaders }, 0, Buffer.alloc(0))],
      'NBD_BAD_MAGIC',
    ],
    [
      'to an unknown cookie',
      to => [chunk({ ...to, cookie: to.cookie + 1n }, 0, Buffer.alloc(0))],
      'NBD_BAD_COOKIE',
    ],
    [
      'to a cookie of 2^64 - 1',
      to => [chunk({ ...to, cookie: 2n ** 64n - 1n }, 0, Buffer.alloc(0))],
      'NBD_BAD_COOKIE',
    ],
    ['twice', to => [...good(to), ...good(to)], 'NBD_BAD_COOKIE'],
    ['with bytes behind the reply', to => [...good(to), u16(1)], 'NBD_UNEXPECTED_BYTES'],
    [
      'with an extent of length zero',
      to => [
        statusChunk(
          to,
          0,
          [
            [512, 0],
            [0, 3],
          ],
          false,
        ),
      ],
      'NBD_BAD_STATUS',
    ],
    ['with no extent', to => [chunk(to, 5, u32(0))], 'NBD_BAD_REPLY'],
    ['about an unknown context', to => [statusChunk(to, 7, [[SIZE, 0]], true)], 'NBD_BAD_STATUS'],
    [
      'about one context twice',
      to => [statusChunk(to, 0, [[1, 0]], false), statusChunk(to, 0, [[1, 0]], true)],
      'NBD_BAD_STATUS',
    ],
    ['about one context only', to => [statusChunk(to, 0, [[SIZE, 0]], true)], 'NBD_BAD_STATUS'],
    ['about nothing', to => [done(to)], 'NBD_BAD_STATUS'],
    ['with data', to => [dataChunk(to, 0, Buffer.alloc(512), true)], 'NBD_BAD_REPLY'],
    ['with a hole', to => [holeChunk(to, 0, 512, true)], 'NBD_BAD_REPLY'],
    [
      'with more than 2^20 extents',
      to => [chunk(to, 5, u32(0), true, 4 + 8 * (2 ** 20 + 1))],
      'NBD_OVERSIZE',
    ],
    ['with a chunk of 4 GiB', to => [chunk(to, 5, u32(0), true, 2 ** 32 - 4)], 'NBD_OVERSIZE'],
    ['with an unknown type', to => [chunk(to, 0x7fff, Buffer.alloc(8))], 'NBD_BAD_REPLY'],
    [
      'with an error text that does not fit',
      to => [chunk(to, 0x8001, Buffer.concat([u32(5), u16(500)]))],
      'NBD_BAD_REPLY',
    ],
    ['with error number 0', to => [errorChunk(to, 0)], 'NBD_BAD_REPLY'],
    ['that it shuts down', to => [errorChunk(to, 108)], 'NBD_SHUTTING_DOWN'],
    ...(extendedHeaders
      ? ([
          ['with another offset', to => [chunk({ ...to, offset: 512 }, 0, Buffer.alloc(0))], 'NBD_BAD_REPLY'],
          [
            'with a wrong count',
            to => [chunk(to, 6, Buffer.concat([u32(0), u32(2), u64(1), u64(0)]))],
            'NBD_BAD_REPLY',
          ],
          ['with 2^63 bytes', to => [chunk(to, 6, Buffer.alloc(0), true, 2n ** 63n)], 'NBD_OVERSIZE'],
          ['with a simple error', to => [simpleReply(to.cookie, 5)], 'NBD_BAD_MAGIC'],
        ] satisfies [string, (to: ReplyTo) => Buffer[], string][])
      : ([
          ['simply that all is well', to => [simpleReply(to.cookie, 0)], 'NBD_BAD_REPLY'],
          [
            'with wide extents',
            to => [chunk(to, 6, Buffer.concat([u32(0), u32(1), u64(1), u64(0)]))],
            'NBD_BAD_REPLY',
          ],
        ] satisfies [string, (to: ReplyTo) => Buffer[], string][])),
  ];

  it.each(broken)('%s', async (_, reply, expected) => {
    await use(replying(reply), async connection => {
      // a violation that follows a good reply in one piece of bytes is seen by the next request
      const asking = connection.blockStatus(0, SIZE).then(() => connection.blockStatus(0, SIZE));
      await expect(asking).rejects.toThrow(code(expected));
      expect(connection.error).toMatchObject({ code: expected, subject: connection.subject });
    });
  });

  const badReads: [string, (to: ReplyTo) => Buffer[], string][] = [
    ['before the request', to => [dataChunk(to, 511, Buffer.alloc(2), true)], 'NBD_BAD_READ'],
    ['past the request', to => [dataChunk(to, 512, Buffer.alloc(1025), true)], 'NBD_BAD_READ'],
    ['at 2^64 - 1', to => [dataChunk(to, 2n ** 64n - 1n, Buffer.alloc(1), true)], 'NBD_BAD_READ'],
    [
      'twice',
      to => [dataChunk(to, 512, Buffer.alloc(600), false), holeChunk(to, 1000, 100, true)],
      'NBD_BAD_READ',
    ],
    ['in part', to => [dataChunk(to, 512, Buffer.alloc(600), true)], 'NBD_BAD_READ'],
    ['not at all', to => [done(to)], 'NBD_BAD_READ'],
    ['as a hole of 4 GiB', to => [holeChunk(to, 512, 2 ** 32 - 1, true)], 'NBD_BAD_READ'],
    ['as an empty hole', to => [holeChunk(to, 512, 0, true)], 'NBD_BAD_READ'],
    ['as status', to => [statusChunk(to, 0, [[1024, 0]], true)], 'NBD_BAD_REPLY'],
  ];

  it.each(badReads)('sends bytes %s', async (_, reply, expected) => {
    await use(replying(reply), async connection => {
      await expect(connection.read(512, 1024)).rejects.toThrow(code(expected));
      expect(connection.error).toMatchObject({ code: expected });
    });
  });

  it('sends bytes that were not requested', async () => {
    let speak = () => {};
    const spoken: Partial<FakeServer> = {
      extendedHeaders,
      onRequest(request, peer) {
        speak = () => void peer.write(chunk(request, 0, Buffer.alloc(0)));
        return false;
      },
    };
    await use(spoken, async connection => {
      await connection.blockStatus(0, SIZE);
      speak();
      while (connection.error === undefined) await new Promise(setImmediate);
      expect(connection.error).toMatchObject({ code: 'NBD_BAD_COOKIE' });
    });
  });

  it('never sends DONE', async () => {
    const fake: Partial<FakeServer> = {
      extendedHeaders,
      onRequest: (request, peer) => peer.write(statusChunk(request, 0, [[SIZE, 0]], false)).then(() => true),
    };
    const connection = await connectNbd(parseNbdUri(await serve(fake)), { timeouts: { reply: 50 } });
    await expect(connection.blockStatus(0, SIZE)).rejects.toThrow(code('NBD_SILENT'));
  });

  it('never stops sending errors', async () => {
    const fake: Partial<FakeServer> = {
      extendedHeaders,
      onRequest: (request, peer) =>
        forever(peer, Buffer.concat(new Array(100).fill(errorChunk(request, 5, 'no', false)))),
    };
    await use(fake, async connection => {
      await expect(connection.blockStatus(0, SIZE)).rejects.toThrow(code('NBD_OVERSIZE'));
    });
  });

  it('never gets further than a byte of an export that it may', async () => {
    const one = { id: 0, name: 'base:allocation', status: (offset: number) => [[1, offset % 2]] as const };
    await use({ extendedHeaders, exports: { '': { size: 200, contexts: [one] } } }, async connection => {
      expect(plainExtents(await walkAll(connection), 0)).toHaveLength(200);
    });
  });

  it('describes 2^20 extents of a byte', async () => {
    const list: Extent[] = Array.from({ length: 2 ** 20 }, (_, i) => [1, i % 2]);
    const one = { id: 0, name: 'base:allocation', status: () => list };
    await use({ extendedHeaders, exports: { '': { size: 2 ** 20, contexts: [one] } } }, async connection => {
      const batches = await walkAll(connection);
      expect(batches.map(({ covered }) => covered)).toEqual([2 ** 20]);
      expect(batches[0]?.lists[0]?.payload).toHaveLength(2 ** 20 * (extendedHeaders ? 16 : 8));
    });
  });

  it('describes far more than the export holds', async () => {
    const lists = contexts.map(context => ({
      ...context,
      status: () => new Array(1000).fill([2 ** 32 - 1, 2 ** 32 - 1]),
    }));
    await use({ extendedHeaders, exports: { '': { size: SIZE, contexts: lists } } }, async connection => {
      const batches = await walkAll(connection);
      expect(plainExtents(batches, 1)).toEqual([{ offset: 0, length: SIZE, flags: 2 ** 32 - 1 }]);
      expect(connection.notes).toHaveLength(1);
    });
  });

  it('sends everything a byte at a time', async () => {
    await use({ extendedHeaders, drip: true }, async connection => {
      expect(plainExtents(await walkAll(connection), 0)).toEqual([
        { offset: 0, length: 4096, flags: 0 },
        { offset: 4096, length: SIZE - 4096, flags: 3 },
      ]);
      expect(Buffer.from(await connection.read(300, 200)).equals(fakeBytes(300, 200))).toBe(true);
    });
  });

  it('mixes the chunks of several replies', async () => {
    const held = new Map<number, ReplyTo>();
    const fake: Partial<FakeServer> = {
      extendedHeaders,
      async onRequest(request, peer) {
        if (request.command === 2) return false;
        held.set(request.command, request);
        const [status, read] = [held.get(7), held.get(0)];
        if (status === undefined || read === undefined) return true;
        await peer.write(
          statusChunk(status, 1, [[SIZE, 1]], false),
          dataChunk(read, 4, Buffer.from('efgh'), false),
          statusChunk(status, 0, [[SIZE, 3]], true),
          holeChunk(read, 0, 4, true),
        );
        return true;
      },
    };
    await use(fake, async connection => {
      const [lists, bytes] = await Promise.all([connection.blockStatus(0, SIZE), connection.read(0, 8)]);
      expect(lists.map(list => list.payload.at(-1))).toEqual([3, 1]);
      expect(Buffer.from(bytes).toString()).toBe('\0\0\0\0efgh');
    });
  });

  it('ends a reply for each context that fails, as qemu does, and is understood', async () => {
    const fake: Partial<FakeServer> = {
      extendedHeaders,
      async onRequest(request, peer) {
        if (request.command !== 7 || request.offset + request.length < SIZE) return false;
        await peer.write(errorChunk(request, 5, 'bad'), errorChunk(request, 5, 'bad'));
        return true;
      },
    };
    await use(fake, async connection => {
      for (let i = 0; i < 20; i++) {
        await expect(connection.blockStatus(0, SIZE)).rejects.toMatchObject({ code: 'NBD_IO_ERROR' });
        expect(await connection.blockStatus(0, 512)).toHaveLength(2);
      }
      expect(connection.error).toBeUndefined();
    });
    const once = replying(to => [errorChunk(to, 5), errorChunk(to, 5), errorChunk(to, 5)]);
    await use(once, async connection => {
      await expect(connection.blockStatus(0, SIZE)).rejects.toMatchObject({ code: 'NBD_IO_ERROR' });
      expect(connection.error).toMatchObject({ code: 'NBD_BAD_COOKIE' });
    });
  });

  it('fails with an unknown error number, which ends the request alone', async () => {
    let first = true;
    const fake = replying(to => {
      if (!first) return good(to);
      first = false;
      return [chunk(to, 0x8abc, Buffer.concat([u32(77), u16(2), Buffer.from('hmmm and more')]))];
    });
    await use(fake, async connection => {
      await expect(connection.blockStatus(0, SIZE)).rejects.toMatchObject({
        code: 'NBD_REQUEST_REFUSED',
        errno: 77,
      });
      expect(await connection.blockStatus(0, SIZE)).toHaveLength(2);
    });
  });

  it('closes at every state', async () => {
    const whole = { extendedHeaders, exports: { '': disk } };
    for (let closeAfter = 0; ; closeAfter++) {
      const uri = await serve({ ...whole, closeAfter });
      const outcome = await connectNbd(parseNbdUri(uri)).then(
        async connection => {
          try {
            await walkAll(connection);
            await connection.read(0, 64);
            return 'complete';
          } catch (error) {
            return (error as { code: string }).code;
          } finally {
            await connection.close();
          }
        },
        error => (error as { code: string }).code,
      );
      await running.pop()?.close();
      if (outcome === 'complete') break;
      expect(outcome).toBe('NBD_LOST');
      expect(closeAfter).toBeLessThan(2000);
    }
  });
});

describe('qemu:joint-allocation', () => {
  it('says the same as the two contexts that it joins', async () => {
    // hole, zero and allocated-here as bits 0 to 2
    const joint: Extent[] = [
      [4096, 4],
      [8192, 7],
      [4096, 3],
      [SIZE - 16_384, 6],
    ];
    const three = [
      { id: 0, name: 'qemu:joint-allocation', status: statusFrom(joint) },
      {
        id: 1,
        name: 'base:allocation',
        status: statusFrom(joint.map(([length, flags]) => [length, Number(flags) & 3])),
      },
      {
        id: 2,
        name: 'qemu:allocation-depth',
        status: statusFrom(joint.map(([length, flags]) => [length, Number(flags) >> 2])),
      },
    ];
    const uri = await serve({ exports: { '': { size: SIZE, contexts: three } } });
    const connection = await connectNbd(parseNbdUri(uri), { contexts: 'offered' });
    const batches = await walkAll(connection);
    await connection.close();
    const [all, allocation, depth] = [0, 1, 2].map(index => plainExtents(batches, index));
    expect(all?.map(({ flags }) => flags)).toEqual([4, 7, 3, 6]);
    const at = (list: typeof all, offset: number) =>
      list?.find(extent => extent.offset <= offset && offset < extent.offset + extent.length)?.flags ?? -1;
    for (let offset = 0; offset < SIZE; offset += 4096) {
      expect(at(all, offset)).toBe(at(allocation, offset) | (at(depth, offset) << 2));
    }
  });
});
