import { fireEvent, screen, waitFor, within } from '@testing-library/react';
import { expect, test } from 'vitest';
import { openTarget } from '../../../../renderer/state/chain/opening.ts';
import { getState } from '../../../../renderer/state/store.ts';
import { goldenChain } from '../../../support/window/fake-chain.ts';
import { argsOf, start } from '../../../support/window/fake-window.tsx';

test('a chain whose files have changed on disk has a notice, and is opened again on demand', async () => {
  const bridge = start(goldenChain());
  await openTarget({ kind: 'files', files: ['/images/top.qcow2'] });
  expect(screen.queryByRole('region', { name: 'Changed on disk' })).toBeNull();
  const { sessionId } = getState().chain!;
  bridge.push('chain:filesChanged', { sessionId: sessionId + 1, layers: [0] });
  expect(screen.queryByRole('region', { name: 'Changed on disk' })).toBeNull();
  bridge.push('chain:filesChanged', { sessionId, layers: [0, 2] });
  const notice = await screen.findByRole('region', { name: 'Changed on disk' });
  expect(notice.textContent).toContain('base.qcow2 and 1 more. What you see may be out of date.');
  fireEvent.click(within(notice).getByRole('button', { name: 'Reload' }));
  await waitFor(() => expect(argsOf(bridge, 'chain:open')).toHaveLength(2));
  expect(argsOf(bridge, 'chain:open')[1]).toEqual(argsOf(bridge, 'chain:open')[0]);
  await waitFor(() => expect(screen.queryByRole('region', { name: 'Changed on disk' })).toBeNull());
});
