import { act, fireEvent, screen, waitFor } from '@testing-library/react';
import { expect, test } from 'vitest';
import { runCommand } from '../../../../../renderer/state/commands/commands.ts';
import { getState } from '../../../../../renderer/state/store.ts';
import { fail, ok } from '../../../../../shared/result.ts';
import { argsOf, start } from '../../../../support/window/fake-window.tsx';

/** The window with a chain open and the dialog shown. */
async function openDialog() {
  const bridge = start();
  runCommand('open');
  await waitFor(() => expect(getState().chain).toBeDefined());
  runCommand('capture');
  expect(await screen.findByRole('dialog', { name: 'Write a capture' })).toBeTruthy();
  return bridge;
}

const LAYER = {
  name: 'n0000',
  format: 'qcow2',
  captured: 65_536,
  unchanged: true,
  left: 0,
  unreadBytes: 0,
} as const;

test('a capture has no names unless that is switched off, and what is in it is listed', async () => {
  const bridge = await openDialog();
  const summary = {
    path: '/home/chain.cowscope',
    bytes: 2048,
    redacted: true,
    complete: true,
    layers: [LAYER],
  };
  bridge.answer('capture:save', () => ok(summary));
  expect(screen.getByRole<HTMLInputElement>('checkbox', { name: /Replace the names/ }).checked).toBe(true);
  fireEvent.click(screen.getByRole('button', { name: 'Save…' }));
  expect(await screen.findByRole('dialog', { name: 'The capture was written' })).toBeTruthy();
  expect(screen.getByText('/home/chain.cowscope: 1 layer, 2 KiB, names redacted')).toBeTruthy();
  expect(screen.getByText(/^not captured: data of the guest/)).toBeTruthy();
  expect(argsOf(bridge, 'capture:save')).toEqual([{ sessionId: 1, showPaths: false }]);
});

test('the dialog shows how far the capture is, ends it, and says what went wrong', async () => {
  const bridge = await openDialog();
  let finish: (reply: never) => void = () => {};
  bridge.answer('capture:save', () => new Promise(resolve => (finish = resolve as never)));
  fireEvent.click(screen.getByRole('checkbox', { name: /Replace the names/ }));
  fireEvent.click(screen.getByRole('button', { name: 'Save…' }));
  expect(await screen.findByText('Choose a file…')).toBeTruthy();
  act(() => bridge.push('capture:progress', { layer: 1, layers: 2, bytes: 2 ** 20 }));
  expect(screen.getByText('Reading layer 1 of 2: 1 MiB…')).toBeTruthy();
  fireEvent.click(screen.getByRole('button', { name: 'Cancel' }));
  await waitFor(() => expect(argsOf(bridge, 'capture:cancel')).toHaveLength(1));
  finish(
    fail({ code: 'OUTPUT_IS_IMAGE', what: 'it is an image', subject: '/base', advice: 'another' }) as never,
  );
  expect(await screen.findByText('It is an image.')).toBeTruthy();
  expect(argsOf(bridge, 'capture:save')).toEqual([{ sessionId: 1, showPaths: true }]);
});
