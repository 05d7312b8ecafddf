/** Follows the requests of a job through the target's file, and tells where it ends: exactly, where qemu leaves no choice. */
import type { SlicedWork } from '../../../qcow2/read/sliced-work.ts';
import type { TargetRequest } from '../../commit/requests.ts';
import type { FindHoles, HoleRange } from '../../layers/host-holes.ts';
import type { HostEvent } from './host-events.ts';
import { type SentRequest, withAllCuts } from './sent-requests.ts';
import { type TargetFile, UnknownCluster } from './target-file.ts';
import { type PossibleEnds, possibleEnds } from './write-orders.ts';

/** Requests that a mirror job has under way: MAX_IN_FLIGHT of qemu's block/mirror.c. */
const MIRROR_REQUESTS = 16;
/** Bytes of data that it has under way at most: DEFAULT_MIRROR_BUF_SIZE. */
const MIRROR_BUFFER = 16 * 2 ** 20;
/** Requests kept to look at every order of them; jobs with more are judged by what they need of the file. */
const MAX_KEPT_REQUESTS = 4096;
/** Clusters that are followed at most: a second's work. */
const MAX_CLUSTERS = 2 ** 18;

/** Where a file can end, and why that is more than one place where it is. */
export interface FileEnds extends PossibleEnds {
  readonly why: string;
}

const WHY: Readonly<Record<RequestOrder, string>> = {
  parallel: 'qemu has up to 16 requests under way, and the order in which they end decides where clusters go',
  sequential:
    'a request takes clusters while it gives those of compressed data back, in an order that is not fixed',
};

/** How a job sends its requests: one after the other, or several at once. */
export type RequestOrder = 'sequential' | 'parallel';

/** What is told of a request that ends. A job that sends one after the other tells of no more than where it ends. */
export type EndedRequest = Pick<TargetRequest, 'end'> & Partial<TargetRequest>;

/** A target's file while a job writes to it. */
export class FollowedFile {
  /** The file before the first request, to begin anew from; and as it is once they came in their order. */
  readonly #before: TargetFile;
  readonly #file: TargetFile;
  readonly #order: RequestOrder;
  readonly #clusterSize: number;
  readonly #granularity: number;
  readonly #hadHoles: boolean;
  readonly #isFreshlyOpened: boolean;
  #requests: SentRequest[] = [];
  /** The layer that the data of a request comes from. */
  readonly #owners = new Map<SentRequest, number>();
  #events: HostEvent[] = [];
  #bytesSent = 0;
  #clusters = 0;
  #isLost = false;
  /** A request gives clusters of compressed data back while it takes others. */
  #hasChoice = false;

  /**
   * `file` as the first request finds it. Requests that are sent in parts are cut at multiples of `granularity`. A qemu
   * that has not freshly opened the file may have taken clusters before, and then passes over free ones below them.
   */
  constructor(
    file: TargetFile,
    clusterSize: number,
    granularity: number,
    order: RequestOrder,
    isFreshlyOpened = true,
  ) {
    file.resetNotes();
    this.#before = file;
    this.#file = file.clone();
    this.#clusterSize = clusterSize;
    this.#granularity = granularity;
    this.#order = order;
    this.#isFreshlyOpened = isFreshlyOpened;
    this.#hadHoles = file.clusters.hasHoles;
  }

  /** Takes what the current request does next. */
  readonly add = (event: HostEvent): void => {
    this.#clusters += Math.ceil((event.end - event.start) / this.#clusterSize);
    if (this.#clusters > MAX_CLUSTERS) this.#isLost = true;
    if (!this.#isLost) this.#events.push(event);
  };

  /** Ends a request, whose events were told. */
  endRequest(request: EndedRequest): void {
    const events = this.#events;
    this.#events = [];
    if (this.#isLost) return;
    if (this.#requests.length <= MAX_KEPT_REQUESTS) {
      const sent = this.#sent(events, request);
      this.#requests.push(sent);
      const { readsZero = true, owner } = request;
      if (!readsZero && owner !== undefined) this.#owners.set(sent, owner);
    }
    try {
      for (const event of events) this.#follow(event);
    } catch (error) {
      if (!(error instanceof UnknownCluster)) throw error;
      this.#isLost = true;
    }
  }

  #sent(
    events: readonly HostEvent[],
    { start = 0, end, zero = false, readsZero = false, isFirst = true, isKnown = false }: EndedRequest,
  ): SentRequest {
    if (!zero) this.#bytesSent += end - start;
    const isZeros = events.every(({ kind }) => kind !== 'write');
    // Clusters that are half another's may have to wait for it, and so may data for which there is no buffer left.
    const startsNow = start % this.#clusterSize === 0 && this.#bytesSent <= MIRROR_BUFFER;
    return {
      events,
      isImmediate: isZeros || (!zero && readsZero && isKnown && startsNow),
      isKnown,
      followsAtOnce: isKnown && !isFirst,
      hasTail: zero && events.length > 1 && end % this.#clusterSize !== 0,
    };
  }

  #follow(event: HostEvent): void {
    if (event.kind !== 'write') {
      this.#file.apply(event);
      return;
    }
    for (let at = event.start; at < event.end; ) {
      const { next, released } = this.#file.write(at, event.end);
      if (released.length > 0 && next < event.end) this.#hasChoice = true;
      this.#file.release(released);
      at = next;
    }
  }

  /**
   * Where the file can end; undefined where that was not followed. A mirror job sends data in several parts where qemu
   * finds holes in the file of its layer, which are looked for where they matter.
   */
  *ends(lookForHoles: () => SlicedWork<FindHoles>): SlicedWork<FileEnds | undefined> {
    const ends = yield* this.#possibleEnds(lookForHoles);
    return ends === undefined ? undefined : { ...ends, why: WHY[this.#order] };
  }

  *#possibleEnds(lookForHoles: () => SlicedWork<FindHoles>): SlicedWork<PossibleEnds | undefined> {
    if (this.#isLost) return undefined;
    if (!this.#isFreshlyOpened && this.#hadHoles && this.#file.takesAny) return undefined;
    if (this.#isOneWay) {
      const { imageEnd, length } = this.#file;
      return { imageEnd: [imageEnd, imageEnd], fileLength: [length, length] };
    }
    if (this.#requests.length > MAX_KEPT_REQUESTS) return undefined;
    if (this.#order === 'sequential') return yield* possibleEnds(this.#before, [this.#requests], 1);
    const holes = yield* this.#holes(yield* lookForHoles());
    const variants = withAllCuts(this.#requests, holes, this.#granularity);
    return variants === undefined ? undefined : yield* possibleEnds(this.#before, variants, MIRROR_REQUESTS);
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

  /** True where no order of the requests leads to another end. */
  get #isOneWay(): boolean {
    const { takesAny, takesGroups, writesParts, releasesAny, clusters } = this.#file;
    if (this.#order === 'sequential' && !this.#hasChoice) return true;
    if (!takesAny) return true;
    if (releasesAny || writesParts || clusters.hasGrownTable) return false;
    // One cluster at a time fills the lowest free ones first. Groups do so where there is nothing to pass over.
    return !takesGroups || !this.#hadHoles;
  }
}
