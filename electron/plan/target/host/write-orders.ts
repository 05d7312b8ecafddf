/**
 * Where a target's file ends after requests that are under way together, in every order that qemu may finish them in.
 * A mirror job reads with several threads at once, and writes each part when its read is done; requests that only mark
 * zeros read nothing and are done at once, one after the other. Source: qemu's block/mirror.c (mirror_iteration).
 */
import type { SlicedWork } from '../../../qcow2/read/sliced-work.ts';
import type { HostEvent } from './host-events.ts';
import { type ClusterRange, type TargetFile, UnknownCluster } from './target-file.ts';

/** What one request does, in its order. */
export type RequestEvents = readonly HostEvent[];

/** Sizes in bytes that the file may come to. */
export interface PossibleEnds {
  readonly imageEnd: readonly [least: number, most: number];
  readonly fileLength: readonly [least: number, most: number];
}

/** States looked at, and clusters copied with them, at most: a second's work. */
const MAX_STATES = 4000;
const MAX_COPIED_CLUSTERS = 2 ** 21;
/** Ways to cut requests that are looked at. */
const MAX_VARIANTS = 64;

/** How far a request is. */
interface Progress {
  readonly event: number;
  /** Guest offset within the event; -1 where it has not begun. */
  readonly at: number;
  /** What steps that were written still give back. */
  readonly pending: readonly (readonly ClusterRange[])[];
}

interface State {
  readonly file: TargetFile;
  readonly progress: readonly Progress[];
}

const NEW: Progress = { event: 0, at: -1, pending: [] };

/**
 * All ends that one of several lists of requests can lead to when at most `window` requests are under way. Undefined
 * where there are too many orders to look at, or where the tables do not tell what a cluster is. `file` is not changed.
 */
export function* possibleEnds(
  file: TargetFile,
  variants: readonly (readonly RequestEvents[])[],
  window: number,
): SlicedWork<PossibleEnds | undefined> {
  const search = new Search(window);
  try {
    for (const requests of variants) if (!(yield* search.run(file, requests))) return undefined;
  } catch (error) {
    if (!(error instanceof UnknownCluster)) throw error;
    return undefined;
  }
  return { imageEnd: rangeOf(search.imageEnds), fileLength: rangeOf(search.lengths) };
}

/** Looks at every order, and meets every state once. */
class Search {
  readonly imageEnds: number[] = [];
  readonly lengths: number[] = [];
  readonly #window: number;
  #states = 0;
  #copiedClusters = 0;

  constructor(window: number) {
    this.#window = window;
  }

  /** False where the limits were passed. */
  *run(file: TargetFile, requests: readonly RequestEvents[]): SlicedWork<boolean> {
    const isOrdered = requests.map(events => events.every(({ kind }) => kind !== 'write'));
    const seen = new Set<string>();
    const waiting: State[] = [{ file, progress: requests.map(() => NEW) }];
    for (let state = waiting.pop(); state !== undefined; state = waiting.pop()) {
      yield;
      const followers = nextStates(state, requests, isOrdered, this.#window);
      if (followers.length === 0) {
        this.imageEnds.push(state.file.imageEnd);
        this.lengths.push(state.file.length);
      }
      for (const next of followers) {
        this.#copiedClusters += next.file.clusters.end;
        if (this.#copiedClusters > MAX_COPIED_CLUSTERS) return false;
        const key = keyOf(next);
        if (seen.has(key)) continue;
        seen.add(key);
        if (this.#states++ > MAX_STATES) return false;
        waiting.push(next);
      }
    }
    return true;
  }
}

/**
 * All ways to send the requests in `cuttable` whole or in parts that end at multiples of `granularity`, each part as a
 * request by itself. Undefined where there are too many.
 */
export function withAllCuts(
  requests: readonly RequestEvents[],
  cuttable: ReadonlySet<RequestEvents>,
  granularity: number,
): RequestEvents[][] | undefined {
  let variants: RequestEvents[][] = [[]];
  for (const request of requests) {
    const ways = cuttable.has(request) ? waysToCut(request, granularity) : [[request]];
    if (ways === undefined || variants.length * ways.length > MAX_VARIANTS) return undefined;
    variants = variants.flatMap(before => ways.map(way => [...before, ...way]));
  }
  return variants;
}

function waysToCut(request: RequestEvents, granularity: number): RequestEvents[][] | undefined {
  const [event] = request;
  if (event === undefined || request.length > 1) return undefined;
  const { kind, start, end } = event;
  const places = Math.ceil((end - start) / granularity) - 1;
  if (2 ** places > MAX_VARIANTS) return undefined;
  return Array.from({ length: 2 ** places }, (_, cuts) => {
    const parts: RequestEvents[] = [];
    let from = start;
    for (let place = 1; place <= places; place++) {
      if ((cuts & (1 << (place - 1))) === 0) continue;
      parts.push([{ kind, start: from, end: start + place * granularity }]);
      from = start + place * granularity;
    }
    return [...parts, [{ kind, start: from, end }]];
  });
}

function rangeOf(values: readonly number[]): [least: number, most: number] {
  return [
    values.reduce((least, value) => Math.min(least, value)),
    values.reduce((most, value) => Math.max(most, value)),
  ];
}

function keyOf({ file, progress }: State): string {
  return `${progress.map(({ event, at, pending }) => `${event},${at},${JSON.stringify(pending)}`).join(' ')}|${file.fingerprint}`;
}

/** What can come next: a step of any request that may be under way. None at the end. */
function nextStates(
  state: State,
  requests: readonly RequestEvents[],
  isOrdered: readonly boolean[],
  window: number,
): State[] {
  const next: State[] = [];
  let open = 0;
  for (const [index, events] of requests.entries()) {
    const progress = state.progress[index] as Progress;
    if (progress.event >= events.length) continue;
    if (open++ >= window) break;
    if (isOrdered[index] === true) {
      next.push(wholeRequest(state, index, events));
      break; // later requests come after it
    }
    for (const step of stepsOf(progress, events)) {
      const file = state.file.clone();
      next.push({ file, progress: state.progress.with(index, step(file)) });
    }
  }
  return next;
}

function wholeRequest({ file, progress }: State, index: number, events: RequestEvents): State {
  const after = file.clone();
  for (const event of events) after.apply(event);
  return { file: after, progress: progress.with(index, { ...NEW, event: events.length }) };
}

/** The steps that one request can take: each changes a file and returns how far the request is then. */
function* stepsOf(progress: Progress, events: RequestEvents): Generator<(file: TargetFile) => Progress> {
  const { event, at, pending } = progress;
  const current = events[event] as HostEvent;
  if (current.kind !== 'write') {
    yield file => {
      file.apply(current);
      return { ...NEW, event: event + 1 };
    };
    return;
  }
  for (const [i, ranges] of pending.entries())
    yield file => {
      file.release(ranges);
      return advanced({ event, at, pending: pending.toSpliced(i, 1) }, current);
    };
  if (at >= current.end) return;
  yield file => {
    const { next, released } = file.write(at < 0 ? current.start : at, current.end);
    const open = released.length > 0 ? [...pending, released] : pending;
    return advanced({ event, at: next, pending: open }, current);
  };
}

/** The progress, at the next event where this one is done. */
function advanced(progress: Progress, { end }: HostEvent): Progress {
  const isDone = progress.at >= end && progress.pending.length === 0;
  return isDone ? { ...NEW, event: progress.event + 1 } : progress;
}
