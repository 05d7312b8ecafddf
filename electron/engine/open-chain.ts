/** One open chain: its tables, the picture made of them, what is still being read, and the answers to questions. */
import type { QuestionArgs, QuestionName, QuestionReply } from '../../shared/ipc/questions.ts';
import type { Finding } from '../../shared/model/finding.ts';
import type { LayerProgress } from '../../shared/model/progress.ts';
import { NewestRun } from '../../shared/newest-run.ts';
import type { OpenSource } from '../qcow2/read/source.ts';
import { FindingLog } from './findings/finding-log.ts';
import { PageComparer } from './findings/page-comparer.ts';
import { streamList } from './lists/list-stream.ts';
import { MergedPicture } from './merged-picture.ts';
import { ChainPushes } from './pushes.ts';
import { ANSWERS, type QuestionContext } from './questions/answers.ts';
import { LayerChecks, type LoadDeepOptions } from './questions/check.ts';
import { checkLayerChoice, checkSelection } from './questions/check-choice.ts';
import { HostMaps } from './questions/host-layout.ts';
import { PlaceAnswers } from './questions/places.ts';
import { BackgroundReader } from './reading/background-reader.ts';
import { FeedMerger } from './reading/feed-merger.ts';
import { WorkLoop } from './reading/work-loop.ts';
import { ChainTables } from './tables/chain-tables.ts';
import type { NbdTables, StoredLayer } from './tables/stored-layer.ts';
import type { EnginePlan, FromEngine, ListRequest, ListSummary } from './worker/protocol.ts';

/** Milliseconds for which reading pauses until the window asks for its first picture. */
const FIRST_REQUEST_WAIT_MS = 300;
/** Milliseconds for which it pauses after that, so that painting has the cores. */
const FIRST_PAINT_MS = 50;

/** Shortest time between two messages about a walk, in milliseconds. */
const WALK_INTERVAL_MS = 200;

/** A chain that was opened from a plan. */
export class OpenChain {
  readonly #post: (message: FromEngine) => void;
  readonly #tables: ChainTables;
  readonly #picture: MergedPicture;
  readonly #findings: FindingLog;
  readonly #comparer: PageComparer;
  readonly #hostMaps: HostMaps;
  readonly #checks: LayerChecks;
  readonly #places = new PlaceAnswers();
  readonly #reader: BackgroundReader;
  /** By layer; undefined for a layer that nothing is fed to. */
  readonly #feeds: readonly (FeedMerger | undefined)[];
  readonly #pushes: ChainPushes;
  readonly #loop = new WorkLoop(deadline => this.#workUntil(deadline));
  /** The newest question of each name. */
  readonly #newest = new Map<QuestionName, NewestRun>();
  #awaitsFirstPicture: boolean;
  #toldWalkAt = 0;

