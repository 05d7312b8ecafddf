import { fireEvent, screen, waitFor, within } from '@testing-library/react';
import { expect, test } from 'vitest';
import { openTarget } from '../../../../renderer/state/chain/opening.ts';
import { argsOf, start } from '../../../support/window/fake-window.tsx';

const golden = { kind: 'files', files: ['/images/top.qcow2'] } as const;

test('progress of reading is shown by layer and can be stopped', async () => {
  const bridge = start();
  await openTarget(golden);
  bridge.push('chain:progress', {
    sessionId: 1,
    layers: [
      { layer: 1, witness: 'nbd', phase: 'reading', covered: 41, total: 100 },
      { layer: 0, witness: 'nbd', phase: 'waiting', covered: 0, total: 100 },
    ],
  });
  await screen.findByText(/41 %/);
  fireEvent.click(screen.getByRole('button', { name: 'Cancel' }));
  await waitFor(() => expect(argsOf(bridge, 'chain:cancel')).toEqual([{ sessionId: 1 }]));
});

test.each([
  ['cancelled', 'Continue reading'],
  ['failed', 'Retry'],
] as const)('reading that was %s is continued from the status bar', async (phase, name) => {
  const bridge = start();
  await openTarget(golden);
  bridge.push('chain:progress', {
    sessionId: 1,
    layers: [{ layer: 1, witness: 'nbd', phase, covered: 41, total: 100 }],
  });
  const bar = (await screen.findByText(/what was not read stays unknown/)).closest('footer') as HTMLElement;
  fireEvent.click(within(bar).getByRole('button', { name }));
  await waitFor(() => expect(argsOf(bridge, 'chain:retry')).toEqual([{ sessionId: 1 }]));
});
