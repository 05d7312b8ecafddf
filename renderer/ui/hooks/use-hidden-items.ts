import { type RefObject, useLayoutEffect, useState } from 'react';

/** The class of the last child of a list: it counts the items that have no room, and is not one of them. */
export const HIDDEN_COUNT_CLASS = 'hidden-count';

/** CSS pixels that an item may reach past the end of its list: sizes are rounded. */
const TOLERANCE_PX = 1;

/**
 * Hides the items of a list that wraps which have no room in its height, by `data-no-room`, and gives their number. While
 * there are any the list has `data-cut`, and `--count-top` is where the last line that has room begins. `content` must
 * change with the items.
 */
export function useHiddenItems(ref: RefObject<HTMLElement | null>, content: string): number {
  const [hidden, setHidden] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: other items need other room
  useLayoutEffect(() => {
    const list = ref.current;
    if (list === null) return;
    const measure = () => setHidden(hideItems(list));
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(list);
    return () => observer.disconnect();
  }, [ref, content]);
  return hidden;
}

function hideItems(list: HTMLElement): number {
  const items = ([...list.children] as HTMLElement[]).filter(
    ({ classList }) => !classList.contains(HIDDEN_COUNT_CLASS),
  );
  const hasRoom = ({ offsetTop, offsetLeft, offsetHeight, offsetWidth }: HTMLElement) =>
    offsetTop + offsetHeight <= list.clientHeight + TOLERANCE_PX &&
    offsetLeft + offsetWidth <= list.clientWidth - paddingRightOf(list) + TOLERANCE_PX;
  delete list.dataset.cut;
  if (!items.every(hasRoom)) list.dataset.cut = ''; // the element that counts takes room too
  const firstHidden = items.findIndex(item => !hasRoom(item));
  const shown = firstHidden < 0 ? items : items.slice(0, firstHidden);
  for (const item of items) item.toggleAttribute('data-no-room', !shown.includes(item));
  list.style.setProperty('--count-top', `${shown.at(-1)?.offsetTop ?? 0}px`);
  return items.length - shown.length;
}

/** CSS pixels that the list keeps at the end of its lines. */
function paddingRightOf(list: HTMLElement): number {
  return Number.parseFloat(getComputedStyle(list).paddingRight) || 0;
}
