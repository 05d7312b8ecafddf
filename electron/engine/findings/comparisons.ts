/** Which sources can be cross-checked: the two witnesses of a layer, and NBD contexts that carry the same information. */
import {
  comparableWord,
  comparePages,
  isFullyRead,
  type WitnessDifference,
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
import { type Cause, causeOf, type FindingCollector } from '../../../shared/finding-collector.ts';
import { legendOfWitness } from '../../../shared/legend.ts';
import { type KnownContext, knownContext } from '../../../shared/nbd-contexts.ts';
import { mapBitmapPage } from '../../qcow2/read/bitmap-map.ts';
import { lowNumber, type NumberTable } from '../tables/number-tables.ts';
import type { StoredLayer } from '../tables/stored-layer.ts';

/** Two tables of one layer that should agree. */
export interface WitnessComparison {
  readonly layer: StoredLayer;
  /** Needs the metadata witness's own page to be in memory. */
  readonly needsMetadataPage: boolean;
  /** Adds to the layer's findings what differs in one page; false while either side has not read all of it. */
  compare(index: number): boolean;
}

/** Everything of a layer that can be compared. */
export function comparisonsOf(layer: StoredLayer): WitnessComparison[] {
  const { metadata, nbd } = layer;
  if (nbd === undefined) return [];
  const found: WitnessComparison[] = [];
  if (metadata !== undefined) {
    const { table } = metadata;
    const first = (index: number) => pageView(table, index, wordWithoutDamage);
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
      const cause = bitmapsDiffer(bitmap.name);
      found.push(compareTables(layer, false, ours, theirs.table, comparableBitmap, cause));
    }
  }
  const { contexts = [] } = layer.plan.nbd ?? {};
  for (const table of nbd.numbers.values()) {
    const context = knownContext(table.name);
    if (!context?.joins?.every(name => contexts.includes(name))) continue;
    const first = (index: number) => {
      if (!isFullyRead(table.table, index)) return undefined;
      return pageView(table.table, index, word => joinedFlags(context, table, word));
    };
    found.push(compareTables(layer, false, first, nbd.table, comparableJoint, contextsDiffer(context)));
  }
  return found;
}

interface PageView {
  readonly page: Page;
  readonly words: readonly number[];
}

/** A page with what `change` makes of its words; undefined where it is not in memory. */
function pageView(table: ExtentTable, index: number, change: (word: number) => number): PageView | undefined {
  const page = table.pages[index];
  return page === undefined ? undefined : { page, words: table.words.words.map(change) };
}

/**
 * The word that the other witness should give where the metadata is damaged. Damage is a finding already: qemu answers
 * for data that is lost as for any data, and what it makes of a table that cannot be read is no news.
 */
function wordWithoutDamage(word: number): number {
  if (!(word & UNREADABLE)) return word;
  return word & LOCAL ? word & ~UNREADABLE : UNREAD;
}

function boundsOf({ pageSpan, size }: ExtentTable, index: number): [start: number, end: number] {
  return [index * pageSpan, Math.min((index + 1) * pageSpan, size)];
}

/** The cause that explains a difference. Equal differences have equal causes, whichever page they lie in. */
type DifferenceCause = (difference: WitnessDifference) => Cause;

function compareTables(
  layer: StoredLayer,
  needsMetadataPage: boolean,
  first: (index: number) => PageView | undefined,
  second: ExtentTable,
  comparable: (word: number) => number | undefined,
  causeFor: DifferenceCause,
): WitnessComparison {
  const differences = new JoinedDifferences(layer.findings);
  return {
    layer,
    needsMetadataPage,
    compare(index) {
      if (!isFullyRead(second, index)) return false;
      const own = first(index);
      if (own === undefined) return false;
      const other = second.pages[index] as Page;
      const [base, end] = boundsOf(second, index);
      for (const difference of comparePages(
        own.page,
        own.words,
        other,
        second.words.words,
        base,
        end,
        comparable,
      ))
        differences.add(causeFor(difference), difference.start, difference.end, base, end);
      differences.endPage();
      return true;
    },
  };
}

