/**
 * An NBD server under the test's control, on a separate unix socket. By default it serves small exports as the
 * protocol wants it; a test takes over at any point to say what the protocol forbids.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { temporaryFolder } from '../tools.ts';
import {
  blockSizeInfo,
  chunk,
  contextData,
  dataChunk,
  type Extent,
  errorChunk,
  exportInfo,
  greeting,
  optionReply,
  type ReplyTo,
  serverData,
  statusChunk,
} from './nbd-messages.ts';

/** A context of an export. */
export interface FakeContext {
  readonly id: number;
  readonly name: string;
  /** The extents from `offset` on; may stop short of `length` or run past it. */
  status(offset: number, length: number): readonly Extent[];
}

/** An export. */
export interface FakeExport {
  readonly size: number | bigint;
  readonly flags?: number;
  readonly blockSize?: readonly [number, number, number];
  readonly description?: string;
  readonly contexts?: readonly FakeContext[];
}

/** A request of the transmission phase. */
export interface FakeRequest extends ReplyTo {
  readonly flags: number;
  readonly command: number;
  readonly offset: number;
  readonly length: number;
  /** Ids that a status request is restricted to. */
  readonly filter: readonly number[] | undefined;
}

/** One client's connection. */
export interface Peer {
  readonly socket: Socket;
  /** Contexts that the client has chosen. */
  chosen: readonly FakeContext[];
  read(length: number): Promise<Buffer>;
  write(...parts: readonly Uint8Array[]): Promise<void>;
  close(): void;
}

/** What a server does. Handlers return true when they have dealt with it. */
export interface FakeServer {
  readonly exports: Readonly<Record<string, FakeExport>>;
  readonly greeting?: Buffer;
  readonly structuredReplies?: boolean;
  readonly extendedHeaders?: boolean;
  readonly onOption?: (option: number, data: Buffer, peer: Peer) => Promise<boolean> | boolean;
  readonly onRequest?: (request: FakeRequest, peer: Peer) => Promise<boolean> | boolean;
  /** Sends every byte alone. */
  readonly drip?: boolean;
  /** Closes the connection after this many bytes sent. */
  readonly closeAfter?: number;
}

/** A server that listens. */
export interface RunningFakeServer {
  readonly uri: string;
  /** Connections accepted so far, and of them still open. */
  readonly accepted: number;
  readonly open: number;
  /** Every request seen, in order. */
  readonly requests: readonly FakeRequest[];
  /** Options seen, in order. */
  readonly options: readonly number[];
  close(): Promise<void>;
}

/** An error handlers may throw to stop serving a client without a word. */
class Gone extends Error {}

/** A server for `fake` (a function makes one for each connection), stopped by `close`. */
export async function startFakeServer(
  fake: FakeServer | ((connection: number) => FakeServer),
): Promise<RunningFakeServer> {
  const path = join(temporaryFolder(), 's');
  const sockets = new Set<Socket>();
  const requests: FakeRequest[] = [];
  const options: number[] = [];
  let accepted = 0;
  const server: Server = createServer(socket => {
    accepted++;
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    const behavior = typeof fake === 'function' ? fake(accepted - 1) : fake;
    serve(behavior, createPeer(socket, behavior), requests, options).catch(error => {
      socket.destroy();
      if (!(error instanceof Gone)) throw error;
    });
  });
  await new Promise<void>(resolve => {
    server.listen(path, resolve);
  });
  return {
    uri: `nbd+unix:///?socket=${path}`,
    get accepted() {
      return accepted;
    },
    get open() {
      return sockets.size;
    },
    requests,
    options,
    close() {
      for (const socket of sockets) socket.destroy();
      return new Promise(resolve => {
        server.close(() => resolve());
      });
    },
  };
}

function createPeer(
  socket: Socket,
  { drip = false, closeAfter = Number.POSITIVE_INFINITY }: FakeServer,
): Peer {
  let buffered = Buffer.alloc(0);
  let wake = () => {};
  let sent = 0;
  socket.on('data', bytes => {
    buffered = Buffer.concat([buffered, bytes]);
    wake();
  });
  socket.on('close', () => wake());
  socket.on('end', () => socket.end());

  async function put(bytes: Uint8Array): Promise<void> {
    if (socket.destroyed || socket.writableEnded) throw new Gone();
    const allowed = bytes.subarray(0, Math.max(0, closeAfter - sent));
    sent += allowed.length;
    if (!socket.write(allowed)) {
      await new Promise<void>(resolve => {
        socket.once('drain', resolve);
        socket.once('close', resolve);
      });
    }
    if (allowed.length === bytes.length && sent < closeAfter) return;
    socket.end();
    throw new Gone();
  }

  return {
    socket,
    chosen: [],
    async read(length) {
      while (buffered.length < length) {
        if (socket.destroyed || socket.readableEnded) throw new Gone();
        await new Promise<void>(resolve => {
          wake = resolve;
        });
      }
      const bytes = buffered.subarray(0, length);
      buffered = buffered.subarray(length);
      return bytes;
    },
    async write(...parts) {
      const bytes = Buffer.concat(parts);
      if (!drip) return put(bytes);
      for (let i = 0; i < bytes.length; i++) {
        await put(bytes.subarray(i, i + 1));
        await turn();
      }
    },
    close() {
      socket.destroy();
      throw new Gone();
    },
  };
}

async function serve(
  fake: FakeServer,
  peer: Peer,
  requests: FakeRequest[],
  options: number[],
): Promise<void> {
  await peer.write(fake.greeting ?? greeting());
  await peer.read(4);
  const extended = await handshake(fake, peer, options);
  for (;;) {
    const request = await readRequest(peer, extended);
    requests.push(request);
    if (await fake.onRequest?.(request, peer)) continue;
    if (request.command === 2) {
      peer.socket.end();
      return;
    }
    if (request.command === 7) await answerStatus(request, peer);
    else if (request.command === 0) await answerRead(request, peer);
    else await peer.write(errorChunk(request, 22, 'not known'));
  }
}

