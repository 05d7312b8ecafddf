/**
 * The client against what no test thought of: random messages, random bytes, and recorded conversations with real
 * servers, changed at random. Whatever comes, the outcome is an answer or a coded error, in bounded memory and time.
 *
 * record-nbd-corpus.mjs records the conversations in test/fuzz/nbd-corpus again.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NbdError } from '../../electron/nbd/errors.ts';
import { ReplyParser } from '../../electron/nbd/wire/frames.ts';
import { OptionParser, type PushParser } from '../../electron/nbd/wire/option-frames.ts';
import { converse, playBack, type Turn } from '../support/servers/nbd-conversation.ts';
import {
  blockSizeInfo,
  chunk,
  contextData,
  dataChunk,
  errorChunk,
  exportInfo,
  greeting,
  holeChunk,
  optionReply,
  type ReplyTo,
  serverData,
  simpleReply,
  statusChunk,
} from '../support/servers/nbd-messages.ts';
import { type FakeServer, startFakeServer } from '../support/servers/nbd-server.ts';

const CORPUS = new URL('nbd-corpus/', import.meta.url).pathname;

/** Largest body that a parser has asked room for. */
const LARGEST_BODY = 2 ** 25 + 8;

async function corpus(): Promise<{ name: string; turns: Turn[] }[]> {
  const names = (await readdir(CORPUS)).filter(name => name.endsWith('.json'));
  return Promise.all(
    names.map(async name => ({
      name,
      turns: JSON.parse(await readFile(join(CORPUS, name), 'utf8')) as Turn[],
    })),
  );
}

/** The code of the error that an action ends with, or `fine`. Fails on anything that is not a coded error of NBD. */
async function outcomeOf(action: Promise<unknown>): Promise<string> {
  try {
    await action;
    return 'fine';
  } catch (error) {
    if (!(error instanceof NbdError) || !error.code.startsWith('NBD_')) throw error;
    return error.code;
  }
}

interface Parsed {
  readonly seen: string[];
  readonly largest: number;
}

/** What a parser makes of pieces. Fails on anything thrown that is not a coded error of NBD. */
function parse(kind: 'options' | 'structured' | 'extended', pieces: readonly Uint8Array[]): Parsed {
  const seen: string[] = [];
  let largest = 0;
  const parser: PushParser =
    kind === 'options'
      ? new OptionParser({
          greeting: (style, flags) => seen.push(`${style} ${flags}`),
          reply: ({ option, type, data }) =>
            seen.push(`${option} ${type} ${Buffer.from(data).toString('hex')}`),
        })
      : new ReplyParser(kind === 'extended', {
          bodyOf(head) {
            largest = Math.max(largest, head.bodyLength);
            return new Uint8Array(head.bodyLength);
          },
          reply: (head, body) => seen.push(JSON.stringify(head) + Buffer.from(body).toString('hex')),
        });
  try {
    for (const piece of pieces) parser.push(piece);
    seen.push(`idle ${parser.isIdle}`);
  } catch (error) {
    if (!(error instanceof NbdError)) throw error;
    seen.push(error.code);
  }
  return { seen, largest };
}

const word = fc.integer({ min: 0, max: 0xffffffff });
const small = fc.integer({ min: 0, max: 20 });
const bytes = fc.uint8Array({ maxLength: 40 }).map(array => Buffer.from(array));
const extents = fc.array(fc.tuple(fc.oneof(small, word), word), { minLength: 0, maxLength: 6 });

const text = fc.string({ maxLength: 30 });
const size64 = fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.constantFrom(0n, 2048n));
const errorTypes = Array.from({ length: 10 }, (_, i) => 0x80000001 + i);

