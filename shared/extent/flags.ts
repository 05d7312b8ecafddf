/**
 * The words that describe one extent, and the states they mean.
 *
 * A word is an unsigned 32-bit number: the low 16 bits are the flags below, the high 16 bits the allocation
 * depth reported by an NBD export of a whole chain (0 where no depth applies). Extents of equal words coalesce.
 * docs/extent-states.md holds the truth table.
 */

/** This layer decides what is read here (depth 1 of the layer exported alone; an L2 entry that is not unallocated). */
export const LOCAL = 0x0001;
/** This layer says nothing here: the layer below decides. */
export const ABSENT = 0x0002;
/** NBD_STATE_HOLE: no host space is used for the content. */
export const HOLE = 0x0004;
/** NBD_STATE_ZERO: reads as zeros. */
export const ZERO = 0x0008;
/** Stored compressed. Only the metadata witness can prove it. */
export const COMPRESSED = 0x0010;
/** Host space is kept for this range though it is not read. Only the metadata witness can prove it. */
export const RESERVED = 0x0020;
/** Past the end of this layer. */
export const OUT_OF_RANGE = 0x0040;
/** Not read yet. */
export const UNREAD = 0x0080;
/** Could not be read: an I/O error, or damage (then {@link DAMAGED} is set too). With LOCAL this layer still decides here. */
export const UNREADABLE = 0x0100;
/** Set in the chosen dirty bitmap (bit 0 of its context, moved away from HOLE). */
export const DIRTY = 0x0200;
/** The dirty bitmap was not available here, so nothing is known: never the same as clean. */
export const DIRTY_UNKNOWN = 0x0400;

/** The word where every layer is absent: reads as zeros, nothing owns it. */
export const ABSENT_EVERYWHERE = ABSENT | HOLE | ZERO;

/** Marks that a sweep across layers puts on a layer's extent. They are not states. */
export const OVERRIDES = 0x0800;
/** Reads as zeros over a lower layer's content: a copier that trusts the hole bit loses these zeros. */
export const HOLE_OVERRIDES = 0x1000;
/** Hidden because a layer above ends before this offset. */
export const SHADOWED = 0x2000;
/** Hidden by a layer above that is LOCAL here. */
export const OVERRIDDEN = 0x4000;
/** What this extent held is lost, as the layer's own tables show: set together with UNREADABLE. */
export const DAMAGED = 0x8000;

/** Bits to shift an allocation depth into the high half of a word. */
export const DEPTH_SHIFT = 16;
/** Largest allocation depth that is distinguished; the owner of what lies deeper stays unknown. Bounds the lanes drawn. */
export const MAX_DEPTH = 64;

/** Every state, in the order of their numeric index (used by pyramids and tiles). */
export const STATES = [
  'data',
  'compressed',
  'zeroAllocated',
  'zeroHole',
  'unallocated',
  'reserved',
  'holeUnknown',
  'outOfRange',
  'unread',
  'unreadable',
] as const;

/** What an extent of one layer is. `holeUnknown` is NBD's hole without zero: drawn as data with a note. */
export type ExtentState = (typeof STATES)[number];

/** Index of a state in {@link STATES}. */
export type StateIndex = number;

/**
 * The index in {@link STATES} of a word's state. Total: every 32-bit word has exactly one state.
 *
 * What was read is decided first (unread, unreadable, past the end), then ownership, then content. A word that is
 * neither LOCAL nor ABSENT (allocation depth unknown) takes the state that its base:allocation flags alone suggest.
 */
export function stateIndexOf(word: number): StateIndex {
  if (word & UNREADABLE) return 9;
  if (word & UNREAD) return 8;
  if (word & OUT_OF_RANGE) return 7;
  if (word & ABSENT) return word & RESERVED ? 5 : 4;
  if (word & COMPRESSED) return 1;
  if (word & HOLE) {
    if (!(word & ZERO)) return 6;
    return word & RESERVED ? 2 : 3;
  }
  return 0; // LOCAL|ZERO without HOLE is data whose host range is a hole: qemu's guess, never a hole that overrides
}

/** The state of an index of {@link STATES}; what has none is not known. */
export function stateAt(index: StateIndex): ExtentState {
  return STATES[index] ?? 'unread';
}

/** The state of a word: see {@link stateIndexOf}. */
export function stateOf(word: number): ExtentState {
  return STATES[stateIndexOf(word)] as ExtentState;
}

/** True where the layer itself holds zeros, without data, that hide what is below (zeroHole, zeroAllocated). */
export function isOwnZero(word: number): boolean {
  return (word & (LOCAL | HOLE | ZERO)) === (LOCAL | HOLE | ZERO);
}

/**
 * True where qemu gives no answer: not read, or an error. What a layer holds past the end of its file is lost, and yet qemu
 * answers for it as for any other data.
 */
export function isUnanswered(flags: number): boolean {
  return (flags & UNREAD) !== 0 || (flags & (UNREADABLE | LOCAL)) === UNREADABLE;
}

/** True if it is known whether this layer or one below decides here. */
export function ownerKnown(word: number): boolean {
  return (word & (LOCAL | ABSENT | OUT_OF_RANGE)) !== 0;
}

/** The allocation depth in a word, 0 where none applies. */
export function depthOf(word: number): number {
  return word >>> DEPTH_SHIFT;
}
