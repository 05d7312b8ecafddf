import { fireEvent, screen, within } from '@testing-library/react';
import { expect, test } from 'vitest';
import { COMMANDS, POINTER_ACTIONS } from '../../../../../shared/commands.ts';
import { start } from '../../../../support/window/fake-window.tsx';

test('the key sheet lists every command that has a key, and what the pointer does', async () => {
  start();
  fireEvent.keyDown(window, { key: '?' });
  const sheet = await screen.findByRole('dialog');
  for (const { label, hotkeys } of COMMANDS)
    if (hotkeys.length > 0) expect(sheet.textContent).toContain(label);
  for (const [gesture] of POINTER_ACTIONS) expect(sheet.textContent).toContain(gesture);
  fireEvent.click(within(sheet).getByRole('button', { name: 'Close' }));
  expect(screen.queryByRole('dialog')).toBeNull();
});
