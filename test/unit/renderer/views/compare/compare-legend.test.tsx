import { cleanup, render, screen } from '@testing-library/react';
import { afterEach, expect, it } from 'vitest';
import { CompareLegend } from '../../../../../renderer/views/compare/compare-legend.tsx';

afterEach(cleanup);

it('names every state that a compared disk is drawn in, each with its meaning', () => {
  render(<CompareLegend />);
  const list = screen.getByRole('list', { name: 'What the disks hold' });
  const items = [...list.querySelectorAll('li')];
  expect(items.map(item => item.textContent?.trim())).toContain('nothing stored');
  expect(items).toHaveLength(8);
  expect(items.every(item => item.title.length > 0 && item.querySelector('canvas') !== null)).toBe(true);
});
