/**
 * The merge core: one chain's tables, its pyramid, the reading in the background and the answers.
 *
 * It runs in a worker thread but knows only a `post` function, so that tests can run it in place. Work is cut into
 * slices of a few milliseconds; between slices questions are answered.
 */
import { CowscopeError, type ErrorRecord, errorRecord } from '../../shared/error.ts';
import { createPyramid, type Pyramid, summarize } from '../../shared/extent/pyramid.ts';
import type { QuestionName } from '../../shared/ipc/questions.ts';
import type { LayerProgress } from '../../shared/model/progress.ts';
import { runInNextTurn } from '../../shared/scheduler.ts';
import type { OpenSource } from '../qcow2/read/source.ts';
import { createFindingLog, type FindingLog } from './findings/finding-log.ts';
import { streamList } from './lists/list-stream.ts';
import { ANSWERS, type QuestionContext } from './questions/answers.ts';
import { type ChainTables, openChainTables } from './tables/chain-tables.ts';
import { createPageSchedule, type PageSchedule } from './tables/page-schedule.ts';
import type { StoredLayer } from './tables/stored-layer.ts';
import type { EnginePlan, FromEngine, ToEngine } from './worker/protocol.ts';

/** Longest stretch of work between two looks at the mailbox, in milliseconds. */
const SLICE_MS = 6;
/** Shortest time between two pushes of the same kind, in milliseconds. */
const PUSH_MS = 50;
/** Milliseconds in which the first question for a picture is awaited, and those that drawing it may then take. */
const AWAIT_MS = 300;
const DRAW_MS = 50;
/** Findings in one push; the rest are counted. A finding is a few hundred bytes, and every push brings them all anew. */
const MAX_FINDINGS = 500;

/** Takes messages from the owner of files and sockets. */
export interface Engine {
  receive(message: ToEngine): void;
}

interface Open {
  readonly tables: ChainTables;
  pyramid: Pyramid;
  /** The background reading. */
  readonly reading: PageSchedule;
  /** Somebody is about to ask for a first picture. */
  awaitsPicture: boolean;
  cancelled: boolean;
  readonly nbd: (LayerProgress | undefined)[];
  /** For each layer what of its feed is in the picture. */
  readonly feeds: FeedState[];
  readonly log: FindingLog;
  /** Findings that the other side was told of. */
  told: number;
}

/** How far the picture follows a layer's feed. */
interface FeedState {
  /** The first page whose fed extents are not all in the picture yet. */
  shown: number;
  /** The byte up to which the picture is to follow next, 0 where it has. */
  due: number;
  /** When the picture followed last, by performance.now(). */
  last: number;
  /** A batch that is counted as taken once the picture has followed: until then its extents take too much memory. */
  owed: boolean;
  /** What is told of a feed that is over once the picture has followed. */
  end: (ToEngine & { kind: 'fed' }) | undefined;
}

/**
 * A core that sends its answers and news through `post`; transferable buffers are listed beside the message. Images are
 * read through what `openSource` makes of the handles in a plan.
 */
