/** A server that is far away: several requests in flight, and the same map as with one. */
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import {
  type ConnectNbdOptions,
  connectNbd,
  type NbdConnection,
} from '../../../../electron/nbd/client/client.ts';
import { parseNbdUri } from '../../../../electron/nbd/uri.ts';
import { walkBlockStatus } from '../../../../electron/nbd/walk/block-status.ts';
import { walkReconnecting } from '../../../../electron/nbd/walk/reconnect.ts';
import type { StatusBatch } from '../../../../shared/extent/status-batch.ts';
import { flagsByUnit, UNREADABLE_FLAGS, walkAll } from '../../../support/nbd-status.ts';
import { type Extent, errorChunk, optionReply } from '../../../support/servers/nbd-messages.ts';
import {
  answerStatus,
  type FakeContext,
  type FakeRequest,
  type FakeServer,
  type Peer,
  type RunningFakeServer,
  startFakeServer,
  statusFrom,
} from '../../../support/servers/nbd-server.ts';

const cleanUps: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

/** Bytes that the tests' extents are multiples of: a walk over a thousand of them takes 16 compact requests. */
const UNIT = 2 ** 26;
const GRANULARITY = { granularity: UNIT };
const code = (name: string) => expect.objectContaining({ code: name });

/** The connection as if the way to its server dominated everything else. */
function farAway(connection: NbdConnection): NbdConnection {
  return Object.create(connection, { roundTrip: { value: 1e6 } });
}

/** A server that reads on while it answers, and how many status requests it has seen unanswered at a time. */
interface Waiting {
  readonly fake: Pick<FakeServer, 'onRequest'>;
  most: number;
}

/** Answers of a server, each on its way for `turns(request)` turns of the event loop; `answer` may send another one. */
function waiting(
  turns: (request: FakeRequest) => number,
  answer: (request: FakeRequest, peer: Peer) => Promise<void> | void = answerStatus,
): Waiting {
  let unanswered = 0;
  const all: Waiting = {
    most: 0,
    fake: {
      onRequest(request, peer) {
        if (request.command !== 7) return false;
        all.most = Math.max(all.most, ++unanswered);
        void (async () => {
          for (let left = turns(request); left > 0; left--) await new Promise(setImmediate);
          unanswered--;
          await answer(request, peer);
        })().catch(() => {}); // the client has gone
        return true;
      },
    },
  };
  return all;
}

async function serve(
  size: number,
  contexts: readonly FakeContext[],
  more: Partial<FakeServer> = {},
): Promise<RunningFakeServer> {
  const server = await startFakeServer({ exports: { '': { size, contexts } }, ...more });
  cleanUps.push(() => server.close());
  return server;
}

async function open(server: RunningFakeServer, options: ConnectNbdOptions = {}): Promise<NbdConnection> {
  const connection = await connectNbd(parseNbdUri(server.uri), { contexts: 'offered', ...options });
  cleanUps.push(() => connection.close());
  return connection;
}

/** Flags of `units` units as extents, equal neighbors joined. */
function extentsOf(flags: readonly number[]): Extent[] {
  const extents: [number, number][] = [];
  for (const flag of flags) {
    const last = extents.at(-1);
    if (last?.[1] === flag) last[0] += UNIT;
    else extents.push([UNIT, flag]);
  }
  return extents;
}

/** The flags of every unit, and that batches follow each other from 0 on. */
function flagsOf(batches: readonly StatusBatch[], context: number): number[] {
  let position = 0;
  for (const { offset, covered } of batches) {
    expect(offset).toBe(position);
    position += covered;
  }
  return flagsByUnit(batches, context, UNIT);
}

const alternating = Array.from({ length: 1000 }, (_, i) => i % 4);

