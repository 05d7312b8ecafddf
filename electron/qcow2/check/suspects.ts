/** Clusters that several things use or that are counted too low, and who refers to them. */
import type { Cause, FindingCollector } from '../../../shared/finding-collector.ts';
import { CLUSTER_USE } from '../layout/cluster-uses.ts';
import type { CountedCluster } from './cluster-counts.ts';

/** Clusters that are looked at one by one; more of them are counted. */
const MAX_SUSPECTS = 2 ** 16;
/** Users of one cluster that are named. */
const MAX_USERS = 4;
/** Guest clusters listed beyond those of named users, of all suspects together; the others only add to the bytes. */
const MAX_FURTHER_GUESTS = 2 ** 18;

/** Something that refers to a cluster. */
export interface SuspectUser {
  /** In words, with what names it. Untrusted text. */
  readonly name: string;
  /** The guest cluster of the active disk that is mapped here, -1 where it is none. */
  readonly guest: number;
  /** A bit of CLUSTER_USE; 0 for a compressed stream. */
  readonly use: number;
  /** References that it stands for. */
  readonly times: number;
  /** The id of the finding that says why references of it are not to be believed; empty where there is none. */
  readonly doubt: string;
  /** How many of them are not to be believed where there is a doubt. Default: all. */
  readonly doubted?: number;
}

/** One cluster under suspicion. */
export interface Suspect extends CountedCluster {
  /** The first users that were found. */
  readonly users: SuspectUser[];
  /** Guest clusters of the active disk that are mapped here, of all users, and how many of them are not listed. */
  readonly guests: number[];
  unlistedGuests: number;
  /** References that are believed, and the uses of those. */
  believed: number;
  believedUses: number;
  /** Two of the believed ones exclude each other. */
  believedClash: boolean;
  /** The finding that explains the references that are not believed. */
  doubt: string;
}

/** The clusters under suspicion in one pass. */
export class Suspects {
  readonly #clusters = new Map<number, Suspect>();
  #furtherGuests = 0;

  /** True while there is room for one more. */
  get hasRoom(): boolean {
    return this.#clusters.size < MAX_SUSPECTS;
  }

  get size(): number {
    return this.#clusters.size;
  }

  /** Adds a cluster; {@link hasRoom} is true. */
  add(found: CountedCluster): void {
    const noUsers = { users: [], guests: [], unlistedGuests: 0 };
    const nothingBelieved = { believed: 0, believedUses: 0, believedClash: false, doubt: '' };
    this.#clusters.set(found.cluster, { ...found, ...noUsers, ...nothingBelieved });
  }

  get(cluster: number): Suspect | undefined {
    return this.#clusters.get(cluster);
  }

  /** Notes a user of a cluster, where that is under suspicion. `makeUser` is called only then. */
  note(cluster: number, makeUser: () => SuspectUser): void {
    const suspect = this.#clusters.get(cluster);
    if (suspect === undefined) return;
    const user = makeUser();
    const isNamed = suspect.users.length < MAX_USERS;
    if (isNamed) suspect.users.push(user);
    if (user.guest >= 0) {
      if (isNamed || ++this.#furtherGuests <= MAX_FURTHER_GUESTS) suspect.guests.push(user.guest);
      else suspect.unlistedGuests++;
    }
    const { times, doubt, doubted = times } = user;
    if (doubt !== '') suspect.doubt = doubt;
    const believed = doubt === '' ? times : times - doubted;
    if (believed <= 0) return;
    suspect.believed += believed;
    if (clashes(suspect.believedUses, user.use)) suspect.believedClash = true;
    suspect.believedUses |= user.use === 0 ? STREAM_USE : user.use;
  }

  /** Notes a user of clusters first to last. As long as the suspects, however long a range a header claims. */
  noteRange(first: number, last: number, makeUser: () => SuspectUser): void {
    if (last - first < this.size) for (let i = 0; i <= last - first; i++) this.note(first + i, makeUser);
    else
      for (const cluster of this.#clusters.keys())
        if (cluster >= first && cluster <= last) this.note(cluster, makeUser);
  }

  /** The clusters in the order in which they were added. */
  all(): IterableIterator<Suspect> {
    return this.#clusters.values();
  }

  clear(): void {
    this.#clusters.clear();
  }
}

/** Adds the guest clusters that are mapped onto a suspect to a cause that it was added to. */
export function addGuests(
  collector: FindingCollector,
  cause: Cause,
  { guests, unlistedGuests }: Suspect,
  clusterSize: number,
): void {
  for (const guest of guests) collector.add(cause, { guest: [guest, clusterSize], count: 0 });
  if (unlistedGuests > 0) collector.add(cause, { bytes: unlistedGuests * clusterSize, count: 0 });
}

/** Stands for a compressed stream among the bits of CLUSTER_USE. */
const STREAM_USE = 1;

/** True if a use cannot be beside those that are there. */
function clashes(before: number, use: number): boolean {
  if (before === 0) return false;
  if (use === 0) return (before & ~STREAM_USE) !== 0;
  if (use === CLUSTER_USE.snapshotData)
    return (before & ~(CLUSTER_USE.data | CLUSTER_USE.snapshotData)) !== 0;
  if (use === CLUSTER_USE.data) return (before & ~CLUSTER_USE.snapshotData) !== 0;
  return true;
}

/** True if what is believed of a cluster agrees with its refcount: what does not follows from a doubtful reference. */
export function isExplained(suspect: Suspect): boolean {
  const { stored, believed } = suspect;
  return isSharedInDoubt(suspect) && (stored === undefined || believed <= stored);
}

/** True if nothing but a doubtful reference makes a cluster one that several things use. */
export function isSharedInDoubt({ doubt, believedClash }: Suspect): boolean {
  return doubt !== '' && !believedClash;
}
