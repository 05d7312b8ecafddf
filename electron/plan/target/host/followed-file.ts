/** Follows the requests of a job through the target's file, and tells where it ends: exactly, where qemu leaves no choice. */
import type { SlicedWork } from '../../../qcow2/read/sliced-work.ts';
import { MIRROR_BUFFER_BYTES, MIRROR_REQUESTS, type TargetWrite } from '../../commit/requests.ts';
import type { FindHoles, HoleRange } from '../../layers/host-holes.ts';
import type { HostEvent } from './host-events.ts';
import { MAX_TASKS, type SentRequest, withAllCuts } from './sent-requests.ts';
import type { StoredBitmaps } from './stored-bitmaps.ts';
import { type ClusterRange, type TargetFile, UnknownCluster } from './target-file.ts';
import { distinctEnds, type FileEnd, possibleEnds } from './write-orders.ts';

/** Requests kept to look at every order of them; jobs with more are judged by what they need of the file. */
const MAX_KEPT_REQUESTS = 4096;
/** Clusters that are followed at most: a second's work. */
const MAX_CLUSTERS = 2 ** 18;

/** Where a file can end, and why that is more than one place where it is. */
export interface FileEnds {
  /** Ascending. */
  readonly ends: readonly FileEnd[];
  /** Those of a program that has just opened the file. */
  readonly justOpened: readonly FileEnd[];
  readonly why: readonly string[];
}

/** The ends of a file that has only one. */
export function oneEnd(imageEnd: number, fileLength: number): FileEnds {
  const ends = [{ imageEnd, fileLength }];
  return { ends, justOpened: ends, why: [] };
}

const WHY_ORDER: Readonly<Record<RequestOrder, string>> = {
  parallel: 'qemu has up to 16 requests under way, and the order in which they end decides where clusters go',
  sequential:
    'a request takes clusters while it gives those of compressed data back, in an order that is not fixed',
};
const WHY_START = 'a running qemu may have passed over free clusters before, and a file does not tell which';

/** How a job sends its requests: one after the other, or several at once. */
export type RequestOrder = 'sequential' | 'parallel';

/** What is recorded of a request that ends. A job that sends one after the other records its offsets only. */
export type EndedRequest = Pick<TargetWrite, 'start' | 'end'> & Partial<TargetWrite>;

/** How a job writes to a file. */
export interface RequestWays {
  readonly order: RequestOrder;
  /** Bytes of a cluster of the file. */
  readonly clusterSize: number;
  /** Requests that are sent in parts are cut at multiples of it. */
  readonly granularity: number;
  /**
   * Threads read and write, as those of qemu-img do: requests of one range are sent before any that is under way goes on,
   * and the steps of a write are begun before one of them ends. With aio=native and aio=io_uring they may end before.
   */
  readonly usesThreads: boolean;
  /** The file's bitmaps, which are stored at the end. */
  readonly bitmaps?: StoredBitmaps | undefined;
}

/** The file before the first request, to start over from, and the file after the requests in their order. */
interface Track {
  readonly before: TargetFile;
  readonly file: TargetFile;
  readonly hadHoles: boolean;
  /** A request gives clusters of compressed data back while it takes others. */
  hasChoice: boolean;
}

/** A target's file while a job writes to it. */
export class FollowedFile {
  readonly #tracks: readonly Track[];
  readonly #ways: RequestWays;
  #requests: SentRequest[] = [];
  /** The layer that the data of a request comes from. */
  readonly #owners = new Map<SentRequest, number>();
  #events: HostEvent[] = [];
  #bytesSent = 0;
  #clusters = 0;
  #isLost = false;
  /** The last request is of zeros that are written as data: none waits for a file, so it may have begun when it was sent. */
  #mayHaveBegun = false;