describe.each([false, true])('a far server, extended headers %s', extendedHeaders => {
  it('is asked ahead, and the map is the same', async () => {
    const seen = waiting(() => 20);
    const contexts = [{ id: 7, name: 'x:0', status: statusFrom(extentsOf(alternating), { limit: 3 }) }];
    const server = await serve(1000 * UNIT, contexts, { extendedHeaders, ...seen.fake });
    const batches = await walkAll(farAway(await open(server)), GRANULARITY);
    expect(flagsOf(batches, 0)).toEqual(alternating);
    expect(seen.most).toBe(extendedHeaders ? 4 : 8); // as many as the largest replies leave room for
    expect(server.requests.length).toBeLessThan(1000 / 3 + 150);
  });

  it('is not asked for more than the reader has room for', async () => {
    const held: (() => void)[] = [];
    const contexts = [{ id: 0, name: 'x:0', status: (_: number, length: number) => [[length, 0]] as const }];
    const server = await serve(2 ** 46, contexts, {
      extendedHeaders,
      onRequest(request, peer) {
        if (request.command !== 7 || server.requests.length === 1) return false;
        const answer = () => void answerStatus(request, peer).catch(() => {});
        if (server.requests.length === 2) held.push(answer);
        else answer();
        return true;
      },
    });
    const abort = new AbortController();
    const connection = farAway(await open(server));
    const walking = walkBlockStatus(connection, {}, () => {}, abort.signal);
    while (server.requests.length < (extendedHeaders ? 5 : 9)) await new Promise(setImmediate);
    for (let i = 0; i < 200; i++) await new Promise(setImmediate);
    expect(server.requests.length).toBe(extendedHeaders ? 5 : 9);
    abort.abort();
    await expect(walking).rejects.toThrow(code('CANCELLED'));
  });

  it('is cancelled at once, and leaves the connection usable', async () => {
    let answering = false;
    const held: (() => void)[] = [];
    const contexts = [{ id: 0, name: 'x:0', status: (_: number, length: number) => [[length, 1]] as const }];
    const server = await serve(1000 * 2 ** 36, contexts, {
      extendedHeaders,
      onRequest(request, peer) {
        if (answering || server.requests.length === 1) return false;
        held.push(() => void answerStatus(request, peer).catch(() => {}));
        return true;
      },
    });
    const abort = new AbortController();
    const connection = await open(server);
    const seen: number[] = [];
    const onBatch = (batch: StatusBatch) => void seen.push(batch.offset);
    const walking = walkBlockStatus(farAway(connection), {}, onBatch, abort.signal);
    while (held.length < (extendedHeaders ? 4 : 8)) await new Promise(setImmediate);
    abort.abort();
    await expect(walking).rejects.toThrow(code('CANCELLED'));
    expect(seen).toEqual([0]);
    answering = true;
    for (const answer of held) answer();
    expect((await connection.blockStatus(0, UNIT))[0]?.covered).toBe(UNIT);
  });

  it('that dies in the middle is gone on with where it ended', async () => {
    const contexts = [{ id: 0, name: 'x:0', status: statusFrom(extentsOf(alternating), { limit: 5 }) }];
    const lives = [40, 3, 50];
    const server = await startFakeServer(connection => {
      let left = lives[connection] ?? Number.POSITIVE_INFINITY;
      const { fake } = waiting(
        () => 5,
        (request, peer) => (left-- > 0 ? answerStatus(request, peer) : void peer.socket.destroy()),
      );
      return { exports: { '': { size: 1000 * UNIT, contexts } }, extendedHeaders, ...fake };
    });
    cleanUps.push(() => server.close());
    const batches: StatusBatch[] = [];
    const reopen = async () => farAway(await open(server));
    const onBatch = (batch: StatusBatch) => void batches.push(batch);
    await walkReconnecting(await reopen(), GRANULARITY, onBatch, { reopen, delay: 1 });
    expect(flagsOf(batches, 0)).toEqual(alternating);
    expect(server.accepted).toBe(4);
  });
});