/** Answers options until GO; true when the headers are extended. */
async function handshake(fake: FakeServer, peer: Peer, options: number[]): Promise<boolean> {
  let extended = false;
  for (;;) {
    const head = await peer.read(16);
    const option = head.readUInt32BE(8);
    const data = await peer.read(head.readUInt32BE(12));
    options.push(option);
    if (await fake.onOption?.(option, data, peer)) continue;
    const ack = optionReply(option, 1);
    const unsupported = optionReply(option, 0x80000001, Buffer.from('not supported'));
    switch (option) {
      case 2:
        await peer.write(ack);
        peer.socket.end();
        return peer.close() as never;
      case 3:
        for (const [name, { description = '' }] of Object.entries(fake.exports)) {
          await peer.write(optionReply(option, 2, serverData(name, description)));
        }
        await peer.write(ack);
        break;
      case 8:
        await peer.write(fake.structuredReplies === false ? unsupported : ack);
        break;
      case 11:
        extended = fake.extendedHeaders === true;
        await peer.write(extended ? ack : unsupported);
        break;
      case 6:
      case 7: {
        const known = fake.exports[readName(data)];
        if (known === undefined) {
          await peer.write(optionReply(option, 0x80000006, Buffer.from('no such export')));
          break;
        }
        const { size, flags = 3, blockSize } = known;
        const infos = [exportInfo(size, flags)];
        if (blockSize !== undefined) infos.push(blockSizeInfo(...blockSize));
        await peer.write(...infos.map(info => optionReply(option, 3, info)), ack);
        if (option === 7) return extended;
        break;
      }
      case 9:
      case 10: {
        const known = fake.exports[readName(data)];
        const { contexts = [] } = known ?? {};
        const queries = readQueries(data);
        const matching = contexts.filter(({ name }) =>
          option === 9 && queries.length === 0
            ? true
            : queries.some(query => matches(query, name, option === 9)),
        );
        if (option === 10) peer.chosen = matching;
        await peer.write(
          ...matching.map(({ id, name }) => optionReply(option, 4, contextData(id, name))),
          ack,
        );
        break;
      }
      default:
        await peer.write(unsupported);
    }
  }
}

function matches(query: string, name: string, wildcards: boolean): boolean {
  return query === name || (wildcards && query.endsWith(':') && name.startsWith(query));
}

/** The export's name at the beginning of an option's data. */
function readName(data: Buffer): string {
  return data.subarray(4, 4 + data.readUInt32BE(0)).toString();
}

/** The queries in the data of LIST_META_CONTEXT and SET_META_CONTEXT. */
export function readQueries(data: Buffer): string[] {
  let at = 4 + data.readUInt32BE(0);
  const count = data.readUInt32BE(at);
  at += 4;
  return Array.from({ length: count }, () => {
    const length = data.readUInt32BE(at);
    at += 4 + length;
    return data.subarray(at - length, at).toString();
  });
}

async function readRequest(peer: Peer, extended: boolean): Promise<FakeRequest> {
  const head = await peer.read(extended ? 32 : 28);
  const flags = head.readUInt16BE(4);
  const common = {
    extended,
    flags,
    command: head.readUInt16BE(6),
    cookie: head.readBigUInt64BE(8),
    offset: Number(head.readBigUInt64BE(16)),
  };
  const length = extended ? Number(head.readBigUInt64BE(24)) : head.readUInt32BE(24);
  if ((flags & 32) === 0) return { ...common, length, filter: undefined };
  const payload = await peer.read(length);
  const filter = Array.from({ length: (length - 8) / 4 }, (_, i) => payload.readUInt32BE(8 + 4 * i));
  return { ...common, length: Number(payload.readBigUInt64BE(0)), filter };
}

/** Answers a status request as the contexts say. */
export async function answerStatus(request: FakeRequest, peer: Peer): Promise<void> {
  const { filter } = request;
  const asked = peer.chosen.filter(({ id }) => filter === undefined || filter.includes(id));
  const parts = asked.map(({ id, status }, i) =>
    statusChunk(request, id, status(request.offset, request.length), i === asked.length - 1),
  );
  await peer.write(...parts);
}

/** Bytes that a fake export holds: each is its offset modulo 251. */
export function fakeBytes(offset: number, length: number): Buffer {
  return Buffer.from(Uint8Array.from({ length }, (_, i) => (offset + i) % 251));
}

/** Answers a READ in two chunks of data, the later one first, and an empty last one. */
export async function answerRead(request: FakeRequest, peer: Peer): Promise<void> {
  const { offset, length } = request;
  const half = Math.floor(length / 2);
  const parts = [dataChunk(request, offset + half, fakeBytes(offset + half, length - half), false)];
  if (half > 0) parts.push(dataChunk(request, offset, fakeBytes(offset, half), false));
  await peer.write(...parts, chunk(request, 0, Buffer.alloc(0)));
}

/** Extents of one context from a list that covers the export: cut at `offset`, not at the end. */
export function statusFrom(
  list: readonly Extent[],
  { limit = Number.POSITIVE_INFINITY }: { limit?: number } = {},
): FakeContext['status'] {
  return (offset, length) => {
    const found: Extent[] = [];
    let start = 0;
    for (const [size, flags] of list) {
      const end = start + Number(size);
      if (end > offset && start < offset + length && found.length < limit) {
        found.push([end - Math.max(start, offset), flags]);
      }
      start = end;
    }
    return found;
  };
}
