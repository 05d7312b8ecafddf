import { fireEvent, screen, waitFor } from '@testing-library/react';
import { expect, test } from 'vitest';
import { openTarget } from '../../../../renderer/state/chain/opening.ts';
import { getState } from '../../../../renderer/state/store.ts';
import { ok } from '../../../../shared/result.ts';
import { goldenChain } from '../../../support/window/fake-chain.ts';
import { argsOf, start } from '../../../support/window/fake-window.tsx';

const golden = { kind: 'files', files: ['/images/top.qcow2'] } as const;
const silent = { kind: 'nbd', uri: 'nbd://silent/disk' } as const;

test('over an open chain it is said what is being opened, and giving up keeps the chain', async () => {
  const chain = goldenChain();
  const bridge = start(chain);
  await openTarget(golden);
  await screen.findByRole('heading', { level: 2, name: 'Guest' });
  expect(screen.queryByRole('status', { name: 'Opening' })).toBeNull();
  let answer = (): void => {};
  bridge.answer('chain:open', () => {
    const reply = ok({ sessionId: 7, chain: chain.info, tracks: chain.tracks });
    return new Promise(resolve => {
      answer = () => resolve(reply);
    });
  });
  const opening = openTarget(silent);
  expect((await screen.findByRole('status', { name: 'Opening' })).textContent).toContain(
    'Opening nbd://silent/disk…',
  );
  fireEvent.click(screen.getByRole('button', { name: 'Cancel' }));
  await waitFor(() => expect(screen.queryByRole('status', { name: 'Opening' })).toBeNull());
  answer();
  await opening;
  expect(getState()).toMatchObject({ target: golden, chain: { sessionId: 1 } });
  expect(argsOf(bridge, 'chain:close')).toEqual([{ sessionId: 7 }]);
});

test('on the start screen the file that is being opened is named, and can be given up', async () => {
  const bridge = start();
  bridge.answer('chain:open', () => new Promise(() => {}));
  void openTarget(golden);
  expect((await screen.findByRole('status', { name: 'Opening' })).textContent).toContain(
    'Opening top.qcow2…',
  );
  fireEvent.click(screen.getByRole('button', { name: 'Cancel' }));
  await waitFor(() => expect(getState().opening).toBeUndefined());
});
