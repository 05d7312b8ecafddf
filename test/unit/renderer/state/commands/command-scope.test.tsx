import { fireEvent, screen, waitFor } from '@testing-library/react';
import { expect, test } from 'vitest';
import { openTarget } from '../../../../../renderer/state/chain/opening.ts';
import { runCommand } from '../../../../../renderer/state/commands/commands.ts';
import { getAxis, getState, setState } from '../../../../../renderer/state/store.ts';
import { showView } from '../../../../../renderer/state/views.ts';
import { start } from '../../../../support/window/fake-window.tsx';

const golden = { kind: 'files', files: ['/images/top.qcow2'] } as const;

async function openAt(view: string): Promise<void> {
  start();
  await openTarget(golden);
  await screen.findByLabelText('Go to offset');
  showView(view);
}

/** Types an offset into the field of the toolbar. */
function goTo(text: string): void {
  const field = screen.getByLabelText('Go to offset');
  fireEvent.change(field, { target: { value: text } });
  fireEvent.submit(field);
}

test.each(['findings', 'plan', 'host', 'compare'])(
  'a key that acts on the tracks shows them first, from the view %s',
  async view => {
    await openAt(view);
    fireEvent.keyDown(document.body, { key: 'h' });
    expect(getState().viewId).toBe('chain');
    await waitFor(() => expect(getState().selection?.offset).toBe(0x3_0000));
  },
);

test('zooming from the list of findings shows the tracks, and zooms them', async () => {
  await openAt('findings');
  const { end } = getAxis('guest').viewport;
  runCommand('zoom-in');
  expect(getState().viewId).toBe('chain');
  await waitFor(() => expect(getAxis('guest').viewport.end).toBeLessThan(end));
});

test.each([
  { key: 'ArrowDown' },
  { key: 'PageDown' },
  { key: 'End' },
  { key: 'Escape' },
  { key: 'a', ctrlKey: true },
  { key: 'c', ctrlKey: true },
])('beside the tracks a key that scrolls, marks or copies is left to the page: $key', async press => {
  await openAt('findings');
  const { selection, focusedTrack } = getState();
  for (const viewId of ['findings', 'plan']) {
    showView(viewId);
    // True where nothing prevented what the key does by itself.
    expect(fireEvent.keyDown(document.body, press)).toBe(true);
    expect(getState()).toMatchObject({ viewId, selection, focusedTrack, range: undefined, message: '' });
  }
});

test('on the tracks the same keys are commands', async () => {
  await openAt('chain');
  expect(fireEvent.keyDown(document.body, { key: 'a', ctrlKey: true })).toBe(false);
  expect(getState().range).toEqual({ start: 0, end: 0x14_0000 });
  expect(fireEvent.keyDown(document.body, { key: 'ArrowDown' })).toBe(false);
  expect(getState().focusedTrack).toBe(1);
});

test('in a view that has no inspector its button is not pressed, and shows it beside the tracks', async () => {
  await openAt('findings');
  const button = await screen.findByRole('button', { name: 'Show or hide the inspector' });
  await waitFor(() => expect(button.getAttribute('aria-pressed')).toBe('false'));
  fireEvent.click(button);
  await waitFor(() => expect(button.getAttribute('aria-pressed')).toBe('true'));
  expect(getState()).toMatchObject({ viewId: 'chain', inspectorOpen: true });
  expect(screen.getByRole('complementary', { name: 'Inspector' })).toBeTruthy();
});

test.each(['findings', 'plan', 'compare'])(
  'an offset that is typed in the view %s is shown on the tracks',
  async view => {
    await openAt(view);
    goTo('1T');
    expect((await screen.findByRole('alert')).textContent).toBe('The disk ends at 1.25 MiB.');
    expect(getState().viewId).toBe(view);
    goTo('0x2_0000');
    expect(getState().viewId).toBe('chain');
    await waitFor(() => expect(getState().selection).toEqual({ track: 0, offset: 0x2_0000 }));
    expect(document.activeElement).toBe(document.querySelector('[data-track="0"] canvas'));
  },
);

test('a key that needs a selection says so where there is none', async () => {
  await openAt('chain');
  for (const pressed of [{ key: 'f' }, { key: 'r' }, { key: 'c', ctrlKey: true }]) {
    setState({ message: '' });
    fireEvent.keyDown(document.body, pressed);
    expect(getState()).toMatchObject({ message: 'Select an extent first', range: undefined });
  }
});
