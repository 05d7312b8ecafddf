import { act, cleanup, render, screen } from '@testing-library/react';
import { useRef } from 'react';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { HIDDEN_COUNT_CLASS, useHiddenItems } from '../../../../../renderer/ui/hooks/use-hidden-items.ts';

/** A page in which two items have room in a line of 20 px, and one where the list keeps room for a count. */
let listHeight = 40;
let resized = () => {};

beforeEach(() => {
  const lineOf = (item: HTMLElement) => {
    const list = item.parentElement;
    if (list === null) return 0;
    return Math.floor([...list.children].indexOf(item) / (list.dataset.cut === undefined ? 2 : 1));
  };
  vi.spyOn(HTMLElement.prototype, 'offsetTop', 'get').mockImplementation(function (this: HTMLElement) {
    return lineOf(this) * 20;
  });
  vi.spyOn(HTMLElement.prototype, 'offsetHeight', 'get').mockReturnValue(20);
  vi.spyOn(HTMLElement.prototype, 'clientHeight', 'get').mockImplementation(() => listHeight);
  class Observer {
    constructor(tell: () => void) {
      resized = tell;
    }
    observe() {}
    disconnect() {}
  }
  vi.stubGlobal('ResizeObserver', Observer);
});
afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

function List({ items }: { readonly items: readonly string[] }) {
  const ref = useRef<HTMLUListElement>(null);
  const hidden = useHiddenItems(ref, items.join());
  return (
    <ul ref={ref}>
      {items.map(item => (
        <li key={item}>{item}</li>
      ))}
      {hidden > 0 && <li className={HIDDEN_COUNT_CLASS}>+{hidden}</li>}
    </ul>
  );
}

const withRoom = () =>
  screen
    .getAllByRole('listitem')
    .filter(item => !item.hasAttribute('data-no-room'))
    .map(item => item.textContent);

test('items that find no room in the height of their list are hidden and counted', () => {
  listHeight = 40;
  const { rerender } = render(<List items={['a', 'b', 'c', 'd']} />);
  expect(withRoom()).toEqual(['a', 'b', 'c', 'd']);
  rerender(<List items={['a', 'b', 'c', 'd', 'e']} />);
  expect(withRoom()).toEqual(['a', 'b', '+3']);
  expect(screen.getByRole('list').style.getPropertyValue('--count-top')).toBe('20px');
});

test('an item that is wider than its list is counted, and so is what follows it', () => {
  listHeight = 60;
  vi.spyOn(HTMLElement.prototype, 'offsetWidth', 'get').mockImplementation(function (this: HTMLElement) {
    return this.textContent === 'wide' ? 90 : 30;
  });
  vi.spyOn(HTMLElement.prototype, 'clientWidth', 'get').mockReturnValue(80);
  render(<List items={['a', 'wide', 'c']} />);
  expect(withRoom()).toEqual(['a', '+2']);
});

test('what had no room is shown once there is some', () => {
  listHeight = 20;
  render(<List items={['a', 'b', 'c']} />);
  expect(withRoom()).toEqual(['a', '+2']);
  listHeight = 60;
  act(() => resized());
  expect(withRoom()).toEqual(['a', 'b', 'c']);
});
