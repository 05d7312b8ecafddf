/**
 * The registry of NBD metadata contexts: one row for each context that has a known meaning. Opening, decoding, lists,
 * comparisons, the inspector and the description of a server all read it. docs/extending.md says how to add a row.
 */
import { ABSENT, DEPTH_SHIFT, DIRTY, depthOf, HOLE, LOCAL, MAX_DEPTH, ZERO } from './extent/flags.ts';

/** What an export holds, which decides what it can say about the owner of an extent. */
export type ExportKind =
  /** One qcow2 layer opened with no backing: depth 1 is this layer, 0 is not. */
  | 'isolatedLayer'
  /** A raw file: everything is in this layer. */
  | 'rawLayer'
  /** A chain of unknown layers: depth n is n-1 layers down. */
  | 'wholeChain';

/** What a context is about. */
export const CONTEXT_ROLES = ['allocation', 'depth', 'joint', 'bitmap'] as const;

/** One of {@link CONTEXT_ROLES}. */
export type ContextRole = (typeof CONTEXT_ROLES)[number];

/** A value of a context for one extent; a bigint from 2^53 on. */
export type ContextValue = number | bigint;

/** A metadata context and the meaning of its values. */
export interface KnownContext {
  readonly role: ContextRole;
  /** The name on the wire. A name that ends with a colon stands for every name that begins with it. */
  readonly name: string;
  /** What its values mean, for the list of a server's contexts. */
  readonly meaning: string;
  /** The bits of a value that have a meaning; undefined where the whole value is one number. */
  readonly knownBits?: number;
  /** The part of an extent's flags that a value decides about the content: HOLE and ZERO. */
  readonly content?: (value: number) => number;
  /** The part that a value decides about the owner: LOCAL, ABSENT and the depth. 0 where the owner is not known. */
  readonly owner?: (value: number, kind: ExportKind) => number;
  /** Its values tell layers of a chain apart: see {@link depthOf}. */
  readonly countsLayers?: true;
  /** The context fills a separate table with these flags instead of adding to the layer's. */
  readonly ownTable?: (value: number) => number;
  /** The value that qemu-nbd reports for an extent with these flags, owned by the layer `depth` (1 the top, 0 none). */
  readonly valueFor: (flags: number, depth: number) => number;
  /** What nbdinfo calls a value; empty where it has no name for it. */
  readonly nbdinfoLabel: (value: ContextValue) => string;
  /** What a value says, for the inspector. Default: as nbdinfo calls it. */
  readonly fact?: (value: number) => string;
  /** Names of contexts that say the same together. Its values are kept to compare them. */
  readonly joins?: readonly string[];
  /** The exports of files for which qemu-nbd is asked about it. */
  readonly askedOf: readonly ExportKind[];
}

/** The context of the NBD protocol itself: holes and zeros. */
export const BASE_ALLOCATION = 'base:allocation';
/** Which layer of a chain holds an extent (qemu-nbd -A, since 5.2). */
export const ALLOCATION_DEPTH = 'qemu:allocation-depth';
/** What precedes the name of a dirty bitmap in the name of its context (qemu-nbd -B). */
export const BITMAP_PREFIX = 'qemu:dirty-bitmap:';

const ALLOCATION_LABELS = ['data', 'hole', 'zero', 'hole,zero'];
const BITMAP_LABELS = ['clean', 'dirty'];

/** The bits of base:allocation, NBD_STATE_HOLE and NBD_STATE_ZERO, as flags of an extent. */
function contentOf(value: number): number {
  return (value & 1 ? HOLE : 0) | (value & 2 ? ZERO : 0);
}

function allocationOf(flags: number): number {
  return (flags & HOLE ? 1 : 0) | (flags & ZERO ? 2 : 0);
}