/** A reply to the option asked, or now and then to another. */
const optionMessage: fc.Arbitrary<(asked: number) => Buffer> = fc.oneof(
  fc.constant((asked: number) => optionReply(asked, 1)),
  fc.tuple(fc.constantFrom(...errorTypes), text).map(
    ([type, more]) =>
      (asked: number) =>
        optionReply(asked, type, Buffer.from(more)),
  ),
  fc.tuple(fc.oneof(small, word), bytes).map(
    ([type, data]) =>
      (asked: number) =>
        optionReply(asked, type, data),
  ),
  fc.tuple(small, fc.constantFrom(1, ...errorTypes), bytes).map(
    ([option, type, data]) =>
      () =>
        optionReply(option, type, data),
  ),
  fc.tuple(word, text).map(
    ([id, name]) =>
      (asked: number) =>
        optionReply(asked, 4, contextData(id, name)),
  ),
  fc.tuple(text, text).map(
    ([name, more]) =>
      (asked: number) =>
        optionReply(asked, 2, serverData(name, more)),
  ),
  fc.tuple(size64, fc.nat(0xffff)).map(
    ([size, flags]) =>
      (asked: number) =>
        optionReply(asked, 3, exportInfo(size, flags)),
  ),
  fc.tuple(word, word, word).map(sizes => (asked: number) => optionReply(asked, 3, blockSizeInfo(...sizes))),
);

const anyChunk: fc.Arbitrary<(to: ReplyTo) => Buffer> = fc.oneof(
  fc.tuple(fc.oneof(small, fc.constantFrom(0x8001, 0x8002, 0xffff)), bytes, fc.boolean()).map(
    ([type, payload, done]) =>
      (to: ReplyTo) =>
        chunk(to, type, payload, done),
  ),
  fc.tuple(small, extents, fc.boolean()).map(
    ([id, list, done]) =>
      (to: ReplyTo) =>
        statusChunk(to, id, list, done),
  ),
  fc.tuple(word, fc.string(), fc.boolean()).map(
    ([errno, text, done]) =>
      (to: ReplyTo) =>
        errorChunk(to, errno, text, done),
  ),
  fc.tuple(fc.integer({ min: 0, max: 2000 }), bytes, fc.boolean()).map(
    ([offset, data, done]) =>
      (to: ReplyTo) =>
        dataChunk(to, offset, data, done),
  ),
  fc.tuple(fc.integer({ min: 0, max: 2000 }), word, fc.boolean()).map(
    ([offset, length, done]) =>
      (to: ReplyTo) =>
        holeChunk(to, offset, length, done),
  ),
  word.map(errno => (to: ReplyTo) => (to.extended ? errorChunk(to, errno) : simpleReply(to.cookie, errno))),
);

/** Cuts bytes at random places. */
function cut(whole: Buffer, places: readonly number[]): Buffer[] {
  const at = [...new Set(places.map(place => place % (whole.length + 1)))].sort((a, b) => a - b);
  return [0, ...at].map((from, i) => whole.subarray(from, at[i] ?? whole.length));
}

describe('parsers', () => {
  it('give the same messages however the bytes are cut', () => {
    const to = { cookie: 1n, offset: 0 };
    fc.assert(
      fc.property(
        fc.array(optionMessage, { maxLength: 5 }),
        fc.array(fc.nat(500), { maxLength: 12 }),
        (messages, places) => {
          const whole = Buffer.concat([greeting(), ...messages.map(make => make(9))]);
          expect(parse('options', cut(whole, places))).toEqual(parse('options', [whole]));
        },
      ),
    );
    for (const extended of [false, true]) {
      const kind = extended ? 'extended' : 'structured';
      fc.assert(
        fc.property(
          fc.array(anyChunk, { maxLength: 5 }),
          fc.array(fc.nat(500), { maxLength: 12 }),
          (chunks, places) => {
            const whole = Buffer.concat(chunks.map(make => make({ ...to, extended })));
            expect(parse(kind, cut(whole, places))).toEqual(parse(kind, [whole]));
          },
        ),
      );
    }
  });

  it('make of random bytes nothing but a coded error or silence, and ask for little room', () => {
    const starts = {
      options: ['NBDMAGICIHAVEOPT'],
      structured: ['668e33ef', '67446698'],
      extended: ['6e8a278c'],
    };
    for (const kind of ['options', 'structured', 'extended'] as const) {
      const start = fc
        .constantFrom('', ...starts[kind])
        .map(text => (kind === 'options' ? Buffer.from(text) : Buffer.from(text, 'hex')));
      fc.assert(
        fc.property(start, fc.uint8Array({ maxLength: 100 }), (begin, rest) => {
          expect(parse(kind, [begin, rest]).largest).toBeLessThanOrEqual(LARGEST_BODY);
        }),
        { numRuns: 500 },
      );
    }
  });
});