/** Hands differences on to a collector; those that go on over the end of a page count as one place. */
class JoinedDifferences {
  readonly #collector: FindingCollector;
  /** Bounds of pages, with the cause of a difference that starts or ends there. */
  readonly #starts = new Set<string>();
  readonly #ends = new Set<string>();
  #last: { cause: Cause; start: number; end: number; base: number; pageEnd: number } | undefined;

  constructor(collector: FindingCollector) {
    this.#collector = collector;
  }

  /** Takes the differences of one page in ascending order. */
  add(cause: Cause, start: number, end: number, base: number, pageEnd: number): void {
    if (this.#last?.end === start && this.#last.cause.id === cause.id) this.#last.end = end;
    else {
      this.endPage();
      this.#last = { cause, start, end, base, pageEnd };
    }
  }

  /** The page has no further differences. */
  endPage(): void {
    if (this.#last === undefined) return;
    const { cause, start, end, base, pageEnd } = this.#last;
    this.#last = undefined;
    let count = 1;
    if (start === base) {
      if (this.#ends.has(`${cause.id} ${start}`)) count--;
      this.#starts.add(`${cause.id} ${start}`);
    }
    if (end === pageEnd) {
      if (this.#starts.has(`${cause.id} ${end}`)) count--;
      this.#ends.add(`${cause.id} ${end}`);
    }
    this.#collector.add(cause, { guest: [start, end - start], count });
  }
}

function comparableBitmap(word: number): number | undefined {
  return word & (DIRTY_UNKNOWN | UNREAD | UNREADABLE) ? undefined : word & DIRTY;
}

/** The flags that a value of a joint context gives an extent; numbers that were not kept compare with nothing. */
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

function statesDiffer({ first, second }: WitnessDifference): Cause {
  const [ours, theirs] = [stateOf(first), stateOf(second)];
  return causeOf({
    id: `witnesses ${ours} ${theirs}`,
    code: 'WITNESSES_DIFFER',
    severity: 'hazard',
    what: `the image’s own tables say ${legendOfWitness('metadata')[ours].label}, qemu-nbd says ${legendOfWitness('nbd')[theirs].label}: the image changed while it was read, or its metadata is damaged`,
    advice: 'read the image again while nothing writes to it; if it stays, run qemu-img check on a copy',
    witnesses: [
      { witness: 'metadata', answer: ours },
      { witness: 'nbd', answer: theirs },
    ],
  });
}

function bitmapsDiffer(name: string): DifferenceCause {
  const answer = (word: number) => (word & DIRTY ? 'dirty' : 'clean');
  return ({ first, second }) =>
    causeOf({
      id: `bitmap ${answer(first)} ${answer(second)} ${name}`,
      code: 'BITMAPS_DIFFER',
      severity: 'hazard',
      what: `the bitmap ${JSON.stringify(name)} is ${answer(first)} in the image itself and ${answer(second)} as qemu-nbd has it: treat the range as dirty`,
      advice: 'take a full backup, or one of everything that either of them calls dirty',
      risksData: false,
      witnesses: [
        { witness: 'metadata', answer: answer(first) },
        { witness: 'nbd', answer: answer(second) },
      ],
    });
}

function contextsDiffer({ name, joins = [] }: KnownContext): DifferenceCause {
  const split = joins.join(' and ');
  return ({ first, second }) =>
    causeOf({
      id: `contexts ${name} ${jointText(first)} ${jointText(second)}`,
      code: 'CONTEXTS_DIFFER',
      severity: 'hazard',
      what: `the server contradicts itself: ${name} says ${jointText(first)}, ${split} say ${jointText(second)}`,
      advice: 'do not rely on what this server says; report it to its makers',
      witnesses: [
        { witness: name, answer: jointText(first) },
        { witness: split, answer: jointText(second) },
      ],
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
