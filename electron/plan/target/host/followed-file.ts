/** Follows the requests of a job through the target's file, and tells where it ends: exactly, where qemu leaves no choice. */
import type { SlicedWork } from '../../../qcow2/read/sliced-work.ts';
import type { HostEvent } from './host-events.ts';
import { type TargetFile, UnknownCluster } from './target-file.ts';
import { type PossibleEnds, possibleEnds, type RequestEvents, withAllCuts } from './write-orders.ts';

/** Requests that a mirror job has under way: MAX_IN_FLIGHT of qemu's block/mirror.c. */
const MIRROR_REQUESTS = 16;
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
  #requests: RequestEvents[] = [];
  /** The layer that the data of a request comes from. */
  readonly #owners = new Map<RequestEvents, number>();
  #events: HostEvent[] = [];
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

  /** Ends a request for data of layer `owner`; undefined for one of zeros. */
  endRequest(owner: number | undefined): void {
    const events = this.#events;
    this.#events = [];
    if (events.length === 0 || this.#isLost) return;
    if (this.#requests.length <= MAX_KEPT_REQUESTS) {
      this.#requests.push(events);
      if (owner !== undefined) this.#owners.set(events, owner);
    }
    try {
      for (const event of events) this.#follow(event);
    } catch (error) {
      if (!(error instanceof UnknownCluster)) throw error;
      this.#isLost = true;
    }
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
   * finds holes in the file of a layer that `findHostHoles` tells.
   */
  *ends(findHostHoles: () => SlicedWork<ReadonlySet<number>>): SlicedWork<FileEnds | undefined> {
    const ends = yield* this.#possibleEnds(findHostHoles);
    return ends === undefined ? undefined : { ...ends, why: WHY[this.#order] };
  }

  *#possibleEnds(findHostHoles: () => SlicedWork<ReadonlySet<number>>): SlicedWork<PossibleEnds | undefined> {
    if (this.#isLost) return undefined;
    if (!this.#isFreshlyOpened && this.#hadHoles && this.#file.takesAny) return undefined;
    if (this.#isOneWay) {
      const { imageEnd, length } = this.#file;
      return { imageEnd: [imageEnd, imageEnd], fileLength: [length, length] };
    }
    if (this.#requests.length > MAX_KEPT_REQUESTS) return undefined;
    if (this.#order === 'sequential') return yield* possibleEnds(this.#before, [this.#requests], 1);
    const withHoles = yield* findHostHoles();
    const isCuttable = (request: RequestEvents) => withHoles.has(this.#owners.get(request) ?? -1);
    const cuttable = new Set(this.#requests.filter(isCuttable));
    const variants = withAllCuts(this.#requests, cuttable, this.#granularity);
    return variants === undefined ? undefined : yield* possibleEnds(this.#before, variants, MIRROR_REQUESTS);
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
