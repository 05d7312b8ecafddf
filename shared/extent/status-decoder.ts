/**
 * Decodes BLOCK_STATUS replies into the flags of extents: the merge of contexts of one witness.
 *
 * The lists of one reply may differ in length and in total coverage; a batch says how far all of them reach. They are
 * split on every boundary of any list and the flags of each piece are merged. A context that was not negotiated
 * contributes nothing: without allocation-depth an extent is neither LOCAL nor ABSENT.
 */
import {
  contextWithRole,
  type DecidingContext,
  decidingContext,
  type ExportKind,
  type KnownContext,
} from '../nbd-contexts.ts';
import type { TableFeeder } from './feeder.ts';
import { DIRTY_UNKNOWN, LOCAL, UNREADABLE } from './flags.ts';
import type { StatusBatch, StatusList } from './status-batch.ts';
import { StatusCursor } from './status-cursor.ts';

/** A table that a context fills alone, such as that of a dirty bitmap. */
export interface OwnTable extends DecidingContext {
  readonly feeder: TableFeeder;
}

/** What the batches of one export are decoded into. */
export interface DecodePlan {
  readonly kind: ExportKind;
  readonly content: DecidingContext | undefined;
  readonly owner: DecidingContext | undefined;
  readonly layer: TableFeeder;
  readonly ownTables: readonly OwnTable[];
}

/** The plan for an export whose contexts have these names, by contextIndex. */
export function decodePlan(
  kind: ExportKind,
  names: readonly string[],
  layer: TableFeeder,
  ownTables: readonly OwnTable[],
): DecodePlan {
  const content = decidingContext(names, 'content');
  const owner = decidingContext(names, 'owner');
  return { kind, content, owner, layer, ownTables };
}

/** Feeds a batch into the layer's table and the tables of its bitmaps. Batches must come in ascending order, with no gap. */
export function decodeBatch(batch: StatusBatch, plan: DecodePlan): void {
  const { kind, layer, ownTables } = plan;
  const { covered, lists } = batch;
  if (batch.unreadable !== undefined) {
    layer.append(covered, UNREADABLE);
    for (const { feeder } of ownTables) feeder.append(covered, DIRTY_UNKNOWN);
    return;
  }
  const content = sourceOf(plan.content, lists);
  const owner = sourceOf(plan.owner, lists);
  feedMerged(content, owner, covered, layer, (value, ownerValue) =>
    mergedFlags(kind, content?.context, value, owner?.context, ownerValue),
  );
  for (const table of ownTables) {
    const own = sourceOf(table, lists);
    if (own !== undefined)
      feedMerged(own, undefined, covered, table.feeder, value => own.context.ownTable?.(value) ?? 0);
  }
}

/** A list and what its values mean. */
interface Source {
  readonly list: StatusList;
  readonly context: KnownContext;
}

function sourceOf(deciding: DecidingContext | undefined, lists: readonly StatusList[]): Source | undefined {
  const list = lists.find(({ contextIndex }) => contextIndex === deciding?.contextIndex);
  return deciding === undefined || list === undefined ? undefined : { list, context: deciding.context };
}

function mergedFlags(
  kind: ExportKind,
  content: KnownContext | undefined,
  value: number,
  owner: KnownContext | undefined,
  ownerValue: number,
): number {
  const held = kind === 'rawLayer' ? LOCAL : (owner?.owner?.(ownerValue, kind) ?? 0);
  return ((content?.content?.(value) ?? 0) | held) >>> 0;
}

/** Depth passed to {@link flagsOf} where allocation-depth was not negotiated. */
export const NO_DEPTH = -1;

/** The flags that values of base:allocation and qemu:allocation-depth give an extent. Unknown bits are masked. */
export function flagsOf(kind: ExportKind, allocation: number, depth: number): number {
  const owner = depth === NO_DEPTH ? undefined : contextWithRole('depth');
  return mergedFlags(kind, contextWithRole('allocation'), allocation, owner, depth);
}

/** Flags of values below these, of the first and of the second list, are looked up instead of worked out. */
const FEW_VALUES = 8;
const FEW_OWNERS = 32;

/**
 * Walks two lists together (either may be missing) over `covered` bytes and appends the flags of each piece. Bits of
 * no meaning are masked; a number of more than 32 bits counts as the largest.
 */
function feedMerged(
  first: Source | undefined,
  second: Source | undefined,
  covered: number,
  feeder: TableFeeder,
  flagsFor: (first: number, second: number) => number,
): void {
  const a = cursorOf(first);
  const b = cursorOf(second);
  const aMask = first?.context.knownBits ?? -1;
  const bMask = second?.context.knownBits ?? -1;
  // What is left of the current entries and of the batch.
  let aLeft = first === undefined ? Number.POSITIVE_INFINITY : 0;
  let bLeft = second === undefined ? Number.POSITIVE_INFINITY : 0;
  let left = covered;
  let aValue = 0;
  let bValue = 0;
  const few = aMask >= 0 && aMask < FEW_VALUES ? FEW_OWNERS * FEW_VALUES : 0;
  const known = new Float64Array(FEW_OWNERS * FEW_VALUES).fill(-1);
  while (left > 0) {
    if (aLeft === 0) {
      aLeft = a.length();
      aValue = (a.low() & aMask) >>> 0;
      if (aMask === -1 && a.high() !== 0) aValue = 0xffffffff;
      a.advance();
    }
    if (bLeft === 0) {
      bLeft = b.length();
      bValue = (b.low() & bMask) >>> 0;
      if (bMask === -1 && b.high() !== 0) bValue = 0xffffffff;
      b.advance();
    }
    let flags = -1;
    const key = bValue * FEW_VALUES + aValue;
    if (key < few) flags = known[key] as number;
    if (flags < 0) {
      flags = flagsFor(aValue, bValue);
      if (key < few) known[key] = flags;
    }
    const length = Math.min(aLeft, bLeft, left);
    feeder.append(length, flags);
    aLeft -= length;
    bLeft -= length;
    left -= length;
  }
}

const NO_ENTRIES = { wide: false, payload: new Uint8Array(0) };

function cursorOf(source: Source | undefined): StatusCursor {
  return new StatusCursor(source?.list ?? NO_ENTRIES);
}
