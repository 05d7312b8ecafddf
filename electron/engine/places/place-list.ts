/** A list of places in order of their starts: what it keeps is bounded, what it counts is not. */
import { STATES } from '../../../shared/extent/flags.ts';
import { MARK_KEYS, type MarkKey } from '../../../shared/legend.ts';
import type { PlaceOrder } from '../../../shared/model/place.ts';

/** Places that are kept: about 5 MB. */
const MAX_KEPT = 200_000;

/** A place whose end is not known yet: its number in the list, -1 where the list is full. */
export interface OpenPlace {
  readonly index: number;
  readonly start: number;
}

/** What is known of a place when it begins. `slot` is an index from the base up, `state` one of STATES, -1 for none. */
export interface PlaceStart {
  readonly kind: MarkKey;
  readonly slot: number;
  readonly state: number;
  /** Number of the bitmap, -1 for other kinds. */
  readonly bitmap: number;
  readonly start: number;
}

/** One place of the list. `others` is the number of a set of layers. */
export interface KeptPlace extends PlaceStart {
  readonly end: number;
  readonly others: number;
}

/** Places are begun in order, and ended in any. */
export class PlaceList {
  readonly #minLength: number;
  readonly #most: number;
  #count = 0;
  #total = 0;
  #bytes = 0;
  #starts = new Float64Array(1024);
  /** 0 while the end is not known, and of places that are too short. */
  #ends = new Float64Array(1024);
  /** Kind, slot, state + 1, bitmap + 1 and others of each place. */
  #facts = new Int32Array(1024 * FACTS);
  #byLength: Uint32Array | undefined;

  constructor(minLength: number, most = MAX_KEPT) {
    this.#minLength = minLength;
    this.#most = most;
  }

  /** Places that are long enough, and their bytes. */
  get total(): number {
    return this.#total;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Places that are kept; of those that were too short too, until {@link finish}. */
  get kept(): number {
    return this.#count;
  }

  /** Begins a place. None may begin before it later. */
  begin({ kind, slot, state, bitmap, start }: PlaceStart): OpenPlace {
    if (this.#count === this.#most) return { index: -1, start };
    const index = this.#count++;
    if (index === this.#starts.length) this.#grow();
    this.#starts[index] = start;
    this.#ends[index] = 0;
    this.#facts.set([MARK_KEYS.indexOf(kind), slot, state + 1, bitmap + 1, 0], index * FACTS);
    return { index, start };
  }

  /** Ends a place. */
  end({ index, start }: OpenPlace, end: number, others: number): void {
    const length = end - start;
    if (length < this.#minLength) {
      if (index >= 0 && index === this.#count - 1) this.#count--;
      return;
    }
    this.#total++;
    this.#bytes += length;
    if (index < 0) return;
    this.#ends[index] = end;
    this.#facts[index * FACTS + FACTS - 1] = others;
  }

  /** Drops the places that were too short. All must have ended. */
  finish(): void {
    let to = 0;
    for (let from = 0; from < this.#count; from++) {
      if (this.#ends[from] === 0) continue;
      this.#starts[to] = this.#starts[from] as number;
      this.#ends[to] = this.#ends[from] as number;
      this.#facts.copyWithin(to * FACTS, from * FACTS, (from + 1) * FACTS);
      to++;
    }
    this.#count = to;
  }

  /** The place with a number in an order, after {@link finish}. Undefined past the last one that is kept. */
  at(number: number, order: PlaceOrder): KeptPlace | undefined {
    if (number >= this.#count) return undefined;
    const index = order === 'start' ? number : (this.#sorted()[number] as number);
    const [kind = 0, slot = 0, state = 0, bitmap = 0, others = 0] = this.#facts.subarray(index * FACTS);
    return {
      kind: MARK_KEYS[kind] as MarkKey,
      slot,
      state: state - 1,
      bitmap: bitmap - 1,
      others,
      start: this.#starts[index] as number,
      end: this.#ends[index] as number,
    };
  }

  #sorted(): Uint32Array {
    const length = (index: number) => (this.#ends[index] as number) - (this.#starts[index] as number);
    this.#byLength ??= Uint32Array.from({ length: this.#count }, (_, index) => index).sort(
      (a, b) => length(b) - length(a) || a - b,
    );
    return this.#byLength;
  }

  #grow(): void {
    const room = this.#starts.length * 2;
    const starts = new Float64Array(room);
    starts.set(this.#starts);
    this.#starts = starts;
    const ends = new Float64Array(room);
    ends.set(this.#ends);
    this.#ends = ends;
    const facts = new Int32Array(room * FACTS);
    facts.set(this.#facts);
    this.#facts = facts;
  }
}

/** Numbers kept of each place beside its bounds. */
const FACTS = 5;

/** The name of a state index of a place, null where it has none. */
export function placeState(index: number): (typeof STATES)[number] | null {
  return STATES[index] ?? null;
}
