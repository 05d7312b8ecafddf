import { afterEach, describe, expect, it } from 'vitest';
import {
  type ConnectNbdOptions,
  connectNbd,
  type NbdConnection,
} from '../../../../electron/nbd/client/client.ts';
import { parseNbdUri } from '../../../../electron/nbd/uri.ts';
import { errorChunk, optionReply, simpleReply, statusChunk } from '../../../support/servers/nbd-messages.ts';
import {
  type FakeServer,
  fakeBytes,
  type RunningFakeServer,
  startFakeServer,
  statusFrom,
} from '../../../support/servers/nbd-server.ts';

const cleanUps: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

const code = (name: string) => expect.objectContaining({ code: name });
const base = {
  id: 3,
  name: 'base:allocation',
  status: statusFrom([
    [4096, 0],
    [61_440, 3],
  ]),
};
const depth = { id: 0x80000001, name: 'qemu:allocation-depth', status: statusFrom([[65_536, 1]]) };
const bitmap = { id: 0, name: 'qemu:dirty-bitmap:b', status: statusFrom([[65_536, 1]]) };
const disk = { size: 65_536, contexts: [depth, base, bitmap] };

async function serve(fake: Partial<FakeServer>): Promise<RunningFakeServer> {
  const server = await startFakeServer({ exports: { '': disk }, ...fake });
  cleanUps.push(() => server.close());
  return server;
}

async function open(fake: Partial<FakeServer>, options: ConnectNbdOptions = {}): Promise<NbdConnection> {
  const { uri } = await serve(fake);
  const connection = await connectNbd(parseNbdUri(uri), options);
  cleanUps.push(() => connection.close());
  return connection;
}

