/** Conversations between this client and a server: recorded through a proxy, played back byte for byte. */
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { type ConnectNbdOptions, connectNbd } from '../../../electron/nbd/client/client.ts';
import { parseNbdUri } from '../../../electron/nbd/uri.ts';
import { walkAll } from '../nbd-status.ts';
import { temporaryFolder } from '../tools.ts';

/** What one side said, in hexadecimal, until the other spoke. */
export interface Turn {
  readonly from: 'client' | 'server';
  readonly bytes: string;
}

/** What the client does in a conversation: everything it can. */
export async function converse(uri: string, options: ConnectNbdOptions = {}): Promise<void> {
  const connection = await connectNbd(parseNbdUri(uri), { contexts: 'offered', ...options });
  try {
    await walkAll(connection);
    if (connection.size > 0) await connection.read(0, Math.min(1024, connection.size));
  } finally {
    await connection.close();
  }
}

/** The conversation of {@link converse} with the server on a unix socket. */
export async function recordConversation(socketPath: string): Promise<Turn[]> {
  const turns: { from: Turn['from']; parts: Buffer[] }[] = [];
  const note = (from: Turn['from'], bytes: Buffer) => {
    const last = turns.at(-1);
    if (last?.from === from) last.parts.push(bytes);
    else turns.push({ from, parts: [bytes] });
  };
  const proxy = await listen(client => {
    const upstream = connect(socketPath);
    client.on('data', bytes => {
      note('client', bytes);
      upstream.write(bytes);
    });
    upstream.on('data', bytes => {
      note('server', bytes);
      client.write(bytes);
    });
    client.on('close', () => upstream.destroy()).on('error', () => {});
    upstream.on('close', () => client.destroy()).on('error', () => {});
  });
  await converse(proxy.uri);
  await proxy.close();
  return turns.map(({ from, parts }) => ({ from, bytes: Buffer.concat(parts).toString('hex') }));
}

/** A listening server. */
export interface Listening {
  readonly uri: string;
  /** Connections still open. */
  readonly open: number;
  close(): Promise<void>;
}

/**
 * A server that says what `turnsOf` gives for each connection: each of its turns once the client has said as much as
 * it did before it, whatever that is. It closes after the last one.
 */
export function playBack(turnsOf: () => readonly Turn[]): Promise<Listening> {
  return listen(client => {
    const turns = turnsOf();
    let next = 0;
    let owed = 0;
    const proceed = () => {
      for (; next < turns.length; next++) {
        const turn = turns[next] as Turn;
        if (turn.from === 'server') client.write(Buffer.from(turn.bytes, 'hex'));
        else if (owed < turn.bytes.length / 2) return;
        else owed -= turn.bytes.length / 2;
      }
      client.end();
    };
    client.on('data', bytes => {
      owed += bytes.length;
      proceed();
    });
    client.on('error', () => {});
    proceed();
  });
}

async function listen(serve: (client: Socket) => void): Promise<Listening> {
  const clients = new Set<Socket>();
  const server = createServer(client => {
    clients.add(client);
    client.on('close', () => clients.delete(client));
    serve(client);
  });
  const path = join(temporaryFolder(), 's');
  await new Promise<void>(resolve => {
    server.listen(path, resolve);
  });
  return {
    uri: `nbd+unix:///?socket=${path}`,
    get open() {
      return clients.size;
    },
    close() {
      for (const client of clients) client.destroy();
      return new Promise(resolve => {
        server.close(() => resolve());
      });
    },
  };
}
