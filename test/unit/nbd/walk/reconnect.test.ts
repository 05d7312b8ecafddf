import { afterEach, describe, expect, it } from 'vitest';
import { connectNbd, type NbdConnection } from '../../../../electron/nbd/client/client.ts';
import { parseNbdUri } from '../../../../electron/nbd/uri.ts';
import { type ReconnectOptions, walkReconnecting } from '../../../../electron/nbd/walk/reconnect.ts';
import type { StatusBatch } from '../../../../shared/extent/status-batch.ts';
import {
  type FakeExport,
  type RunningFakeServer,
  startFakeServer,
} from '../../../support/servers/nbd-server.ts';

const cleanUps: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

const code = (name: string) => expect.objectContaining({ code: name });
const UNIT = 512;
const disk: FakeExport = {
  size: 10 * UNIT,
  contexts: [{ id: 0, name: 'base:allocation', status: () => [[UNIT, 1]] }],
};

interface Walked {
  readonly offsets: number[];
  readonly failures: string[];
  readonly server: RunningFakeServer;
  walk(options?: Partial<ReconnectOptions>): Promise<NbdConnection>;
}

/** A walk over a server whose n-th connection dies after `lives[n]` status requests. */
async function start(
  lives: readonly number[],
  exportOf: (connection: number) => FakeExport = () => disk,
): Promise<Walked> {
  const server = await startFakeServer(connection => {
    let left = lives[connection] ?? Number.POSITIVE_INFINITY;
    return {
      exports: { '': exportOf(connection) },
      onRequest: (_, peer) => (left-- > 0 ? false : (peer.close() as never)),
    };
  });
  cleanUps.push(() => server.close());
  const reopen = () => connectNbd(parseNbdUri(server.uri));
  const first = await reopen();
  cleanUps.push(() => first.close());
  const offsets: number[] = [];
  const failures: string[] = [];
  const onBatch = (batch: StatusBatch) => void offsets.push(batch.offset);
  return {
    offsets,
    failures,
    server,
    async walk(options = {}) {
      const onRetry = (error: { code: string }) => failures.push(error.code);
      const last = await walkReconnecting(first, {}, onBatch, { reopen, delay: 1, onRetry, ...options });
      cleanUps.push(() => last.close());
      return last;
    },
  };
}

const everything = Array.from({ length: 10 }, (_, i) => i * UNIT);

describe('walkReconnecting', () => {
  it('goes on where the last batch ended', async () => {
    const walked = await start([3, 4]);
    const last = await walked.walk();
    expect(walked.offsets).toEqual(everything);
    expect(walked.failures).toEqual(['NBD_LOST', 'NBD_LOST']);
    expect(last.error).toBeUndefined();
    expect(walked.server.accepted).toBe(3);
  });

  it('gives up after three failures in a row, with what it has', async () => {
    const walked = await start([3, 0, 0, 0]);
    await expect(walked.walk()).rejects.toThrow(code('NBD_LOST'));
    expect(walked.offsets).toEqual(everything.slice(0, 3));
    expect(walked.server.accepted).toBe(3);
    while (walked.server.open > 0) await new Promise(setImmediate);
  });

  it('says how often it tried where it gives up, and nothing of that where it tried once', async () => {
    const failure = (attempts: number, tried: string) => ({
      code: 'NBD_LOST',
      what: `the server closed the connection${tried}`,
      retryable: true,
      attempts,
    });
    for (const { attempts, ...error } of [failure(3, ' (tried 3 times)'), failure(1, '')]) {
      const walked = await start([1, 0, 0, 0]);
      await expect(walked.walk({ attempts })).rejects.toMatchObject(error);
    }
  });

  it('asks a silent server once where the address sets the time limit', async () => {
    const server = await startFakeServer(() => ({
      exports: { '': disk },
      onRequest: () => new Promise(() => {}) as never,
    }));
    cleanUps.push(() => server.close());
    const reopen = () => connectNbd(parseNbdUri(`${server.uri}&reply-timeout=1`));
    const walking = walkReconnecting(await reopen(), {}, () => {}, { reopen });
    await expect(walking).rejects.toMatchObject({
      code: 'NBD_SILENT',
      what: 'the server said nothing for 1 second',
    });
    expect(server.accepted).toBe(1);
  });

  it('gives up after a number of failures in all', async () => {
    const walked = await start(new Array(20).fill(1));
    await expect(walked.walk({ totalAttempts: 5 })).rejects.toThrow(
      expect.objectContaining({ code: 'NBD_LOST', what: expect.stringContaining('(tried 5 times)') }),
    );
    expect(walked.offsets).toEqual(everything.slice(0, 5));
  });

  it('gives up when the server is gone for good', async () => {
    const walked = await start([2]);
    const { server, offsets } = walked;
    const walking = walked.walk({
      reopen: async () => {
        await server.close();
        return connectNbd(parseNbdUri(server.uri));
      },
    });
    await expect(walking).rejects.toThrow(code('NBD_CONNECT_FAILED'));
    expect(offsets).toEqual(everything.slice(0, 2));
  });

  it.each([
    ['another size', { ...disk, size: 11 * UNIT }],
    ['other contexts', { ...disk, contexts: [] }],
  ])('refuses an export that comes back with %s', async (_, changed) => {
    const walked = await start([3], connection => (connection === 0 ? disk : changed));
    await expect(walked.walk()).rejects.toThrow(code('NBD_EXPORT_CHANGED'));
    while (walked.server.open > 0) await new Promise(setImmediate);
  });

  it('does not try again after a broken protocol or a cancellation', async () => {
    const broken = await start([3], connection => (connection === 0 ? disk : { ...disk, size: 2n ** 63n }));
    await expect(broken.walk()).rejects.toThrow(code('NBD_EXPORT_TOO_LARGE'));
    expect(broken.server.accepted).toBe(2);

    const abort = new AbortController();
    const cancelled = await start([3]);
    const walking = cancelled.walk({ signal: abort.signal, delay: 60_000, onRetry: () => abort.abort() });
    await expect(walking).rejects.toThrow(code('CANCELLED'));
  });
});
