/**
 * Where a target's file ends after requests that are under way together, in every order that qemu may finish them in.
 * A mirror job reads with several threads at once, and writes each part when its read is done; requests that read nothing
 * are begun when they are sent, one after the other. Source: qemu's block/mirror.c (mirror_run, mirror_iteration).
 */
import type { SlicedWork } from '../../../qcow2/read/sliced-work.ts';
import type { HostEvent } from './host-events.ts';
import { MAX_TASKS, type SentRequest } from './sent-requests.ts';
import { type ClusterRange, type TargetFile, UnknownCluster } from './target-file.ts';

/** A size that the file can come to, in bytes. */
export interface FileEnd {
  readonly imageEnd: number;
  readonly fileLength: number;
}

/** States looked at, and clusters copied with them, at most: a few seconds' work. */
const MAX_STATES = 50_000;
const MAX_COPIED_CLUSTERS = 2 ** 26;

/** How far a request is. */
interface Progress {
  readonly event: number;
  /** Guest offset within the event; -1 where it has not begun. */
  readonly at: number;
  /** Steps of the event that were taken. */
  readonly steps: number;
  /** What steps that were written still give back. */
  readonly pending: readonly (readonly ClusterRange[])[];
}

interface State {
  readonly file: TargetFile;
  readonly progress: readonly Progress[];
}

const NEW: Progress = { event: 0, at: -1, steps: 0, pending: [] };

function hasBegun({ event, at, pending }: Progress): boolean {
  return event > 0 || at >= 0 || pending.length > 0;
}

/**
 * All ends that one of several lists of requests can lead to, when at most `window` requests are under way: a list for each
 * of several states of the file. `close` is what is done to the file after them. Undefined where there are too many orders
 * to look at, or where the tables do not tell what a cluster is. The files are not changed.
 */
export function* possibleEnds(
  files: readonly TargetFile[],
  variants: readonly (readonly SentRequest[])[],
  window: number,
  close: (file: TargetFile) => void = () => {},
): SlicedWork<FileEnd[][] | undefined> {
  const search = new Search(window, close);
  try {
    const ends: FileEnd[][] = [];
    for (const file of files) {
      for (const requests of variants) if (!(yield* search.run(file, requests))) return undefined;
      ends.push(search.takeEnds());
    }
    return ends;
  } catch (error) {
    if (!(error instanceof UnknownCluster)) throw error;
    return undefined;
  }
}

/** The different ones of ends, ascending. */
export function distinctEnds(ends: Iterable<FileEnd>): FileEnd[] {
  const found = new Map<string, FileEnd>();
  for (const end of ends) found.set(`${end.imageEnd} ${end.fileLength}`, end);
  return [...found.values()].sort((a, b) => a.imageEnd - b.imageEnd || a.fileLength - b.fileLength);
}

/** Looks at every order, and meets every state once. */
class Search {
  #ends: FileEnd[] = [];
  readonly #window: number;
  readonly #close: (file: TargetFile) => void;
  #states = 0;
  #copiedClusters = 0;

  constructor(window: number, close: (file: TargetFile) => void) {
    this.#window = window;
    this.#close = close;
  }

