import { fireEvent, screen } from '@testing-library/react';
import { expect, test } from 'vitest';
import { openTarget } from '../../../../../renderer/state/chain/opening.ts';
import { getAxis, getState, setState } from '../../../../../renderer/state/store.ts';
import { start } from '../../../../support/window/fake-window.tsx';

const golden = { kind: 'files', files: ['/images/top.qcow2'] } as const;

test('plain keys run no command while text is typed', async () => {
  start();
  await openTarget(golden);
  const field = await screen.findByLabelText('Go to offset');
  const open = getState().inspectorOpen;
  fireEvent.keyDown(field, { key: 'i' });
  expect(getState().inspectorOpen).toBe(open);
  fireEvent.keyDown(document.body, { key: 'i' });
  expect(getState().inspectorOpen).toBe(!open);
});

test('Ctrl+A makes the whole disk a range, and in a text field it marks the text', async () => {
  start();
  await openTarget(golden);
  fireEvent.keyDown(await screen.findByLabelText('Go to offset'), { key: 'a', ctrlKey: true });
  expect(getState().range).toBeUndefined();
  fireEvent.keyDown(window, { key: 'a', ctrlKey: true });
  expect(getState().range).toEqual({ start: 0, end: getAxis('guest').size });
});

test('Enter on a track shows the inspector where it is closed', async () => {
  start();
  await openTarget(golden);
  setState({ inspectorOpen: false, inspectorOverlay: false });
  fireEvent.keyDown(document.querySelector('canvas[data-twin]') as HTMLElement, { key: 'Enter' });
  expect(await screen.findByRole('complementary', { name: 'Inspector' })).not.toBeNull();
});
