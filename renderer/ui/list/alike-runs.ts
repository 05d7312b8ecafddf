/** Which items of a list share a row. */

/** Fewer items than these are shown one by one: two rows are hardly longer than one that sums them up. */
const MIN_RUN = 3;

/**
 * Items in their order, those in one list that lie next to each other and are alike. Fewer than three stand alone, and so
 * does one that `isAlone`.
 */
export function alikeRuns<Item>(
  items: readonly Item[],
  isAlone: (item: Item) => boolean,
  isAlike: (one: Item, other: Item) => boolean,
): readonly (readonly Item[])[] {
  const runs: Item[][] = [];
  let last: Item | undefined;
  for (const item of items) {
    const joins = last !== undefined && !isAlone(last) && !isAlone(item) && isAlike(last, item);
    if (joins) runs.at(-1)?.push(item);
    else runs.push([item]);
    last = item;
  }
  return runs.flatMap(run => (run.length < MIN_RUN ? run.map(item => [item]) : [run]));
}
