import { cleanup, fireEvent, render, screen } from '@testing-library/react';
import { afterEach, expect, test } from 'vitest';
import { useVirtualRows } from '../../../../../renderer/ui/hooks/use-virtual-rows.ts';

afterEach(cleanup);

function List({ count, active }: { readonly count: number; readonly active: number }) {
  const rows = useVirtualRows(count, active, { rowPx: 20, maxRowsInSight: 10 });
  return (
    <div data-testid="list" ref={rows.ref} onScroll={rows.onScroll}>
      {rows.first} to {rows.last}, padded by {rows.paddingTop} and {rows.paddingBottom}, {rows.height} high
    </div>
  );
}

const list = () => screen.getByTestId('list');

test('only the rows in sight and a few around them are rendered, the rest is padding', () => {
  render(<List count={1000} active={0} />);
  expect(list().textContent).toBe('0 to 18, padded by 0 and 19640, 200 high');
  list().scrollTop = 10_000;
  fireEvent.scroll(list());
  expect(list().textContent).toBe('492 to 518, padded by 9840 and 9640, 200 high');
});

test('a list shorter than what is in sight has no padding, and an empty one the height of a row', () => {
  const { rerender } = render(<List count={3} active={0} />);
  expect(list().textContent).toBe('0 to 3, padded by 0 and 0, 60 high');
  rerender(<List count={0} active={0} />);
  expect(list().textContent).toBe('0 to 0, padded by 0 and 0, 20 high');
});

test('the active row is scrolled into sight, no further than needed', () => {
  const { rerender } = render(<List count={1000} active={0} />);
  rerender(<List count={1000} active={9} />);
  expect(list().scrollTop).toBe(0);
  rerender(<List count={1000} active={10} />);
  expect(list().scrollTop).toBe(20);
  rerender(<List count={1000} active={500} />);
  expect(list().scrollTop).toBe(501 * 20 - 200);
  rerender(<List count={1000} active={499} />);
  expect(list().scrollTop).toBe(501 * 20 - 200);
  rerender(<List count={1000} active={3} />);
  expect(list().scrollTop).toBe(60);
});