  /** The ends that were found since they were taken last. */
  takeEnds(): FileEnd[] {
    const ends = distinctEnds(this.#ends);
    this.#ends = [];
    return ends;
  }

  /** False where the limits were passed. */
  *run(file: TargetFile, requests: readonly SentRequest[]): SlicedWork<boolean> {
    const steps = new NextSteps(file, requests, this.#window);
    const seen = new Set<string>();
    const waiting: State[] = [{ file, progress: requests.map(() => NEW) }];
    for (let state = waiting.pop(); state !== undefined; state = waiting.pop()) {
      yield;
      const last = steps.onlyEnd(state);
      const followers = last === undefined ? steps.after(state) : [];
      if (followers.length === 0) {
        const end = last ?? state.file;
        this.#close(end);
        this.#ends.push({ imageEnd: end.imageEnd, fileLength: end.length });
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

function keyOf({ file, progress }: State): string {
  let key = '';
  for (const { event, at, steps, pending } of progress) {
    key += `${event},${at},${steps > MAX_TASKS};`;
    for (const ranges of pending) key += JSON.stringify(ranges);
  }
  return key + file.fingerprint;
}

/** What can come next in a list of requests. */
class NextSteps {
  readonly #requests: readonly SentRequest[];
  readonly #window: number;
  /** The last request that is sent together with each, before any other goes on. */
  readonly #sentUpTo: readonly number[];
  /** Clusters that each takes whenever it comes; undefined where that depends on the others. */
  readonly #takes: readonly (number | undefined)[];
  /** Which of them may give clusters back. */
  readonly #mayRelease: readonly boolean[];
  /** None has to wait for another to end. */
  readonly #areAllSent: boolean;

  constructor(file: TargetFile, requests: readonly SentRequest[], window: number) {
    this.#requests = requests;
    this.#window = window;
    const sentUpTo = requests.map((_, index) => index);
    // Once as many requests were sent as may be under way, one may have to wait.
    for (let index = Math.min(requests.length, window) - 1; index > 0; index--)
      if (requests[index]?.followsAtOnce === true) sentUpTo[index - 1] = sentUpTo[index] as number;
    this.#sentUpTo = sentUpTo;
    this.#mayRelease = requests.map(({ events }) => events.some(event => file.mayRelease(event)));
    this.#areAllSent = requests.length <= window;
    this.#takes = requests.map(({ events, isImmediate }) =>
      events.length === 1 && !isImmediate ? file.takenBy(events[0] as HostEvent) : undefined,
    );
  }

  /** The file at the end, where all orders come to the same from here on; undefined where they may not. */
  onlyEnd({ file, progress }: State): TargetFile | undefined {
    const isLeft = ({ event }: Progress, index: number) =>
      event < (this.#requests[index] as SentRequest).events.length && this.#mayRelease[index] === true;
    if (progress.some(isLeft) || file.clusters.hasFreeAhead || file.clusters.hasGrownTable) return undefined;
    const end = file.clone();
    for (const [index, request] of this.#requests.entries())
      for (let own = progress[index] as Progress; own.event < request.events.length; ) {
        const [step] = stepsOf(own, request);
        own = (step as Step)(end);
        if (!end.isOrderless) return undefined;
      }
    return end;
  }

  /** A step of any request that may be under way. None at the end. */
  after({ file, progress }: State): State[] {
    const next: State[] = [];
    const tried = new Set<number>();
    const unsent = this.#nextImmediate(progress);
    const isSending = this.#sentUpTo.some(
      (last, index) => last >= unsent && index < unsent && hasBegun(progress[index] as Progress),
    );
    let open = 0;
    for (const [index, { events }] of this.#requests.entries()) {
      const own = progress[index] as Progress;
      if (own.event >= events.length) continue;
      if (open++ >= this.#window) break;
      if (index === unsent) {
        const after = file.clone();
        next.push({ file: after, progress: progress.with(index, this.#begin(index, after)) });
        break; // later requests are sent after it
      }
      if (isSending || (this.#sentUpTo[index] as number) >= unsent) continue;
      const takes = hasBegun(own) ? undefined : this.#takesNow(index, file);
      if (takes !== undefined && tried.has(takes)) continue; // it comes to the same as the other
      const idle = mayReleaseNow(own, this.#requests[index] as SentRequest)
        ? own.pending.findIndex(ranges => file.clusters.keepsUsed(ranges))
        : -1;
      if (idle >= 0) {
        // It frees nothing until others give the same clusters back.
        const after = file.clone();
        after.release(own.pending[idle] as readonly ClusterRange[]);
        const left = { ...own, pending: own.pending.toSpliced(idle, 1) };
        return [
          { file: after, progress: progress.with(index, advanced(left, events[own.event] as HostEvent)) },
        ];
      }
      const states = [...stepsOf(own, this.#requests[index] as SentRequest)].map(step => {
        const after = file.clone();
        return { file: after, progress: progress.with(index, step(after)) };
      });
      if (takes === 0) return states; // it changes nothing for the others
      if (takes !== undefined) tried.add(takes);
      next.push(...states);
    }
    return next;
  }

  /** As `#takes`, and of parts of one cluster: the first part takes it, whichever that is. */
  #takesNow(index: number, file: TargetFile): number | undefined {
    const takes = this.#takes[index];
    const { events, isImmediate } = this.#requests[index] as SentRequest;
    const [event] = events;
    if (takes !== undefined || event === undefined || events.length > 1 || isImmediate) return takes;
    const place = file.placeWithin(event);
    if (place === undefined || (place < 0 && !this.#areAllSent)) return undefined;
    return place < 0 ? 1 : 0;
  }

  /** The first request that reads nothing and was not sent yet; Infinity where there is none. */
  #nextImmediate(progress: readonly Progress[]): number {
    const index = this.#requests.findIndex(
      ({ isImmediate, events }, i) => isImmediate && events.length > 0 && !hasBegun(progress[i] as Progress),
    );
    return index < 0 ? Number.POSITIVE_INFINITY : index;
  }

  /** The first step of a request that reads nothing. */
  #begin(index: number, file: TargetFile): Progress {
    const request = this.#requests[index] as SentRequest;
    const { events, hasTail } = request;
    const [first] = events;
    if (first?.kind === 'write') {
      const [step] = stepsOf(NEW, request);
      return (step as Step)(file);
    }
    const end = hasTail ? events.length - 1 : events.length;
    for (const event of events.slice(0, end)) file.apply(event);
    return { ...NEW, event: end };
  }
}

type Step = (file: TargetFile) => Progress;

/** True where a request can give back what its steps so far replaced. */
function mayReleaseNow({ event, at, steps }: Progress, { events, releasesLast }: SentRequest): boolean {
  return !releasesLast || steps > MAX_TASKS || at >= (events[event] as HostEvent).end;
}

/** The steps that one request can take: each changes a file and returns how far the request is then. */
function* stepsOf(progress: Progress, request: SentRequest): Generator<Step> {
  const { event, at, steps, pending } = progress;
  const current = request.events[event] as HostEvent;
  if (current.kind !== 'write') {
    yield file => {
      file.apply(current);
      return { ...NEW, event: event + 1 };
    };
    return;
  }
  const releases = mayReleaseNow(progress, request) ? pending : [];
  for (const [i, ranges] of releases.entries())
    yield file => {
      file.release(ranges);
      return advanced({ ...progress, pending: pending.toSpliced(i, 1) }, current);
    };
  if (at >= current.end) return;
  yield file => {
    let taken = steps + 1;
    let { next, released } = file.write(at < 0 ? current.start : at, current.end);
    while (released.length === 0 && next < current.end && file.staysInPlace(next, current.end)) {
      ({ next, released } = file.write(next, current.end));
      taken++;
    }
    const open = released.length > 0 ? [...pending, released] : pending;
    return advanced({ event, at: next, steps: taken, pending: open }, current);
  };
}

/** The progress, at the next event where this one is done. */
function advanced(progress: Progress, { end }: HostEvent): Progress {
  const isDone = progress.at >= end && progress.pending.length === 0;
  return isDone ? { ...NEW, event: progress.event + 1 } : progress;
}