describe('connectNbd', () => {
  it('negotiates in one order: headers, replies, contexts, export', async () => {
    const server = await serve({});
    const connection = await connectNbd(parseNbdUri(server.uri));
    await connection.close();
    expect(server.options).toEqual([11, 8, 9, 10, 7]);
  });

  it('tells what was agreed', async () => {
    const connection = await open({
      exports: { '': { ...disk, flags: 0x1003, blockSize: [512, 4096, 65_536] } },
    });
    expect(connection).toMatchObject({
      size: 65_536,
      flags: 0x1003,
      blockSize: { minimum: 512, preferred: 4096, maximum: 65_536 },
      contexts: [
        { id: 3, name: 'base:allocation' },
        { id: 0x80000001, name: 'qemu:allocation-depth' },
      ],
      offeredContexts: ['qemu:allocation-depth', 'base:allocation', 'qemu:dirty-bitmap:b'],
      extendedHeaders: false,
      statusFilter: false,
      encrypted: false,
      error: undefined,
    });
  });

  it('uses extended headers and the filter where there are any, unless told not to', async () => {
    const fake = { extendedHeaders: true, exports: { '': { ...disk, flags: 0x1003 } } };
    expect(await open(fake)).toMatchObject({ extendedHeaders: true, statusFilter: true });
    expect(await open(fake, { preferExtendedHeaders: false })).toMatchObject({
      extendedHeaders: false,
      statusFilter: false,
    });
  });

  it('asks for qemu: contexts by name where listing all showed none', async () => {
    const seen: Buffer[] = [];
    const server = await serve({
      onOption(option, data, peer) {
        if (option !== 9) return false;
        seen.push(data);
        const names = data.readUInt32BE(4) === 0 ? ['base:allocation'] : ['qemu:dirty-bitmap:b'];
        const id = Buffer.alloc(4);
        const replies = names.map(name => optionReply(9, 4, Buffer.concat([id, Buffer.from(name)])));
        return peer.write(...replies, optionReply(9, 1)).then(() => true);
      },
    });
    const connection = await connectNbd(parseNbdUri(server.uri), { contexts: 'offered' });
    await connection.close();
    expect(seen.map(data => data.subarray(4).toString('hex'))).toEqual([
      '00000000',
      '000000010000000571656d753a',
    ]);
    expect(connection.offeredContexts).toEqual(['base:allocation', 'qemu:dirty-bitmap:b']);
    expect(connection.contexts.map(context => context.name)).toEqual([
      'base:allocation',
      'qemu:dirty-bitmap:b',
    ]);
  });

  it('opens the export named in the address, or another', async () => {
    const fake = { exports: { 'a/b': disk, c: { size: 512 } } };
    const server = await serve(fake);
    const named = await connectNbd(parseNbdUri(server.uri.replace('///', '///a/b')));
    const other = await connectNbd(parseNbdUri(server.uri), { exportName: 'c' });
    expect([named.size, other.size]).toEqual([65_536, 512]);
    await Promise.all([named.close(), other.close()]);
    await expect(connectNbd(parseNbdUri(server.uri))).rejects.toThrow(code('NBD_EXPORT_UNKNOWN'));
  });

  it('lists what is offered when a needed context is not', async () => {
    const connecting = open({}, { requiredContexts: ['qemu:dirty-bitmap:gone'] });
    await expect(connecting).rejects.toThrow(code('NBD_CONTEXT_NOT_OFFERED'));
    await expect(connecting).rejects.toThrow('"qemu:dirty-bitmap:b"');
  });

  it('takes at most 64 contexts', async () => {
    const contexts = Array.from({ length: 70 }, (_, id) => ({ ...base, id, name: `x:${id}` }));
    const fake = { exports: { '': { size: 512, contexts } } };
    const connection = await open(fake, { contexts: 'offered', requiredContexts: ['x:69'] });
    expect(connection.contexts).toHaveLength(64);
    expect(connection.contexts[0]?.name).toBe('x:69');
    expect(connection.notes).toHaveLength(1);
    const names = contexts.map(context => context.name);
    await expect(open(fake, { contexts: names })).rejects.toThrow(code('NBD_TOO_MANY_CONTEXTS'));
  });

  it('takes the contexts that decide extents first, whatever the server offers before them', async () => {
    const bitmaps = Array.from({ length: 70 }, (_, i) => ({
      ...bitmap,
      id: 10 + i,
      name: `qemu:dirty-bitmap:${i}`,
    }));
    const unknown = { ...base, id: 100, name: 'x:y' };
    const contexts = [unknown, ...bitmaps, depth, base];
    const connection = await open({ exports: { '': { size: 512, contexts } } }, { contexts: 'offered' });
    const names = connection.contexts.map(context => context.name);
    expect(names.slice(0, 3)).toEqual(['base:allocation', 'qemu:allocation-depth', 'qemu:dirty-bitmap:0']);
    expect(names).toHaveLength(64);
    expect(names).not.toContain('x:y');
  });

  it('refuses a server without structured replies', async () => {
    await expect(open({ structuredReplies: false })).rejects.toThrow(code('NBD_NO_STRUCTURED_REPLIES'));
  });

  it('fails with NBD_CONNECT_FAILED where nothing listens', async () => {
    const server = await serve({});
    await server.close();
    await expect(connectNbd(parseNbdUri(server.uri))).rejects.toMatchObject({
      code: 'NBD_CONNECT_FAILED',
      retryable: true,
      subject: server.uri,
    });
  });

  it('never goes on in plain text when TLS is wanted', async () => {
    const server = await serve({});
    const uri = server.uri.replace('nbd+', 'nbds+');
    await expect(connectNbd(parseNbdUri(uri))).rejects.toThrow(code('NBD_TLS_UNAVAILABLE'));
    expect(server.options).toEqual([5]);
  });

  it('is cancelled at once, leaving nothing open', async () => {
    const server = await serve({ onOption: () => new Promise(() => {}) });
    const abort = new AbortController();
    const connecting = connectNbd(parseNbdUri(server.uri), { signal: abort.signal });
    while (server.options.length === 0) await new Promise(setImmediate);
    abort.abort();
    await expect(connecting).rejects.toThrow(code('CANCELLED'));
    while (server.open > 0) await new Promise(setImmediate);
    await expect(connectNbd(parseNbdUri(server.uri), { signal: abort.signal })).rejects.toThrow(
      code('CANCELLED'),
    );
    expect(server.accepted).toBe(1);
  });

  it('gives up on a handshake that does not end', async () => {
    const { uri } = await serve({ onOption: () => new Promise(() => {}) });
    const connecting = connectNbd(parseNbdUri(uri), { timeouts: { handshake: 20 } });
    await expect(connecting).rejects.toMatchObject({ code: 'NBD_HANDSHAKE_TIMEOUT', retryable: true });
  });
});

