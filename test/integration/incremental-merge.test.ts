/**
 * The engine and the window's loader together, with every message between them late by a random time: when all is
 * read and nothing is under way any more, the picture shows what was read.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { Engine } from '../../electron/engine/engine.ts';
import type { FromEngine } from '../../electron/engine/worker/protocol.ts';
import { fileSource } from '../../electron/qcow2/read/file-source.ts';
import { type ChainRecipe, makeChain } from '../../examples/recipes.mjs';
import type { LoaderOf } from '../../renderer/data/axis-content.ts';
import { AxisLoader } from '../../renderer/data/loader.ts';
import { readStrip } from '../../renderer/data/read-strip.ts';
import { guestSource } from '../../renderer/state/chain/guest-source.ts';
import { createColumnStrip } from '../../shared/draw/strip/column-strip.ts';
import { presentBits } from '../../shared/extent/columns.ts';
import { UNREAD } from '../../shared/extent/flags.ts';
import type { QuestionName } from '../../shared/ipc/questions.ts';
import { ok } from '../../shared/result.ts';
import { generator } from '../bench/patterns.ts';
import { planFiles } from '../support/merge-session.ts';
import { temporaryFolder } from '../support/tools.ts';

const RUNS = 40;
const SIZE = 10 * 2 ** 40;
const COLUMNS = 814;
const TRACKS = [0, 1, 2];
const UNREAD_BITS = presentBits(UNREAD);

/** Sparse: with most of it unread or all of it read there are few extents, in between thousands. */
const sparse: ChainRecipe = {
  name: 'sparse',
  about: 'two layers of 10 TiB with a cluster each',
  layers: [
    { file: 'base.qcow2', size: '10T', writes: [`write -P1 ${7 * 2 ** 40} 64k`] },
    { file: 'top.qcow2', size: '10T', writes: [`write -P1 ${3 * 2 ** 40} 64k`] },
  ],
};

let paths: readonly string[];

beforeAll(async () => {
  paths = await makeChain(sparse, temporaryFolder());
});

/** Opens the chain in an engine, and a loader that asks it; `read` turns true once everything was read and told. */
function openLate(random: () => number): {
  readonly loader: LoaderOf<'guest'>;
  readonly isRead: () => boolean;
} {
  const asked = new Map<number, (value: unknown) => void>();
  const gather = random() * 60;
  let lastId = 0;
  let isDone = false;
  let news: { version: number; start: number; end: number } | undefined;
  const engine = new Engine((message: FromEngine) => {
    if (message.kind === 'reply') setTimeout(() => asked.get(message.id)?.(message.value), random() * 30);
    if (message.kind === 'progress') isDone = message.layers.every(({ phase }) => phase === 'done');
    if (message.kind !== 'changed') return;
    if (news === undefined) setTimeout(tell, gather);
    news = {
      version: message.version,
      start: Math.min(message.start, news?.start ?? message.start),
      end: Math.max(message.end, news?.end ?? message.end),
    };
  }, fileSource);
  const call = async (name: string, args: unknown) => {
    const id = ++lastId;
    const answer = new Promise(resolve => asked.set(id, resolve));
    await sleep(random() * 10);
    engine.receive({ kind: 'ask', id, question: name.slice('chain:'.length) as QuestionName, args });
    return ok(await answer);
  };
  const loader: LoaderOf<'guest'> = new AxisLoader({
    source: guestSource(1, SIZE, call as Parameters<typeof guestSource>[2]),
    onData: () => {},
    onError: error => expect.fail(error.what),
  });
  const tell = () => {
    const { version, start, end } = news as NonNullable<typeof news>;
    news = undefined;
    loader.invalidate(version, start, end);
  };
  engine.receive({ kind: 'open', plan: { ...planFiles([...paths]), interactive: random() < 0.8 } });
  return { loader, isRead: () => isDone && news === undefined };
}

/** Device columns of all tracks in which anything is shown as not read. */
function unreadColumns(loader: LoaderOf<'guest'>): number[] {
  const strip = createColumnStrip(COLUMNS);
  return TRACKS.flatMap(track => {
    readStrip(strip, track, { start: 0, end: SIZE }, loader);
    const isUnread = (column: number) => ((strip.present[column] as number) & UNREAD_BITS) !== 0;
    return Array.from({ length: COLUMNS }, (_, column) => column).filter(isUnread);
  });
}

describe('the picture ends up as what was read', () => {
  it.each(Array.from({ length: RUNS }, (_, i) => i + 1))(
    'however late the messages are, seed %i',
    async seed => {
      const random = generator(seed);
      const { loader, isRead } = openLate(random);
      await sleep(random() * 400);
      loader.request({ view: { start: 0, end: SIZE }, columns: COLUMNS, overviewColumns: COLUMNS });
      for (let quiet = 0; quiet < 5; await sleep(10)) quiet = isRead() && !loader.isBusy() ? quiet + 1 : 0;
      expect(unreadColumns(loader)).toEqual([]);
      expect(loader.exact.covers({ start: 0, end: SIZE }) && !loader.exact.stale()).toBe(true);
    },
  );
});
