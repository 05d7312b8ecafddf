import { fireEvent, screen, waitFor, within } from '@testing-library/react';
import { expect, test } from 'vitest';
import { openTarget } from '../../../../../../renderer/state/chain/opening.ts';
import { shortMiddleChain } from '../../../../../support/window/fake-chain.ts';
import { argsOf, start } from '../../../../../support/window/fake-window.tsx';

const golden = { kind: 'files', files: ['/images/top.qcow2'] } as const;

test('lanes are named from top to base, with control characters escaped', async () => {
  start(shortMiddleChain());
  await openTarget(golden);
  await screen.findByRole('heading', { level: 2, name: 'Guest' });
  const lanes = [...document.querySelectorAll('.lane-row')].map(lane => lane.getAttribute('aria-label'));
  expect(lanes).toHaveLength(4);
  expect(document.body.textContent).not.toContain('\u202e');
  expect(document.body.textContent).toContain('top\\u{202e}.qcow2');
});

test('an error of one layer is shown in its lane and can be retried there', async () => {
  const bridge = start();
  await openTarget(golden);
  const error = { code: 'QCOW2_L2_OUTSIDE', what: 'A table lies past the end', subject: '', advice: '' };
  bridge.push('chain:progress', {
    sessionId: 1,
    layers: [{ layer: 1, witness: 'metadata', phase: 'failed', covered: 0, total: 1, error }],
  });
  const message = await screen.findByText(/QCOW2_L2_OUTSIDE/);
  const lane = message.closest('.lane-row') as HTMLElement;
  expect(lane.getAttribute('aria-label')).toBe('mid.qcow2');
  fireEvent.click(within(lane).getByRole('button', { name: 'Retry' }));
  await waitFor(() => expect(argsOf(bridge, 'chain:retry')).toEqual([{ sessionId: 1 }]));
});