  /** Throws the CowscopeError of what cannot be opened. Reading begins with {@link start}. */
  constructor(
    plan: EnginePlan,
    openSource: OpenSource,
    deepOptions: LoadDeepOptions,
    post: (message: FromEngine) => void,
  ) {
    this.#post = post;
    this.#tables = new ChainTables(plan, openSource);
    this.#picture = new MergedPicture(this.#tables);
    this.#findings = new FindingLog(this.#tables.layers);
    this.#comparer = new PageComparer(this.#tables);
    this.#hostMaps = new HostMaps(this.#tables);
    this.#checks = new LayerChecks(this.#tables, this.#findings, deepOptions);
    this.#reader = new BackgroundReader(this.#tables, page => this.#mergePage(page));
    this.#feeds = this.#tables.layers.map(layer => this.#feedOf(layer));
    this.#pushes = new ChainPushes(post, {
      version: () => this.#picture.version,
      progress: () => this.#progress(),
      findings: this.#findings,
    });
    this.#tables.onWalk = (offset, size) => this.#tellWalk(offset, size);
    this.#awaitsFirstPicture = plan.interactive === true;
  }

  /** Says which tracks there are and begins to read. */
  start(): void {
    this.#post({ kind: 'opened', tracks: this.#tables.tracks() });
    if (this.#tables.plan.buildPyramid) this.#loop.wake();
  }

  #tellWalk(offset: number, size: number): void {
    const now = performance.now();
    if (now - this.#toldWalkAt < WALK_INTERVAL_MS) return;
    this.#toldWalkAt = now;
    this.#post({ kind: 'walked', offset, size });
  }

  /** The feed of a layer, undefined where the plan has none for it. */
  feed(layer: number): FeedMerger | undefined {
    return this.#feeds[layer];
  }

  /** Adds what the discovery of the chain found to the findings. */
  addFindings(findings: readonly Finding[]): void {
    this.#findings.add(findings);
    this.#pushes.flush();
  }

  cancelReading(): void {
    this.#reader.cancel();
    this.#pushes.flush();
  }

  resumeReading(): void {
    this.#reader.resume();
    this.#pushes.flush();
    if (this.#tables.plan.buildPyramid) this.#loop.wake();
  }

  /** Answers a question. Throws or rejects with CowscopeError. */
  ask<Q extends QuestionName>(
    question: Q,
    args: QuestionArgs<Q>,
  ): QuestionReply<Q> | Promise<QuestionReply<Q>> {
    const runs = this.#newest.get(question) ?? new NewestRun();
    this.#newest.set(question, runs);
    const isNewest = runs.begin();
    const context: QuestionContext = {
      tables: this.#tables,
      pyramid: this.#picture.pyramid,
      version: this.#picture.version,
      findings: this.#findings,
      comparer: this.#comparer,
      hostMaps: this.#hostMaps,
      checks: this.#checks,
      places: this.#places,
      prioritize: (start, end) => this.#reader.prioritize(start, end),
      notePictureRequest: () => this.#notePictureRequest(),
      tellFindings: () => this.#pushes.flush(),
      superseded: () => !isNewest(),
    };
    return ANSWERS[question](context, args);
  }

  /** Writes a list through `send`, which resolves when a chunk was taken. Rejects with what that rejects with. */
  list(
    { spec, layer }: ListRequest,
    send: (text: Uint8Array<ArrayBuffer>) => Promise<ArrayBuffer | undefined>,
  ): Promise<ListSummary> {
    if (spec.list === 'nbdinfo') checkSelection(this.#tables, spec, layer);
    else checkLayerChoice(this.#tables, layer);
    return streamList(this.#tables, spec, layer, send);
  }

  /** One slice of work: pages of metadata first, then what was fed. True if there is more. */
  #workUntil(deadline: number): boolean {
    this.#reader.readUntil(deadline);
    this.#mergeFeeds(deadline);
    const isReading = this.#reader.hasMore;
    const isFed = this.#feeds.some(feed => feed?.hasMore);
    if (isReading || isFed) this.#pushes.request();
    else this.#pushes.flush();
    if (isReading && this.#awaitsFirstPicture) this.#pauseForPicture(FIRST_REQUEST_WAIT_MS);
    if (this.#reader.needsReadAhead) void this.#reader.readAhead().then(() => this.#loop.wake());
    return isFed || this.#reader.isReady;
  }

  #mergeFeeds(deadline: number): void {
    for (const feed of this.#feeds) {
      if (!feed?.hasMore) continue;
      feed.mergeUntil(deadline);
      if (performance.now() >= deadline) return;
    }
  }

  #mergePage(page: number): void {
    const range = this.#picture.mergePage(page);
    this.#comparer.comparePage(page);
    this.#pushes.noteChange(range);
  }

  #feedOf(layer: StoredLayer): FeedMerger | undefined {
    if (!hasNbd(layer)) return undefined;
    return new FeedMerger(this.#tables, layer, {
      mergePage: page => this.#mergePage(page),
      comparePage: page => this.#comparer.comparePage(page),
      tracksChanged: () => {
        this.#picture.reset();
        this.#post({ kind: 'tracks', tracks: this.#tables.tracks() });
      },
      acknowledge: (index, error) =>
        this.#post({ kind: 'batchTaken', layer: index, ...(error === undefined ? {} : { error }) }),
      requestPush: () => this.#pushes.request(),
      wake: () => this.#loop.wake(),
    });
  }

  #notePictureRequest(): void {
    if (this.#awaitsFirstPicture) this.#pauseForPicture(FIRST_PAINT_MS);
    this.#awaitsFirstPicture = false;
  }

  /** Pauses reading so that the first paint is not delayed. */
  #pauseForPicture(ms: number): void {
    this.#loop.pause(ms, () => {
      this.#awaitsFirstPicture = false;
    });
  }

  #progress(): LayerProgress[] {
    return this.#tables.layers.flatMap(layer => {
      const metadata = layer.metadata === undefined ? [] : [this.#reader.progressOf(layer)];
      const feed = this.#feeds[layer.index];
      return feed === undefined ? metadata : [...metadata, feed.progress];
    });
  }
}

function hasNbd(layer: StoredLayer): layer is StoredLayer & { readonly nbd: NbdTables } {
  return layer.nbd !== undefined;
}
