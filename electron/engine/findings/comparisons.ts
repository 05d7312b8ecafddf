/** What can be held against what: the witnesses of one layer, and contexts of one server that say the same twice. */
import {
  comparableWord,
  comparePages,
  type Difference,
  isFullyRead,
} from '../../../shared/extent/compare.ts';
import {
  DIRTY,
  DIRTY_UNKNOWN,
  depthOf,
  HOLE,
  LOCAL,
  stateOf,
  UNREAD,
  UNREADABLE,
  ZERO,
} from '../../../shared/extent/flags.ts';
import { type Page, PageWriter } from '../../../shared/extent/page.ts';
import type { ExtentTable } from '../../../shared/extent/table.ts';
import { legendOfWitness } from '../../../shared/legend.ts';
import type { RangeFinding } from '../../../shared/model/finding.ts';
import { type KnownContext, knownContext } from '../../../shared/nbd-contexts.ts';
import { mapBitmapPage } from '../../qcow2/read/bitmap-map.ts';
import { lowNumber, type NumberTable } from '../tables/number-tables.ts';
import type { StoredLayer } from '../tables/stored-layer.ts';

/** Two tables of one layer that should agree. */
export interface Comparison {
  readonly layer: StoredLayer;
  /** Needs the metadata witness's own page to be in memory. */
  readonly needsMetadataPage: boolean;
  /** What differs in one page, or undefined while either side has not read all of it. */
  compare(index: number): RangeFinding[] | undefined;
}

/** Everything of a layer that can be compared. */
export function comparisonsOf(layer: StoredLayer): Comparison[] {
  const { metadata, nbd } = layer;
  if (nbd === undefined) return [];
  const found: Comparison[] = [];
  if (metadata !== undefined) {
    const { table } = metadata;
    const first = (index: number) => viewOf(table, index);
    found.push(compareTables(layer, true, first, nbd.table, comparableWord, statesDiffer));
    for (const bitmap of metadata.bitmaps) {
      const theirs = nbd.bitmaps.find(({ name }) => name === bitmap.name);
      if (theirs === undefined) continue;
      const writer = new PageWriter();
      const ours = (index: number) => {
        const [start, end] = boundsOf(theirs.table, index);
        writer.begin();
        mapBitmapPage(bitmap.map, start, end, writer);
        return { page: writer.seal(), words: bitmap.words.words };
      };
      const text = bitmapsDiffer(bitmap.name);
      found.push(compareTables(layer, false, ours, theirs.table, comparableBitmap, text));
    }
  }
  const { contexts = [] } = layer.plan.nbd ?? {};
  for (const table of nbd.numbers.values()) {
    const context = knownContext(table.name);
    if (!context?.joins?.every(name => contexts.includes(name))) continue;
    const first = (index: number) => {
      const { page } = viewOf(table.table, index) ?? {};
      const isRead = page !== undefined && isFullyRead(table.table, index);
      return isRead
        ? { page, words: table.table.words.words.map(word => joinedFlags(context, table, word)) }
        : undefined;
    };
    found.push(compareTables(layer, false, first, nbd.table, comparableJoint, contextsDiffer(context)));
  }
  return found;
}

interface PageView {
  readonly page: Page;
  readonly words: readonly number[];
}

function viewOf(table: ExtentTable, index: number): PageView | undefined {
  const page = table.pages[index];
  return page === undefined ? undefined : { page, words: table.words.words };
}

function boundsOf({ pageSpan, size }: ExtentTable, index: number): [start: number, end: number] {
  return [index * pageSpan, Math.min((index + 1) * pageSpan, size)];
}

type FindingText = (layer: StoredLayer, difference: Difference) => RangeFinding;

function compareTables(
  layer: StoredLayer,
  needsMetadataPage: boolean,
  first: (index: number) => PageView | undefined,
  second: ExtentTable,
  comparable: (word: number) => number | undefined,
  finding: FindingText,
): Comparison {
  return {
    layer,
    needsMetadataPage,
    compare(index) {
      const other = viewOf(second, index);
      if (other === undefined || !isFullyRead(second, index)) return undefined;
      const own = first(index);
      if (own === undefined) return undefined;
      const [base, end] = boundsOf(second, index);
      const found = comparePages(own.page, own.words, other.page, other.words, base, end, comparable);
      return found.map(difference => finding(layer, difference));
    },
  };
}

function comparableBitmap(word: number): number | undefined {
  return word & (DIRTY_UNKNOWN | UNREAD | UNREADABLE) ? undefined : word & DIRTY;
}

/** The flags that a value of a joint context gives an extent; numbers that were not told apart compare with nothing. */
function joinedFlags(
  { content, owner, knownBits = -1 }: KnownContext,
  table: NumberTable,
  word: number,
): number {
  const number = word & (UNREAD | UNREADABLE) ? undefined : lowNumber(table, word);
  if (number === undefined) return UNREAD;
  const value = (number & knownBits) >>> 0;
  return (content?.(value) ?? 0) | (owner?.(value, 'wholeChain') ?? 0);
}

/** Hole, zero and allocated-here; in a chain what is owned further down is not allocated here. */
function comparableJoint(word: number): number | undefined {
  if (word & (UNREAD | UNREADABLE)) return undefined;
  const here = word & LOCAL && depthOf(word) <= 1 ? LOCAL : 0;
  return (word & (HOLE | ZERO)) | here;
}

function statesDiffer(
  { index: layer }: StoredLayer,
  { start, end, first, second }: Difference,
): RangeFinding {
  const ours = legendOfWitness('metadata')[stateOf(first)].label;
  const theirs = legendOfWitness('nbd')[stateOf(second)].label;
  return {
    kind: 'witnessesDiffer',
    code: 'WITNESSES_DIFFER',
    layer,
    start,
    end,
    text: `The image’s own tables say ${ours}, qemu-nbd says ${theirs}: the image changed while it was read, or its metadata is damaged.`,
    words: { metadata: first, nbd: second },
  };
}

function bitmapsDiffer(name: string): FindingText {
  const answer = (word: number) => (word & DIRTY ? 'dirty' : 'clean');
  return ({ index: layer }, { start, end, first, second }) => ({
    kind: 'witnessesDiffer',
    code: 'BITMAPS_DIFFER',
    layer,
    start,
    end,
    text: `The bitmap ${JSON.stringify(name)} is ${answer(first)} in the image itself and ${answer(second)} as qemu-nbd has it: treat the range as dirty.`,
  });
}

function contextsDiffer({ name, joins = [] }: KnownContext): FindingText {
  return ({ index: layer }, { start, end, first, second }) => ({
    kind: 'witnessesDiffer',
    code: 'CONTEXTS_DIFFER',
    layer,
    start,
    end,
    text: `The server contradicts itself: ${name} says ${jointText(first)}, ${joins.join(' and ')} say ${jointText(second)}.`,
  });
}

/** The bits of a joint number in words. */
function jointText(word: number): string {
  const here = comparableJoint(word) ?? 0;
  return [
    here & HOLE ? 'hole' : 'no hole',
    here & ZERO ? 'zero' : 'not known to be zero',
    here & LOCAL ? 'allocated here' : 'not allocated here',
  ].join(', ');
}
