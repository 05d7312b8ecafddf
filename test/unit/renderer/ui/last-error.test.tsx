import { fireEvent, screen, waitFor, within } from '@testing-library/react';
import { expect, test } from 'vitest';
import { openTarget, refreshApp } from '../../../../renderer/state/chain/opening.ts';
import { getState, useStore } from '../../../../renderer/state/store.ts';
import { fail, ok } from '../../../../shared/result.ts';
import { goldenChain } from '../../../support/window/fake-chain.ts';
import { argsOf, start } from '../../../support/window/fake-window.tsx';

const golden = { kind: 'files', files: ['/images/top.qcow2'] } as const;

test('an error is shown as a sentence with its file, code and advice until it is dismissed', async () => {
  const bridge = start();
  bridge.answer('chain:open', () =>
    fail({
      code: 'QCOW2_BAD_MAGIC',
      what: 'the file does not begin like a qcow2 image',
      subject: '/a/b\u202e.img',
      advice: 'choose another file',
    }),
  );
  await openTarget(golden);
  const alert = await screen.findByRole('alert');
  expect(alert.textContent).toContain('The file does not begin like a qcow2 image.');
  expect(alert.textContent).toContain('/a/b\\u{202e}.img');
  expect(alert.textContent).toContain('Choose another file.');
  expect(within(alert).getByText('QCOW2_BAD_MAGIC')).toBeTruthy();
  fireEvent.click(within(alert).getByRole('button', { name: 'Dismiss' }));
  expect(screen.queryByRole('alert')).toBeNull();
});

test('key files that an address names are opened only with consent', async () => {
  const bridge = start();
  const target = { kind: 'nbd', uri: 'nbds://h/x?tls-certificates=/keys&tls-psk-file=/k' } as const;
  const refusal = { code: 'NBD_URI_LOCAL_FILE', what: 'the address names this file', advice: '' };
  bridge.answer('chain:open', ({ consent }) => {
    const subject = ['/keys', '/k'].find(path => !consent.allow.includes(path));
    const { info, tracks } = goldenChain();
    return subject === undefined ? ok({ sessionId: 1, chain: info, tracks }) : fail({ ...refusal, subject });
  });
  await openTarget(target);
  fireEvent.click(await screen.findByRole('button', { name: 'Allow it and open' }));
  await waitFor(() => expect(screen.getByRole('alert').textContent).toMatch(/\/k(?!eys)/));
  fireEvent.click(screen.getByRole('button', { name: 'Allow it and open' }));
  await waitFor(() => expect(getState().chain).toBeDefined());
  expect(argsOf(bridge, 'chain:open').at(-1)).toEqual({
    target,
    consent: { allow: ['/keys', '/k'], allowAll: false },
  });
  // The same code from elsewhere has nothing to open again.
  useStore.setState({ error: { ...refusal, subject: '/keys' } });
  expect(await screen.findByRole('alert')).toBeTruthy();
  expect(screen.queryByRole('button', { name: 'Allow it and open' })).toBeNull();
});

test('an error is shown when there is no main process to answer', async () => {
  start();
  Object.assign(window, { cowscope: undefined });
  await refreshApp();
  expect((await screen.findByRole('alert')).textContent).toContain('WINDOW_NO_BRIDGE');
});