  /** `files` are the states in which the first request may find the file, first that of a program that has just opened it. */
  constructor(files: readonly TargetFile[], ways: RequestWays) {
    this.#ways = ways;
    this.#tracks = files.map(before => {
      before.resetNotes();
      return { before, file: before.clone(), hadHoles: before.clusters.hasFreeAhead, hasChoice: false };
    });
  }

  /** Takes what the current request does next. */
  readonly add = (event: HostEvent): void => {
    const { clusterSize } = this.#ways;
    this.#clusters += Math.ceil((event.end - event.start) / clusterSize) * this.#tracks.length;
    if (this.#clusters > MAX_CLUSTERS) this.#isLost = true;
    if (!this.#isLost) this.#events.push(event);
  };

  /** Ends a request whose events were recorded. */
  endRequest(request: EndedRequest): void {
    const events = this.#events;
    this.#events = [];
    if (this.#isLost) return;
    this.#ways.bitmaps?.mark(request.start, request.end);
    if (this.#requests.length <= MAX_KEPT_REQUESTS) {
      const sent = this.#sent(events, request);
      this.#requests.push(sent);
      const { readsZero = true, owner } = request;
      if (!readsZero && owner !== undefined) this.#owners.set(sent, owner);
    }
    try {
      for (const track of this.#tracks)
        for (const event of events) follow(track, event, this.#ways.usesThreads);
    } catch (error) {
      if (!(error instanceof UnknownCluster)) throw error;
      this.#isLost = true;
    }
  }

  #sent(
    events: readonly HostEvent[],
    { start, end, zero = false, readsZero = false, isFirst = true, isKnown = false }: EndedRequest,
  ): SentRequest {
    if (!zero) this.#bytesSent += end - start;
    const isZeros = events.every(({ kind }) => kind !== 'write');
    // Clusters that are half another's may have to wait for it, and so may data for which there is no buffer left.
    const { order, clusterSize, usesThreads } = this.#ways;
    const mayHaveBegun = this.#mayHaveBegun;
    this.#mayHaveBegun = zero && !isZeros;
    const startsNow = start % clusterSize === 0 && this.#bytesSent <= MIRROR_BUFFER_BYTES;
    return {
      events,
      isImmediate: isZeros || (!zero && readsZero && isKnown && startsNow),
      isSentTogether: usesThreads && isKnown,
      followsAtOnce: usesThreads && isKnown && !isFirst && !mayHaveBegun,
      hasTail: zero && events.length > 1 && end % clusterSize !== 0,
      // A step waits for other requests that write to the same cluster, and steps before it end meanwhile.
      releasesLast:
        usesThreads && (order === 'sequential' || (start % clusterSize === 0 && end % clusterSize === 0)),
    };
  }

  /**
   * Where the file can end; undefined where that was not followed. A mirror job sends data in several parts where qemu
   * finds holes in the file of its layer, which are looked for where they matter.
   */
  *ends(lookForHoles: () => SlicedWork<FindHoles>): SlicedWork<FileEnds | undefined> {
    const { order, granularity, bitmaps } = this.#ways;
    if (this.#isLost) return undefined;
    const close = (file: TargetFile) => bitmaps?.store(file);
    if (this.#tracks.every(track => isOneWay(track, order)))
      return endsOf(
        this.#tracks.map(({ file }) => [onlyEnd(file, close)]),
        [WHY_START],
      );
    if (this.#requests.length > MAX_KEPT_REQUESTS) return undefined;
    const why = this.#tracks.length > 1 ? [WHY_ORDER[order], WHY_START] : [WHY_ORDER[order]];
    const files = this.#tracks.map(({ before }) => before);
    const holes = order === 'parallel' ? yield* this.#holes(yield* lookForHoles()) : new Map();
    const variants = withAllCuts(this.#requests, holes, granularity);
    if (variants === undefined) return undefined;
    const ends = yield* possibleEnds(files, variants, order === 'parallel' ? MIRROR_REQUESTS : 1, close);
    return ends === undefined ? undefined : endsOf(ends, why);
  }

  /** The holes that qemu may find in the data of requests. */
  *#holes(find: FindHoles): SlicedWork<Map<SentRequest, readonly HoleRange[]>> {
    const holes = new Map<SentRequest, readonly HoleRange[]>();
    for (const [request, owner] of this.#owners) {
      const [event] = request.events;
      if (event !== undefined) holes.set(request, find(owner, event.start, event.end));
      yield;
    }
    return holes;
  }
}

/** Takes an event of a request that comes by itself. */
function follow(track: Track, event: HostEvent, usesThreads: boolean): void {
  const { file } = track;
  if (event.kind !== 'write') {
    file.apply(event);
    return;
  }
  const held: ClusterRange[] = [];
  let steps = 0;
  for (let at = event.start; at < event.end; ) {
    const { next, released } = file.write(at, event.end);
    held.push(...released);
    steps++;
    const mayEndBefore = !usesThreads || steps > MAX_TASKS;
    if (held.length > 0 && next < event.end && mayEndBefore) track.hasChoice = true;
    at = next;
  }
  file.release(held);
}

/** True where no order of the requests leads to another end. */
function isOneWay({ file, hadHoles, hasChoice }: Track, order: RequestOrder): boolean {
  const { takesAny, takesGroups, writesParts, releasesAny, clusters } = file;
  if (order === 'sequential' && !hasChoice) return true;
  if (!takesAny) return true;
  if (releasesAny || writesParts || clusters.hasGrownTable) return false;
  // One cluster at a time fills the lowest free ones first. Groups do so where there is nothing to pass over.
  return !takesGroups || !hadHoles;
}

/** Where a file ends that is closed as it is. */
function onlyEnd(file: TargetFile, close: (file: TargetFile) => void): FileEnd {
  const closed = file.clone();
  close(closed);
  return { imageEnd: closed.imageEnd, fileLength: closed.length };
}

/** The ends of a file that can be found in several states, from those of each. */
function endsOf(ofStates: readonly (readonly FileEnd[])[], why: readonly string[]): FileEnds {
  return { ends: distinctEnds(ofStates.flat()), justOpened: ofStates[0] ?? [], why };
}