it('gives the naive map whatever replies cover, fail at, and in whatever order they come', async () => {
  const layer = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 400, maxLength: 400 });
  const numbers = fc.array(fc.nat(), { minLength: 30, maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(
      fc.tuple(layer, layer),
      numbers,
      numbers,
      fc.uniqueArray(fc.nat(399), { maxLength: 6 }),
      fc.boolean(),
      async (lists, limits, delays, bad, extendedHeaders) => {
        let requests = 0;
        const drawn = (from: readonly number[], below: number) =>
          (from[requests++ % from.length] as number) % below;
        const contexts = lists.map((flags, id) => ({
          id,
          name: `x:${id}`,
          status: (offset: number, length: number) =>
            statusFrom(extentsOf(flags), { limit: 1 + drawn(limits, 40) })(offset, length),
        }));
        const { fake } = waiting(
          () => drawn(delays, 4),
          (request, peer) => {
            const { offset, length } = request;
            const fails = bad.some(unit => unit * UNIT < offset + length && offset < (unit + 1) * UNIT);
            return fails ? peer.write(errorChunk(request, 5, 'cannot read')) : answerStatus(request, peer);
          },
        );
        const exports = { '': { size: 400 * UNIT, contexts } };
        const server = await startFakeServer({ exports, extendedHeaders, ...fake });
        const connection = await connectNbd(parseNbdUri(server.uri), { contexts: 'offered' });
        try {
          const batches = await walkAll(farAway(connection), GRANULARITY);
          for (const [i, flags] of lists.entries())
            expect(flagsOf(batches, i)).toEqual(
              flags.map((flag, unit) => (bad.includes(unit) ? UNREADABLE_FLAGS : flag)),
            );
        } finally {
          await connection.close();
          await server.close();
        }
      },
    ),
    { numRuns: 60 },
  );
});

describe('how many requests are in flight', () => {
  const base = { id: 0, name: 'base:allocation', status: statusFrom(extentsOf(alternating), { limit: 3 }) };
  const depth = { ...base, id: 1, name: 'qemu:allocation-depth' };
  const DELAY = 20;
  /** What keeps every answer on its way for some milliseconds, so that the client measures the way. */
  const late = {
    async onOption() {
      await new Promise(resolve => setTimeout(resolve, DELAY));
      return false;
    },
  };

  async function mostSeen(
    contexts: readonly FakeContext[],
    more: Partial<FakeServer>,
    { far }: { readonly far: boolean },
  ): Promise<number> {
    const seen = waiting(() => 20);
    const server = await serve(1000 * UNIT, contexts, { ...more, ...seen.fake });
    const connection = await open(server, { contexts: ['base:allocation'] });
    await walkAll(far ? farAway(connection) : connection, GRANULARITY);
    return seen.most;
  }

  it('more than one where the way was measured to be long', async () => {
    expect(await mostSeen([base], late, { far: false })).toBeGreaterThan(1);
  });

  it('one to a server that is not far', async () => {
    const server = await serve(1000 * UNIT, [base]);
    const connection: NbdConnection = Object.create(await open(server), { roundTrip: { value: 0.2 } });
    const inFlight: unknown[] = [];
    const spied: NbdConnection = Object.create(connection, {
      blockStatus: {
        value: (...[offset, length, options]: Parameters<NbdConnection['blockStatus']>) => {
          inFlight.push(options?.inFlight);
          return connection.blockStatus(offset, length, options);
        },
      },
    });
    await walkAll(spied, GRANULARITY);
    expect(new Set(inFlight)).toEqual(new Set([1]));
  });

  it('one where a qemu: context is offered, though another was chosen', async () => {
    expect(await mostSeen([base, depth], {}, { far: true })).toBe(1);
    expect(await mostSeen([base], {}, { far: true })).toBeGreaterThan(1);
  });

  it('one where the server refuses an option in the words of qemu', async () => {
    const onOption = async (option: number, _: Buffer, peer: Peer) => {
      if (option !== 11) return false;
      const words = Buffer.from('Unsupported option 11 (<unknown>)');
      await peer.write(optionReply(option, 0x80000001, words));
      return true;
    };
    expect(await mostSeen([base], { onOption }, { far: true })).toBe(1);
  });

  it('one where the server knows the filter of contexts', async () => {
    const seen = waiting(() => 3);
    const exports = { '': { size: 1000 * UNIT, flags: 0x1003, contexts: [base] } };
    const server = await startFakeServer({ exports, extendedHeaders: true, ...seen.fake });
    cleanUps.push(() => server.close());
    await walkAll(farAway(await open(server)), GRANULARITY);
    expect(seen.most).toBe(1);
  });
});