/** Every known context. Where several decide the same, an earlier row is believed. */
export const NBD_CONTEXTS: readonly KnownContext[] = [
  {
    role: 'allocation',
    name: BASE_ALLOCATION,
    meaning: 'holes and zeros, seen through the whole chain',
    knownBits: 3,
    content: contentOf,
    valueFor: allocationOf,
    nbdinfoLabel: value => ALLOCATION_LABELS[Number(value)] ?? '',
    askedOf: ['isolatedLayer', 'rawLayer'],
  },
  {
    // Not asked of a raw layer: there it is always 1, and qemu 6.2 gives a wrong base:allocation after it.
    role: 'depth',
    name: ALLOCATION_DEPTH,
    meaning: 'which layer of the chain holds the content',
    owner(value, kind) {
      if (value === 0) return ABSENT;
      if (kind === 'isolatedLayer') return LOCAL;
      return value > MAX_DEPTH ? 0 : LOCAL | (value << DEPTH_SHIFT);
    },
    countsLayers: true,
    valueFor: (_flags, depth) => depth,
    nbdinfoLabel: value => (value === 0 ? 'absent' : value === 1 ? 'local' : `backing depth ${value}`),
    fact: value => (value === 0 ? 'absent from this layer' : 'allocated here'),
    askedOf: ['isolatedLayer'],
  },
  {
    // Proposed in 2021: hole, zero and allocated-here as bits 0 to 2 of one value.
    role: 'joint',
    name: 'qemu:joint-allocation',
    meaning: 'holes, zeros and what the top layer holds, in one value',
    knownBits: 7,
    content: contentOf,
    // What is not allocated here is absent from one layer; in a whole chain its owner is not known.
    owner: (value, kind) => (value & 4 ? LOCAL : kind === 'isolatedLayer' ? ABSENT : 0),
    valueFor: (flags, depth) => allocationOf(flags) | (depth === 1 ? 4 : 0),
    nbdinfoLabel: () => '',
    fact: () => 'hole, zero, allocated here are bits 0, 1, 2',
    joins: [BASE_ALLOCATION, ALLOCATION_DEPTH],
    askedOf: [],
  },
  {
    role: 'bitmap',
    name: BITMAP_PREFIX,
    meaning: 'what was written since the bitmap was started',
    knownBits: 1,
    ownTable: value => (value & 1 ? DIRTY : 0),
    valueFor: flags => (flags & DIRTY ? 1 : 0),
    nbdinfoLabel: value => BITMAP_LABELS[Number(value)] ?? '',
    askedOf: ['isolatedLayer'],
  },
];

/** The row for a context name on the wire; undefined for a context of unknown meaning. */
export function knownContext(name: string): KnownContext | undefined {
  return NBD_CONTEXTS.find(row => (row.name.endsWith(':') ? name.startsWith(row.name) : name === row.name));
}

/** The row with this role. */
export function contextWithRole(role: ContextRole): KnownContext {
  return NBD_CONTEXTS.find(row => row.role === role) as KnownContext;
}

/** The name of the bitmap that a context is about; undefined for other contexts. */
export function bitmapNameOf(contextName: string): string | undefined {
  return contextName.startsWith(BITMAP_PREFIX) ? contextName.slice(BITMAP_PREFIX.length) : undefined;
}

/** Names of the contexts that qemu-nbd is asked about for an export of a file with these usable bitmaps. */
export function contextsToAsk(kind: ExportKind, bitmaps: readonly string[]): string[] {
  const rows = NBD_CONTEXTS.filter(row => row.askedOf.includes(kind));
  return rows.flatMap(({ name }) => (name === BITMAP_PREFIX ? bitmaps.map(bitmap => name + bitmap) : [name]));
}

/** Context names in the order of the registry, then those of unknown meaning. A bitmap comes after what decides extents. */
export function byImportance(names: readonly string[]): string[] {
  const known = NBD_CONTEXTS.flatMap(row => names.filter(name => knownContext(name) === row));
  return [...known, ...names.filter(name => knownContext(name) === undefined)];
}

/** The context of an export that decides something about its extents. */
export interface DecidingContext {
  /** Its index among the export's contexts. */
  readonly contextIndex: number;
  readonly context: KnownContext;
}

/** The context among `names` that decides the content or the owner of extents; undefined where none does. */
export function decidingContext(
  names: readonly string[],
  what: 'content' | 'owner',
): DecidingContext | undefined {
  const context = NBD_CONTEXTS.find(row => row[what] !== undefined && names.includes(row.name));
  return context === undefined ? undefined : { contextIndex: names.indexOf(context.name), context };
}

/** True if the contexts tell which layer of a whole chain holds an extent. */
export function tellsLayers(names: readonly string[]): boolean {
  return decidingContext(names, 'owner')?.context.countsLayers === true;
}
