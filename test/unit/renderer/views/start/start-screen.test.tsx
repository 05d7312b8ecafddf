import { fireEvent, screen, waitFor } from '@testing-library/react';
import { expect, test } from 'vitest';
import { refreshApp } from '../../../../../renderer/state/chain/opening.ts';
import { getState } from '../../../../../renderer/state/store.ts';
import { goldenChain } from '../../../../support/window/fake-chain.ts';
import { argsOf, start } from '../../../../support/window/fake-window.tsx';

const golden = { kind: 'files', files: ['/images/top.qcow2'] } as const;

test('the start screen offers what can be opened and says that nothing is written', async () => {
  const bridge = start(goldenChain(), {
    recent: [{ title: 'vm7.qcow2', target: golden }],
    samples: [{ name: 'golden', files: ['/samples/top.qcow2'] }],
  });
  await refreshApp();
  await screen.findByRole('heading', { name: 'Drop disk images here' });
  expect(screen.getByText(/Nothing is ever written/)).toBeTruthy();
  fireEvent.click(await screen.findByRole('button', { name: 'golden' }));
  await waitFor(() => expect(getState().chain).toBeDefined());
  expect(argsOf(bridge, 'chain:open')).toEqual([
    { target: { kind: 'files', files: ['/samples/top.qcow2'] }, consent: { allow: [], allowAll: false } },
  ]);
});

test('an address that is its own title is listed once', async () => {
  const uri = 'nbd://storage-3/vm7';
  start(goldenChain(), { recent: [{ title: uri, target: { kind: 'nbd', uri } }] });
  await refreshApp();
  expect((await screen.findByRole('button', { name: uri })).textContent).toBe(uri);
});

test('recent targets open and can be cleared', async () => {
  const bridge = start(goldenChain(), { recent: [{ title: 'vm7.qcow2', target: golden }] });
  await refreshApp();
  expect(await screen.findByRole('button', { name: /vm7\.qcow2/ })).toBeTruthy();
  fireEvent.click(screen.getByRole('button', { name: 'Clear' }));
  await waitFor(() => expect(argsOf(bridge, 'app:clearRecent')).toHaveLength(1));
});
