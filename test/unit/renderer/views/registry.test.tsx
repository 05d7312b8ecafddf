import { readFileSync } from 'node:fs';
import { fireEvent, screen, waitFor, within } from '@testing-library/react';
import { expect, test } from 'vitest';
import { openTarget } from '../../../../renderer/state/chain/opening.ts';
import { windowCommands } from '../../../../renderer/state/commands/commands.ts';
import { getAxis, setAxis } from '../../../../renderer/state/store.ts';
import type { View } from '../../../../renderer/ui/view.ts';
import { VIEWS } from '../../../../renderer/views/registry.ts';
import { COMMANDS } from '../../../../shared/commands.ts';
import { goldenChain } from '../../../support/window/fake-chain.ts';
import { start } from '../../../support/window/fake-window.tsx';

const target = { kind: 'files', files: ['/images/top.qcow2'] } as const;

/** A view as a new folder of renderer/views would have it. */
const fakeView: View = {
  id: 'fake',
  title: 'Fake',
  hotkey: { key: 'F9' },
  axis: 'host',
  component: ({ chain }) => <p>drawn by the fake view: {chain.chain.layers.length} layers</p>,
};

async function opened(views: readonly View[]) {
  start(goldenChain(), {}, views);
  await openTarget(target);
  await screen.findByRole('heading', { level: 1 });
}

test('ids, titles and hotkeys of views are each used once, and none is a hotkey of a command', () => {
  const parts = [
    VIEWS.map(({ id }) => id),
    VIEWS.map(({ title }) => title),
    [...VIEWS.map(({ hotkey }) => hotkey), ...COMMANDS.flatMap(({ hotkeys }) => hotkeys)].map(hotkey =>
      JSON.stringify(hotkey),
    ),
  ];
  for (const part of parts) expect(new Set(part).size).toBe(part.length);
});

test('the README names every view and the keys that show them', () => {
  const keys = VIEWS.map(({ hotkey }) => hotkey.key);
  expect(keys).toEqual(VIEWS.map((_, index) => `${index + 1}`));
  const titles = VIEWS.map(({ title }) => title.toLowerCase()).join(', ');
  const readme = readFileSync('README.md', 'utf8');
  expect(readme).toContain(`\`1\` to \`${keys.at(-1)}\` show the views: ${titles}.`);
});

test('with one view there is nothing to choose, and its hotkey is no command', async () => {
  await opened(VIEWS.slice(0, 1));
  expect(screen.queryByRole('navigation', { name: 'View' })).toBeNull();
  expect(windowCommands()).toEqual(COMMANDS);
  expect(await screen.findByRole('heading', { level: 2, name: 'Guest' })).toBeTruthy();
});

test('a view that is registered is offered beside the others, and shown in the frame when it is chosen', async () => {
  await opened([...VIEWS, fakeView]);
  const choice = screen.getByRole('navigation', { name: 'View' });
  expect(within(choice).getByRole('button', { name: 'Chain' }).getAttribute('aria-pressed')).toBe('true');
  expect(screen.queryByText(/drawn by the fake view/)).toBeNull();
  fireEvent.click(within(choice).getByRole('button', { name: 'Fake' }));
  expect(await screen.findByText('drawn by the fake view: 3 layers')).toBeTruthy();
  expect(screen.queryByRole('heading', { level: 2, name: 'Guest' })).toBeNull();
  expect(screen.queryByRole('region', { name: /Legend/ })).toBeNull();
  // The frame is the same.
  expect(screen.getByRole('complementary', { name: 'Inspector' })).toBeTruthy();
  expect(screen.getByRole('contentinfo')).toBeTruthy();
  fireEvent.keyDown(window, { key: '1' });
  expect(await screen.findByRole('heading', { level: 2, name: 'Guest' })).toBeTruthy();
});

test('a view is shown by its hotkey, by the palette, and is named on the key sheet', async () => {
  await opened([...VIEWS, fakeView]);
  fireEvent.keyDown(window, { key: 'F9' });
  expect(await screen.findByText(/drawn by the fake view/)).toBeTruthy();
  fireEvent.keyDown(window, { key: '?' });
  const sheet = await screen.findByRole('dialog');
  expect(sheet.textContent).toContain('Show Fake');
  fireEvent.click(within(sheet).getByRole('button', { name: 'Close' }));
  fireEvent.keyDown(window, { key: 'P', ctrlKey: true, shiftKey: true });
  const field = await screen.findByRole('combobox');
  fireEvent.change(field, { target: { value: 'show chain' } });
  fireEvent.keyDown(field, { key: 'Enter' });
  await waitFor(() => expect(screen.queryByText(/drawn by the fake view/)).toBeNull());
});

test('zoom, pan and history are those of the axis of the view that is shown', async () => {
  await opened([...VIEWS, fakeView]);
  setAxis('host', { size: 1000, width: 100, viewport: { start: 0, end: 600 } });
  const { viewport: guest } = getAxis('guest');
  fireEvent.keyDown(window, { key: 'F9' });
  fireEvent.keyDown(window, { key: '0' });
  await waitFor(() => expect(getAxis('host').viewport).toEqual({ start: 0, end: 1000 }));
  expect(getAxis('guest').viewport).toEqual(guest);
});

test('the views stay chosen when another chain opens', async () => {
  await opened([...VIEWS, fakeView]);
  fireEvent.keyDown(window, { key: 'F9' });
  await openTarget({ kind: 'files', files: ['/images/other.qcow2'] });
  expect(await screen.findByText(/drawn by the fake view/)).toBeTruthy();
});