/** Short, because many of these servers fall silent; a slow machine only turns more outcomes into that. */
const LIMITS = { connect: 5000, handshake: 40, reply: 40 };

describe('random messages', () => {
  const size = 2048;
  const contexts = [0, 1].map(id => ({
    id,
    name: `x:${id}`,
    status: (_: number, length: number) => [[length, id]] as const,
  }));
  const disk = { size, contexts };

  it.each([false, true])('in place of replies end well, extended headers %s', async extendedHeaders => {
    let script: readonly ((to: ReplyTo) => Buffer)[] = [];
    let position = 0;
    const server = await startFakeServer((): FakeServer => {
      const mine = script;
      position = 0;
      return {
        exports: { '': disk },
        extendedHeaders,
        async onRequest(request, peer) {
          const make = mine[position++];
          if (make === undefined || request.command === 2) return false;
          await peer.write(make(request));
          return (request.offset + position) % 3 !== 0; // now and then the right answer follows
        },
      };
    });
    const outcomes = new Set<string>();
    await fc.assert(
      fc.asyncProperty(fc.array(anyChunk, { minLength: 1, maxLength: 4 }), async chunks => {
        script = chunks;
        outcomes.add(await outcomeOf(converse(server.uri, { timeouts: LIMITS })));
      }),
      { numRuns: 150 },
    );
    await server.close();
    expect(outcomes.size).toBeGreaterThan(2);
  });

  it('in place of options end well', async () => {
    let script: readonly ((asked: number) => Buffer)[] = [];
    let at = 0;
    const server = await startFakeServer((): FakeServer => {
      const mine = script;
      let asked = 0;
      return {
        exports: { '': disk },
        async onOption(option, _, peer) {
          if (asked++ !== at) return false;
          await peer.write(...mine.map(make => make(option)));
          return mine.length % 2 === 0;
        },
      };
    });
    const outcomes = new Set<string>();
    await fc.assert(
      fc.asyncProperty(
        fc.array(optionMessage, { minLength: 1, maxLength: 2 }),
        fc.nat(4),
        async (messages, place) => {
          script = messages;
          at = place;
          outcomes.add(await outcomeOf(converse(server.uri, { timeouts: LIMITS })));
        },
      ),
      { numRuns: 150 },
    );
    await server.close();
    expect(outcomes.size).toBeGreaterThan(2);
  });
});

/** A place in a conversation, from 0 up to 1; spread evenly by a multiplication that visits all of them. */
const place = fc.nat(4095).map(number => ((number * 1663) % 4096) / 4096);

/** One change to the bytes of a server, at a place given as a fraction of them. */
type Change = (bytes: Buffer, at: number) => Buffer;

