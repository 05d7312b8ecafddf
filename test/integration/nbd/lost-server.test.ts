/** A server that dies, and a client that gives up, at any moment: a coded error, nothing left behind, a retry that works. */
import { beforeAll, describe, expect, it } from 'vitest';
import { connectNbd, type NbdConnection } from '../../../electron/nbd/client/client.ts';
import { parseNbdUri } from '../../../electron/nbd/uri.ts';
import { walkReconnecting } from '../../../electron/nbd/walk/reconnect.ts';
import type { StatusBatch } from '../../../shared/extent/status-batch.ts';
import { fragmentedImage } from '../../support/images/nbd-images.ts';
import { walkAll } from '../../support/nbd-status.ts';
import { type ServerProcess, startQemu } from '../../support/servers/nbd-server-process.ts';
import { temporaryFolder } from '../../support/tools.ts';

/** Five replies of 131,072 extents. */
const CLUSTERS = 5 * 131_072;
let image: string;
let expected: Buffer;

const serve = () => startQemu(['-A', '-f', 'qcow2', image]);
const open = (server: ServerProcess, signal?: AbortSignal) =>
  connectNbd(parseNbdUri(server.uri()), signal === undefined ? {} : { signal });

beforeAll(async () => {
  image = await fragmentedImage(temporaryFolder(), CLUSTERS, 65_536);
  const server = await serve();
  const connection = await open(server);
  expected = allocation(await walkAll(connection));
  await connection.close();
  await server.kill();
  expect(expected).toHaveLength(CLUSTERS * 8);
});

/** The raw entries of base:allocation; replies are cut at the same places whenever they are asked for. */
function allocation(batches: readonly StatusBatch[]): Buffer {
  return Buffer.concat(batches.map(({ lists }) => lists[0]?.payload ?? new Uint8Array(0)));
}

/** Sockets of this process that are open. */
function openSockets(): number {
  return process.getActiveResourcesInfo().filter(kind => kind === 'PipeWrap' || kind === 'TCPSocketWrap')
    .length;
}

async function untilSockets(count: number): Promise<void> {
  while (openSockets() > count) await new Promise(setImmediate);
}

describe('qemu-nbd killed at 50 moments', () => {
  it.each(Array.from({ length: 50 }, (_, i) => i))('moment %i', async moment => {
    let server = await serve();
    const sockets = openSockets();
    const first = await open(server);
    const batches: StatusBatch[] = [];
    const victim = server;
    let killed: Promise<void> | undefined;
    /** Kills once so many batches have come, some turns of the event loop later: in the middle of the next reply. */
    const strike = async () => {
      if (killed !== undefined || batches.length !== moment % 4) return;
      for (let turns = moment >> 2; turns > 0; turns--) await new Promise(setImmediate);
      killed = victim.kill();
    };
    void strike();
    const reopen = async (): Promise<NbdConnection> => {
      server = await serve();
      return open(server);
    };
    const retries: string[] = [];
    const onBatch = (batch: StatusBatch) => {
      batches.push(batch);
      void strike();
    };
    const last = await walkReconnecting(first, {}, onBatch, {
      reopen,
      delay: 1,
      onRetry: error => retries.push(error.code),
    });
    await killed;
    expect(retries).toEqual(['NBD_LOST']);
    expect(allocation(batches).equals(expected)).toBe(true);
    await Promise.all([last.close(), first.close()]);
    await server.kill();
    await untilSockets(sockets - 1); // the pipe for the server's standard error has gone with it
  });
});

describe('a client that gives up', () => {
  it('leaves no socket behind, 200 times, right after the start or later', async () => {
    const server = await serve();
    const sockets = openSockets();
    for (let i = 0; i < 200; i++) {
      const abort = new AbortController();
      const working = open(server, abort.signal).then(connection => connection.blockStatus(0, 2 ** 31));
      let turns = i % 25;
      const count = () => {
        if (turns-- > 0) setImmediate(count);
        else abort.abort();
      };
      count();
      const outcome = await working.then(
        () => 'done',
        error => error.code,
      );
      abort.abort();
      expect(['done', 'CANCELLED']).toContain(outcome);
    }
    await untilSockets(sockets);
    const connection = await open(server);
    expect(connection.size).toBe(CLUSTERS * 65_536);
    await connection.close();
    await server.kill();
  });
});
