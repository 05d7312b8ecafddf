import { act, screen } from '@testing-library/react';
import { expect, test } from 'vitest';
import { runCommand } from '../../../../../renderer/state/commands/commands.ts';
import { LEGEND } from '../../../../../shared/legend.ts';
import { start } from '../../../../support/window/fake-window.tsx';

test('every color has its meaning, and every word of the glossary, also while no chain is open', async () => {
  start();
  act(() => runCommand('meanings'));
  const dialog = await screen.findByRole('dialog', { name: 'What the colors and words mean' });
  for (const { label, meaning } of Object.values(LEGEND)) {
    expect(dialog.textContent).toContain(label);
    expect(dialog.textContent).toContain(meaning);
  }
  const word = await screen.findByText('orphan table');
  expect(word.nextElementSibling?.textContent).toBe(
    'a cluster that nothing refers to and that looks like an L1 or L2 table',
  );
  expect(dialog.textContent).not.toMatch(/\*\*|\]\(|`/);
});