describe.each([false, true])('a connection, extended headers %s', extendedHeaders => {
  it('gives the status of each context', async () => {
    const connection = await open({ extendedHeaders });
    const [first, second] = await connection.blockStatus(0, 65_536);
    expect(first).toMatchObject({ contextIndex: 0, wide: extendedHeaders, covered: 65_536 });
    expect(first?.payload).toHaveLength(extendedHeaders ? 32 : 16);
    expect(second).toMatchObject({ contextIndex: 1, covered: 65_536 });
  });

  it('cuts contexts out of a full reply where the server has no filter', async () => {
    const connection = await open({ extendedHeaders });
    const lists = await connection.blockStatus(4096, 4096, { contexts: [1] });
    expect(lists).toMatchObject([{ contextIndex: 1, covered: 61_440 }]);
  });

  it('reads bytes, in pieces no larger than the server takes and on its block boundaries', async () => {
    const fake = { extendedHeaders, exports: { '': { ...disk, blockSize: [512, 4096, 4096] as const } } };
    const server = await serve(fake);
    const connection = await connectNbd(parseNbdUri(server.uri));
    for (const [offset, length] of [
      [0, 512],
      [1, 1],
      [511, 2],
      [100, 10_000],
      [60_000, 5536],
      [0, 65_536],
    ] as const) {
      expect(Buffer.from(await connection.read(offset, length)).equals(fakeBytes(offset, length))).toBe(true);
    }
    await connection.close();
    const reads = server.requests.filter(request => request.command === 0);
    expect(
      reads.every(({ offset, length }) => offset % 512 === 0 && length % 512 === 0 && length <= 4096),
    ).toBe(true);
  });

  it('matches replies to requests by their cookies', async () => {
    const held: (() => Promise<void>)[] = [];
    const connection = await open({
      extendedHeaders,
      async onRequest(request, peer) {
        if (request.command !== 0) return false;
        const { answerRead } = await import('../../../support/servers/nbd-server.ts');
        held.push(() => answerRead(request, peer));
        if (held.length === 3) for (const answer of held.reverse()) await answer();
        return true;
      },
    });
    const reads = await Promise.all([100, 200, 300].map(offset => connection.read(offset, 50)));
    expect(reads.map(bytes => bytes[0])).toEqual([100, 200, 49]);
  });

  it('survives a request that fails', async () => {
    let failures = 0;
    const connection = await open({
      extendedHeaders,
      async onRequest(request, peer) {
        if (failures++ > 1) return false;
        const simple = !extendedHeaders && failures === 2;
        await peer.write(simple ? simpleReply(request.cookie, 22) : errorChunk(request, 5, 'bad sector'));
        return true;
      },
    });
    await expect(connection.blockStatus(0, 512)).rejects.toMatchObject({
      code: 'NBD_IO_ERROR',
      ofRequest: true,
      errno: 5,
      what: expect.stringContaining('bad sector'),
    });
    await expect(connection.read(0, 512)).rejects.toMatchObject({ ofRequest: true });
    expect(await connection.blockStatus(0, 512)).toHaveLength(2);
    expect(connection.error).toBeUndefined();
  });

  it('has one status request in flight', async () => {
    let inFlight = 0;
    let most = 0;
    const connection = await open({
      extendedHeaders,
      async onRequest(request, peer) {
        if (request.command !== 7) return false;
        most = Math.max(most, ++inFlight);
        await new Promise(setImmediate);
        inFlight--;
        await peer.write(
          ...peer.chosen.map(({ id }, i) =>
            statusChunk(request, id, [[request.length, 0]], i === peer.chosen.length - 1),
          ),
        );
        return true;
      },
    });
    const lists = await Promise.all([0, 512, 1024].map(offset => connection.blockStatus(offset, 512)));
    expect(lists.map(([list]) => list?.covered)).toEqual([512, 512, 512]);
    expect(most).toBe(1);
  });

  it('drops the late reply to a cancelled request, and asks the next one only then', async () => {
    let answer = () => {};
    const held = new Promise<void>(resolve => {
      answer = resolve;
    });
    const connection = await open({
      extendedHeaders,
      async onRequest(request) {
        if (request.offset === 0) await held;
        return false;
      },
    });
    const abort = new AbortController();
    const first = connection.blockStatus(0, 512, { signal: abort.signal });
    const second = connection.blockStatus(512, 512);
    abort.abort();
    await expect(first).rejects.toThrow(code('CANCELLED'));
    answer();
    expect(await second).toHaveLength(2);
  });

  it('ends when the server says nothing', async () => {
    const connection = await open(
      { extendedHeaders, onRequest: () => new Promise(() => {}) },
      { timeouts: { reply: 20 } },
    );
    await expect(connection.blockStatus(0, 512)).rejects.toMatchObject({
      code: 'NBD_SILENT',
      retryable: true,
    });
    expect(connection.error).toMatchObject({ code: 'NBD_SILENT' });
    await expect(connection.read(0, 1)).rejects.toThrow(code('NBD_SILENT'));
  });

  it('ends when a reply comes by single bytes and is not whole in time', async () => {
    const connection = await open(
      {
        extendedHeaders,
        async onRequest(request, peer) {
          for (const byte of statusChunk(request, 3, [[512, 0]], true)) {
            if (connection.error !== undefined) break;
            await peer.write(Buffer.of(byte));
            await new Promise(resolve => setTimeout(resolve, 10));
          }
          return true;
        },
      },
      { contexts: ['base:allocation'], timeouts: { reply: 100 } },
    );
    await expect(connection.blockStatus(0, 512)).rejects.toMatchObject({
      code: 'NBD_SLOW',
      retryable: false,
    });
    expect(connection.error).toMatchObject({ code: 'NBD_SLOW' });
  });

  it('ends when its signal aborts', async () => {
    const abort = new AbortController();
    const connection = await open(
      { extendedHeaders, onRequest: () => new Promise(() => {}) },
      { signal: abort.signal },
    );
    const waiting = connection.blockStatus(0, 512);
    abort.abort();
    await expect(waiting).rejects.toThrow(code('CANCELLED'));
  });

  it('says goodbye', async () => {
    const server = await serve({ extendedHeaders });
    const connection = await connectNbd(parseNbdUri(server.uri));
    const waiting = connection.blockStatus(0, 512);
    await Promise.all([
      expect(waiting).rejects.toThrow(code('NBD_CLOSED')),
      connection.close(),
      connection.close(),
    ]);
    expect(server.requests.at(-1)?.command).toBe(2);
    while (server.open > 0) await new Promise(setImmediate);
    await expect(connection.blockStatus(0, 1)).rejects.toThrow(code('NBD_CLOSED'));
  });
});

describe('a connection without contexts', () => {
  it('can read but has no status to give', async () => {
    const connection = await open({ exports: { '': { size: 512 } } });
    expect(connection.contexts).toEqual([]);
    await expect(connection.blockStatus(0, 512)).rejects.toThrow(code('NBD_NO_STATUS'));
    expect(await connection.read(0, 512)).toHaveLength(512);
  });
});
