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

test('a layer that is drawn from its tables and could not be cross-checked is not called unread', async () => {
  const bridge = start();
  await openTarget(golden);
  const metadata = { layer: 1, witness: 'metadata', phase: 'done', covered: 100, total: 100 } as const;
  const nbd = { layer: 1, witness: 'nbd', phase: 'failed', covered: 0, total: 100 } as const;
  bridge.push('chain:progress', { sessionId: 1, layers: [metadata, nbd] });
  await screen.findByText(/Not cross-checked: qemu-nbd failed/);
  expect(screen.queryByText(/what was not read stays unknown/)).toBeNull();
  const unread = { layer: 0, witness: 'nbd', phase: 'failed', covered: 0, total: 100 } as const;
  bridge.push('chain:progress', { sessionId: 1, layers: [metadata, nbd, unread] });
  await screen.findByText(/what was not read stays unknown/);
});
