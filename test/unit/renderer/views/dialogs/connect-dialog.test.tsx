import { act, fireEvent, screen, waitFor } from '@testing-library/react';
import { expect, test } from 'vitest';
import { runCommand } from '../../../../../renderer/state/commands/commands.ts';
import { getState } from '../../../../../renderer/state/store.ts';
import { argsOf, start } from '../../../../support/window/fake-window.tsx';

test('exports of an NBD server are listed and the chosen one opens', async () => {
  const bridge = start();
  runCommand('connect');
  fireEvent.change(await screen.findByLabelText('Address of the server'), {
    target: { value: ' nbd://host ' },
  });
  fireEvent.click(screen.getByRole('button', { name: 'List exports' }));
  fireEvent.click(await screen.findByRole('button', { name: /vm7\/disk0/ }));
  await waitFor(() => expect(getState().chain).toBeDefined());
  expect(argsOf(bridge, 'nbd:list')).toEqual([{ uri: 'nbd://host' }]);
  expect(argsOf(bridge, 'nbd:cancelList')).toEqual([undefined]); // the dialog has closed
  expect(argsOf(bridge, 'chain:open')).toMatchObject([
    { target: { kind: 'nbd', uri: 'nbd://host/vm7/disk0' } },
  ]);
});

test('an address that failed is there when the dialog is opened again, and its forms stay in sight while one types', async () => {
  start();
  act(() => runCommand('connect'));
  fireEvent.change(await screen.findByLabelText('Address of the server'), {
    target: { value: 'nbd://nowhere' },
  });
  expect(screen.getByRole('dialog').textContent).toContain('nbd://host:10809/export');
  fireEvent.click(screen.getByRole('button', { name: 'Close' }));
  await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
  act(() => runCommand('connect'));
  expect(await screen.findByLabelText('Address of the server')).toHaveProperty('value', 'nbd://nowhere');
});
