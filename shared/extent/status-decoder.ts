/**
 * Decodes BLOCK_STATUS replies into extent words: the merge of contexts of one witness.
 *
 * The lists of one reply may differ in length and in total coverage; a batch says how far all of them reach. They are
 * split on every boundary of any list and the flags of each piece make one word. A context that was not negotiated
 * contributes nothing: without allocation-depth a word is neither LOCAL nor ABSENT.
 */
import type { TableFeeder } from './feeder.ts';
import {
  ABSENT,
  DEPTH_SHIFT,
  DIRTY,
  DIRTY_UNKNOWN,
  HOLE,
  LOCAL,
  MAX_DEPTH,
  UNREADABLE,
  ZERO,
} from './flags.ts';
import type { StatusBatch, StatusList } from './status-batch.ts';

/** What the export is, and so what its allocation depth means. */
export type ExportKind =
  /** One qcow2 layer opened with no backing: depth 1 is this layer, 0 is not. */
  | 'isolatedLayer'
  /** A raw file: everything is in this layer. */
  | 'rawLayer'
  /** A chain of unknown layers: depth n is n-1 layers down. */
  | 'wholeChain';

/** What a negotiated context is used for, by its place in the list asked for. */
export type ContextRole =
  | { readonly use: 'allocation' }
  | { readonly use: 'depth' }
  /** The proposed qemu:joint-allocation: bit 0 hole, 1 zero, 2 allocated here. */
  | { readonly use: 'joint' }
  | { readonly use: 'bitmap'; readonly feeder: TableFeeder }
  | { readonly use: 'ignored' };

/** Feeds a batch into the layer's table and the tables of its bitmaps. Batches must come in ascending order, with no gap. */
export function decodeBatch(
  batch: StatusBatch,
  kind: ExportKind,
  roles: readonly ContextRole[],
  layer: TableFeeder,
): void {
  if (batch.unreadable !== undefined) {
    layer.append(batch.covered, UNREADABLE);
    for (const role of roles) if (role.use === 'bitmap') role.feeder.append(batch.covered, DIRTY_UNKNOWN);
    return;
  }
  const listOf = (use: ContextRole['use']) => batch.lists.find(list => roles[list.contextIndex]?.use === use);
  const allocation = listOf('allocation');
  const depth = listOf('depth');
  const joint = listOf('joint');
  if (joint !== undefined && depth === undefined) {
    // Whatever the first list is, bit 2 of the joint context says whether this is allocated here.
    const first = allocation ?? joint;
    feedMerged(first, joint, batch.covered, layer, (flags, bits) => jointWord(kind, flags, bits), false);
  } else if (joint !== undefined && allocation === undefined)
    feedMerged(joint, depth, batch.covered, layer, (flags, level) => wordOf(kind, flags, level));
  else feedMerged(allocation, depth, batch.covered, layer, (flags, level) => wordOf(kind, flags, level));
  for (const list of batch.lists) {
    const role = roles[list.contextIndex];
    if (role?.use === 'bitmap')
      feedMerged(list, undefined, batch.covered, role.feeder, flags => (flags & 1 ? DIRTY : 0));
  }
}

/** Depth passed to {@link wordOf} where allocation-depth was not negotiated. */
export const NO_DEPTH = -1;

/** The word of base:allocation flags (bit 0 hole, bit 1 zero) and an allocation depth. Unknown flag bits are masked. */
export function wordOf(kind: ExportKind, flags: number, depth: number): number {
  const content = (flags & 1 ? HOLE : 0) | (flags & 2 ? ZERO : 0);
  if (kind === 'rawLayer') return content | LOCAL;
  if (depth === NO_DEPTH) return content;
  if (depth === 0) return content | ABSENT;
  if (kind === 'isolatedLayer') return content | LOCAL;
  return depth > MAX_DEPTH ? content : (content | LOCAL | (depth << DEPTH_SHIFT)) >>> 0;
}

/** What is not allocated here is absent from one layer; of a whole chain nobody has said which layer holds it. */
function jointWord(kind: ExportKind, flags: number, joint: number): number {
  const content = (flags & 1 ? HOLE : 0) | (flags & 2 ? ZERO : 0);
  if (kind === 'rawLayer' || joint & 4) return content | LOCAL;
  return kind === 'isolatedLayer' ? content | ABSENT : content;
}

/** Flag bits that mean something in a context we know. */
const FLAG_MASK = 7;
/** Depths below this have their words looked up instead of worked out. */
const FEW_DEPTHS = 31;

/**
 * Walks two lists together (either may be missing) over `covered` bytes and appends a word for each piece. What lies
 * above 32 bits of the second list's numbers makes them the largest where they are `counts`; flags it leaves alone.
 */
function feedMerged(
  first: StatusList | undefined,
  second: StatusList | undefined,
  covered: number,
  feeder: TableFeeder,
  wordFor: (flags: number, depth: number) => number,
  counts = true,
): void {
  // Entries are two numbers of `half` bytes, of which the low 32 bits come last.
  const a = viewOf(first);
  const b = viewOf(second);
  const aHalf = first?.wide ? 8 : 4;
  const bHalf = second?.wide ? 8 : 4;
  let aNext = 0;
  let bNext = 0;
  // What is left of the current entries and of the batch. Lengths above 2^53 are inexact, but reach past any batch.
  let aLeft = first === undefined ? Number.POSITIVE_INFINITY : 0;
  let bLeft = second === undefined ? Number.POSITIVE_INFINITY : 0;
  let left = covered;
  let flags = 0;
  let depth = NO_DEPTH;
  const known = new Float64Array((FEW_DEPTHS + 1) * (FLAG_MASK + 1)).fill(-1);
  while (left > 0) {
    if (aLeft === 0) {
      aLeft = a.getUint32(aNext + aHalf - 4);
      if (aHalf === 8) aLeft += a.getUint32(aNext) * 2 ** 32;
      aNext += 2 * aHalf;
      flags = a.getUint32(aNext - 4) & FLAG_MASK;
    }
    if (bLeft === 0) {
      bLeft = b.getUint32(bNext + bHalf - 4);
      if (bHalf === 8) bLeft += b.getUint32(bNext) * 2 ** 32;
      bNext += 2 * bHalf;
      depth = b.getUint32(bNext - 4);
      if (counts && bHalf === 8 && b.getUint32(bNext - 8) !== 0) depth = 0xffffffff;
    }
    let word = -1;
    const key = (depth + 1) * (FLAG_MASK + 1) + flags;
    if (depth < FEW_DEPTHS) word = known[key] as number;
    if (word < 0) {
      word = wordFor(flags, depth);
      if (depth < FEW_DEPTHS) known[key] = word;
    }
    const length = Math.min(aLeft, bLeft, left);
    feeder.append(length, word);
    aLeft -= length;
    bLeft -= length;
    left -= length;
  }
}

function viewOf(list: StatusList | undefined): DataView {
  const { buffer, byteOffset, byteLength } = list?.payload ?? new Uint8Array(0);
  return new DataView(buffer, byteOffset, byteLength);
}