const change: fc.Arbitrary<Change> = fc.oneof(
  fc.nat(7).map(
    (bit): Change =>
      (from, at) =>
        replace(from, at, 1, Buffer.of((from[at] ?? 0) ^ (1 << bit))),
  ),
  fc.constantFrom(0, 1, 0x7f, 0x80, 0xff).map(
    (value): Change =>
      (from, at) =>
        replace(from, at, 1, Buffer.of(value)),
  ),
  fc.constantFrom('00000000', 'ffffffff', '7fffffff', '80000000', '00100000').map(
    (hex): Change =>
      (from, at) =>
        replace(from, at & ~3, 4, Buffer.from(hex, 'hex')),
  ),
  fc.integer({ min: 1, max: 40 }).map(
    (length): Change =>
      (from, at) =>
        replace(from, at, length, Buffer.alloc(0)),
  ),
  bytes.map(
    (more): Change =>
      (from, at) =>
        replace(from, at, 0, more),
  ),
  fc.integer({ min: 1, max: 64 }).map(
    (length): Change =>
      (from, at) =>
        replace(from, at, 0, from.subarray(at, at + length)),
  ),
  fc.constant<Change>((from, at) => from.subarray(0, at)),
);

function replace(from: Buffer, at: number, length: number, by: Buffer): Buffer {
  return Buffer.concat([from.subarray(0, at), by, from.subarray(at + length)]);
}

/** The turns with one of the server's changed; `place` is from 0 up to 1 over all that the server says. */
function changed(turns: readonly Turn[], place: number, edit: Change): Turn[] {
  const total = turns.reduce((sum, turn) => sum + (turn.from === 'server' ? turn.bytes.length / 2 : 0), 0);
  let at = Math.floor(place * total);
  let done = false;
  return turns.map(turn => {
    const length = turn.bytes.length / 2;
    if (turn.from === 'client' || done) return turn;
    if (at >= length) {
      at -= length;
      return turn;
    }
    done = true;
    return { from: 'server', bytes: edit(Buffer.from(turn.bytes, 'hex'), at).toString('hex') };
  });
}

/** The turns up to where the server has said so many bytes. */
function cutOff(turns: readonly Turn[], end: number): Turn[] {
  const kept: Turn[] = [];
  let left = end;
  for (const turn of turns) {
    if (turn.from === 'client') {
      kept.push(turn);
      continue;
    }
    kept.push({ from: 'server', bytes: turn.bytes.slice(0, 2 * left) });
    left -= turn.bytes.length / 2;
    if (left <= 0) break;
  }
  return kept;
}

describe('recorded conversations', () => {
  it('play as they were recorded', async () => {
    const recorded = await corpus();
    expect(recorded.length).toBeGreaterThan(3);
    for (const { name, turns } of recorded) {
      const server = await playBack(() => turns);
      expect(await outcomeOf(converse(server.uri)), name).toBe('fine');
      await server.close();
    }
  });

  it('are lost wherever they are cut off', async () => {
    for (const { turns } of await corpus()) {
      const said = turns.reduce((sum, turn) => sum + (turn.from === 'server' ? turn.bytes.length / 2 : 0), 0);
      let end = 0;
      const server = await playBack(() => cutOff(turns, end));
      for (; end < said; end += 1 + Math.floor(said / 300)) {
        expect(await outcomeOf(converse(server.uri))).toBe('NBD_LOST');
      }
      await server.close();
    }
  });

  it('end well whatever is changed in them', async () => {
    const recorded = await corpus();
    let turns: readonly Turn[] = [];
    const server = await playBack(() => turns);
    const outcomes = new Set<string>();
    await fc.assert(
      fc.asyncProperty(
        fc.nat(recorded.length - 1),
        fc.array(fc.tuple(place, change), {
          minLength: 1,
          maxLength: 3,
        }),
        async (which, edits) => {
          turns = edits.reduce<readonly Turn[]>(
            (now, [place, edit]) => changed(now, place, edit),
            recorded[which]!.turns,
          );
          outcomes.add(await outcomeOf(converse(server.uri, { timeouts: LIMITS })));
        },
      ),
      { numRuns: 300 },
    );
    while (server.open > 0) await new Promise(setImmediate);
    await server.close();
    expect(outcomes.size).toBeGreaterThan(2);
  });
});
