/** Which page of a chain is read next: those that are looked at, then the rest spread evenly over the disk. */

/** The pages still to be read. Each is given out once. */
export interface PageSchedule {
  /** Pages given out so far, and all of them. */
  readonly taken: number;
  readonly pages: number;
  /** The pages from `first` up to and without `end` come before the others, in place of those of the last call. */
  prioritize(first: number, end: number): void;
  /** The next page; undefined when every page was given out. */
  next(): number | undefined;
}

/** A schedule of pages 0 to `pages` - 1. */
export function createPageSchedule(pages: number): PageSchedule {
  const isTaken = new Uint8Array(pages);
  const rest = readingOrder(pages);
  let restAt = 0;
  let taken = 0;
  let first = 0;
  let prioritized: Uint32Array = new Uint32Array(0);
  let prioritizedAt = 0;

  function take(page: number): boolean {
    if (isTaken[page] === 1) return false;
    isTaken[page] = 1;
    taken++;
    return true;
  }

  return {
    pages,
    get taken() {
      return taken;
    },
    prioritize(from, end) {
      first = Math.max(0, from);
      prioritized = readingOrder(taken < pages ? Math.max(0, Math.min(end, pages) - first) : 0);
      prioritizedAt = 0;
    },
    next() {
      while (prioritizedAt < prioritized.length) {
        const page = first + (prioritized[prioritizedAt++] as number);
        if (take(page)) return page;
      }
      while (restAt < pages) {
        const page = rest[restAt++] as number;
        if (take(page)) return page;
      }
      return undefined;
    },
  };
}

/** Page indexes so that any prefix is spread evenly over the disk: the picture fills in everywhere at once. */
function readingOrder(pages: number): Uint32Array {
  const order = new Uint32Array(pages);
  let n = 0;
  let stride = 1;
  while (stride * 2 < pages) stride *= 2;
  for (let first = true; stride >= 1; stride /= 2, first = false) {
    for (let page = first ? 0 : stride; page < pages; page += first ? stride : stride * 2) order[n++] = page;
  }
  return order;
}
