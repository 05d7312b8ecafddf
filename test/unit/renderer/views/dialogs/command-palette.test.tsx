import { fireEvent, screen } from '@testing-library/react';
import { expect, test } from 'vitest';
import { getState } from '../../../../../renderer/state/store.ts';
import { start } from '../../../../support/window/fake-window.tsx';

test('the palette finds a command by its name and runs it', async () => {
  start();
  fireEvent.keyDown(window, { key: 'P', ctrlKey: true, shiftKey: true });
  const field = await screen.findByRole('combobox');
  fireEvent.change(field, { target: { value: 'theme' } });
  fireEvent.keyDown(field, { key: 'Enter' });
  expect(getState().theme).toBe('light');
});

test('commands that need a chain are not offered while none is open', async () => {
  start();
  fireEvent.keyDown(window, { key: 'P', ctrlKey: true, shiftKey: true });
  const field = await screen.findByRole('combobox');
  expect(screen.queryByRole('option', { name: /Zoom in/ })).toBeNull();
  fireEvent.change(field, { target: { value: 'zoom in' } });
  expect(await screen.findByText('No command of that name.')).toBeTruthy();
});