export function createEngine(
  post: (message: FromEngine, transfer?: ArrayBuffer[]) => void,
  openSource: OpenSource,
): Engine {
  let open: Open | undefined;
  let version = 0;
  let changedFrom = Number.POSITIVE_INFINITY;
  let changedTo = 0;
  let lastPush = Number.NEGATIVE_INFINITY;
  let scheduled = false;
  let resting: ReturnType<typeof setTimeout> | undefined;
  const takers = new Map<number, (memory?: ArrayBuffer) => void>();
  const aborted = new Set<number>();
  /** The newest question of each kind. */
  const newest = new Map<QuestionName, number>();

  function start(plan: EnginePlan): void {
    const tables = openChainTables(plan, openSource);
    open = {
      tables,
      pyramid: createPyramid(plan.keep ? tables.pageCount : 0, tables.pageSpan, tables.laneCount),
      reading: createPageSchedule(tables.pageCount),
      awaitsPicture: plan.interactive === true,
      cancelled: false,
      nbd: plan.layers.map(() => undefined),
      feeds: plan.layers.map(() => ({ shown: 0, due: 0, last: 0, owed: false, end: undefined })),
      log: createFindingLog(tables),
      told: 0,
    };
    post({ kind: 'opened', tracks: tables.tracks() });
    if (plan.keep) schedule();
  }

  function schedule(): void {
    if (scheduled || resting !== undefined) return;
    scheduled = true;
    runInNextTurn(() => {
      scheduled = false;
      if (open !== undefined) readSlice(open);
    });
  }

  /** Leaves the cores to those who draw for a while: a first picture soon is worth more than all of it a little sooner. */
  function rest(state: Open, ms: number): void {
    clearTimeout(resting);
    resting = setTimeout(() => {
      resting = undefined;
      state.awaitsPicture = false;
      schedule();
    }, ms);
  }

  /** Reads pages of every metadata layer and summarizes what is new, for one slice; then what was fed. */
  function readSlice(state: Open): void {
    const { tables, reading } = state;
    const end = performance.now() + SLICE_MS;
    while (performance.now() < end && !state.cancelled) {
      const page = reading.next();
      if (page === undefined) break;
      for (const layer of tables.layers) tables.readPage(layer.index, page);
      refresh(state, page);
      if (tables.stored > tables.plan.extentBudget) tables.dropPage(page);
    }
    showFed(state, end);
    const more = !state.cancelled && reading.taken < reading.pages;
    const isBehind = state.feeds.some(({ due }) => due > 0);
    pushNews(state, !more && !isBehind);
    if (!more && !isBehind) return;
    if (more && state.awaitsPicture) rest(state, AWAIT_MS);
    schedule();
  }

  function refresh(state: Open, page: number): void {
    const { tables } = state;
    summarize(state.pyramid, page, tables.sweep(page));
    state.log.comparePage(page);
    changedFrom = Math.min(changedFrom, page * tables.pageSpan);
    changedTo = Math.max(changedTo, Math.min((page + 1) * tables.pageSpan, tables.plan.size));
    version++;
  }

  function pushNews(state: Open, force: boolean): void {
    const now = performance.now();
    if (!force && now - lastPush < PUSH_MS) return;
    lastPush = now;
    if (changedTo > 0) post({ kind: 'changed', version, start: changedFrom, end: changedTo });
    changedFrom = Number.POSITIVE_INFINITY;
    changedTo = 0;
    post({ kind: 'progress', layers: progressOf(state) });
    if (state.log.count === state.told) return;
    state.told = state.log.count;
    post({ kind: 'findings', ...state.log.list(MAX_FINDINGS) });
  }

  function feed(state: Open, message: ToEngine & { kind: 'batch' }): void {
    const { tables } = state;
    const layer = tables.layers[message.layer];
    if (layer?.nbd === undefined) return;
    let error: ErrorRecord | undefined;
    try {
      if (tables.feed(message.layer, message.batch)) {
        if (tables.plan.keep)
          state.pyramid = createPyramid(tables.pageCount, tables.pageSpan, tables.laneCount);
        (state.feeds[message.layer] as FeedState).shown = 0;
        post({ kind: 'tracks', tracks: tables.tracks() });
      }
    } catch (thrown) {
      error = errorRecord(thrown);
    }
    state.nbd[message.layer] = feedProgress(layer, 'reading');
    const fed = state.feeds[message.layer] as FeedState;
    fed.end = undefined; // it goes on after all
    if (performance.now() - fed.last >= PUSH_MS) {
      if (tables.plan.keep) follow(state, layer, false);
      else if (tables.fedOverBudget) compareFed(state, layer);
    }
    fed.owed = fed.due > 0 && error === undefined && tables.fedOverBudget;
    if (!fed.owed)
      post({ kind: 'batchTaken', layer: message.layer, ...(error === undefined ? {} : { error }) });
  }

  /** Holds what was fed against the metadata, so that it need not be kept. */
  function compareFed(state: Open, layer: StoredLayer): void {
    const { tables } = state;
    const fed = state.feeds[layer.index] as FeedState;
    const covered = layer.nbd?.feeder.position ?? 0;
    for (; fed.shown < tables.pageCount; fed.shown++) {
      if (Math.min((fed.shown + 1) * tables.pageSpan, layer.plan.size) > covered) break;
      state.log.comparePage(fed.shown);
    }
    fed.last = performance.now();
  }

  /** Lets the picture follow what was fed of a layer: at once as far as one slice goes, the rest in further ones. */
  function follow(state: Open, layer: StoredLayer, isEnd: boolean): void {
    const fed = state.feeds[layer.index] as FeedState;
    state.tables.flush(layer.index);
    fed.due = layer.nbd?.feeder.position ?? 0;
    showFed(state, performance.now() + SLICE_MS);
    pushNews(state, isEnd);
    if (fed.due > 0) schedule();
  }

  /** Brings what was fed into the picture until the given time, a page at least. */
  function showFed(state: Open, until: number): void {
    const { tables, feeds } = state;
    for (const layer of tables.layers) {
      const fed = feeds[layer.index] as FeedState;
      const covered = layer.nbd?.feeder.position ?? 0;
      while (fed.due > 0) {
        const page = fed.shown;
        if (page < tables.pageCount && page * tables.pageSpan < fed.due) {
          if (layer.metadata === undefined) refresh(state, page);
          else state.log.comparePage(page);
        }
        if (page < tables.pageCount && (page + 1) * tables.pageSpan <= covered) fed.shown = page + 1;
        if (fed.shown === page || fed.shown * tables.pageSpan >= fed.due) hasFollowed(state, layer, fed);
        if (performance.now() >= until) return;
      }
    }
  }

  /** The picture shows what was due of a layer's feed: tells who waited for that. */
  function hasFollowed(state: Open, { index }: StoredLayer, fed: FeedState): void {
    fed.due = 0;
    fed.last = performance.now();
    if (fed.owed) post({ kind: 'batchTaken', layer: index });
    fed.owed = false;
    if (fed.end !== undefined) isOver(state, fed.end);
    fed.end = undefined;
  }

  function endFeed(state: Open, message: ToEngine & { kind: 'fed' }): void {
    const layer = state.tables.layers[message.layer];
    if (layer?.nbd === undefined) return;
    if (!state.tables.plan.keep) {
      state.tables.flush(message.layer);
      isOver(state, message);
      return;
    }
    const fed = state.feeds[message.layer] as FeedState;
    fed.end = message;
    follow(state, layer, true);
    if (fed.due > 0 || fed.end === undefined) return;
    hasFollowed(state, layer, fed); // nothing came that it could have followed
    pushNews(state, true);
  }

  function isOver(state: Open, { layer, error, cancelled }: ToEngine & { kind: 'fed' }): void {
    const phase = error !== undefined ? 'failed' : cancelled === true ? 'cancelled' : 'done';
    state.nbd[layer] = feedProgress(state.tables.layers[layer] as StoredLayer, phase, error);
  }

  /** What a question for a part of the disk shows is read before the rest; one for all of it changes nothing. */
  function lookAt({ reading, tables }: Open, start: number, end: number): void {
    if (start <= 0 && end >= tables.plan.size) return;
    reading.lookAt(Math.floor(start / tables.pageSpan), Math.ceil(end / tables.pageSpan));
  }

  /** Answers one question, or writes one list, and posts what came of it. */
  async function reply(id: number, answer: () => unknown): Promise<void> {
    try {
      post({ kind: 'reply', id, value: await answer() });
    } catch (error) {
      post({ kind: 'error', id, error: errorRecord(error) });
    } finally {
      takers.delete(id);
      aborted.delete(id);
    }
  }

  function ask(state: Open, { id, question, args }: ToEngine & { kind: 'ask' }): Promise<void> {
    newest.set(question, id);
    const context: QuestionContext = {
      tables: state.tables,
      pyramid: state.pyramid,
      findings: state.log,
      version,
      prioritize: (start, end) => lookAt(state, start, end),
      notePictureRequest() {
        if (state.awaitsPicture) rest(state, DRAW_MS);
        state.awaitsPicture = false;
      },
      superseded: () => newest.get(question) !== id,
    };
    const answer = ANSWERS[question] as (context: QuestionContext, args: unknown) => unknown;
    return reply(id, () => answer(context, args));
  }

  function list({ tables }: Open, { id, request }: ToEngine & { kind: 'list' }): Promise<void> {
    return reply(id, () => streamList(tables, request.spec, request.layer, text => sendChunk(id, text)));
  }

  /**
   * Sends one chunk of a stream and waits until it was taken, so that a slow reader bounds our memory. Resolves with the
   * chunk's memory where it was handed back.
   */
  function sendChunk(id: number, text: Uint8Array<ArrayBuffer>): Promise<ArrayBuffer | undefined> {
    return new Promise((resolve, reject) => {
      takers.set(id, memory => {
        if (aborted.has(id))
          reject(
            new CowscopeError({ code: 'CANCELLED', what: 'the list was cancelled', subject: '', advice: '' }),
          );
        else resolve(memory);
      });
      post({ kind: 'chunk', id, text }, [text.buffer]);
    });
  }

  function receive(message: ToEngine): void {
    if (message.kind === 'open') {
      try {
        start(message.plan);
      } catch (error) {
        post({ kind: 'failed', error: errorRecord(error) });
      }
      return;
    }
    if (message.kind === 'taken') {
      takers.get(message.id)?.(message.memory);
      return;
    }
    if (message.kind === 'abort') {
      aborted.add(message.id);
      takers.get(message.id)?.();
      return;
    }
    if (open === undefined) return;
    if (message.kind === 'batch') feed(open, message);
    else if (message.kind === 'fed') endFeed(open, message);
    else if (message.kind === 'ask') void ask(open, message);
    else if (message.kind === 'list') void list(open, message);
    else {
      open.cancelled = message.kind === 'cancelReading';
      pushNews(open, true);
      if (!open.cancelled && open.tables.plan.keep) schedule();
    }
  }

  return { receive };
}

function feedProgress(layer: StoredLayer, phase: LayerProgress['phase'], error?: ErrorRecord): LayerProgress {
  return {
    layer: layer.index,
    witness: 'nbd',
    phase,
    covered: layer.nbd?.feeder.position ?? 0,
    total: layer.plan.size,
    ...(error === undefined ? {} : { error }),
  };
}

function progressOf(state: Open): LayerProgress[] {
  const { tables, reading } = state;
  const all: LayerProgress[] = [];
  for (const layer of tables.layers) {
    if (layer.metadata !== undefined) {
      const done = reading.taken >= reading.pages;
      all.push({
        layer: layer.index,
        witness: 'metadata',
        phase: done ? 'done' : state.cancelled ? 'cancelled' : 'reading',
        covered: done ? layer.plan.size : Math.floor((layer.plan.size * reading.taken) / reading.pages),
        total: layer.plan.size,
      });
    }
    const nbd = state.nbd[layer.index];
    if (nbd !== undefined) all.push(nbd);
    else if (layer.nbd !== undefined)
      all.push({ layer: layer.index, witness: 'nbd', phase: 'waiting', covered: 0, total: layer.plan.size });
  }
  return all;
}
