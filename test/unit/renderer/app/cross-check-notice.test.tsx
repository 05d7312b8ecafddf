import { fireEvent, screen, waitFor, within } from '@testing-library/react';
import { expect, test } from 'vitest';
import { openTarget } from '../../../../renderer/state/chain/opening.ts';
import { remoteChain } from '../../../support/window/fake-chain.ts';
import { argsOf, start } from '../../../support/window/fake-window.tsx';

const golden = { kind: 'files', files: ['/images/top.qcow2'] } as const;

async function failed(code: string, what: string) {
  const bridge = start();
  await openTarget(golden);
  const error = { code, what, subject: '/images/top.qcow2', advice: '' };
  const done = { layer: 2, witness: 'metadata', phase: 'done', covered: 100, total: 100 } as const;
  const layer = { layer: 2, witness: 'nbd', phase: 'failed', covered: 0, total: 100, error } as const;
  bridge.push('chain:progress', { sessionId: 1, layers: [done, layer] });
  return bridge;
}

test('an image in use is named, and can be read ignoring its lock', async () => {
  const bridge = await failed('QEMU_IMAGE_LOCKED', 'another program has the image open');
  const notice = await screen.findByRole('region', { name: 'In use' });
  expect(notice.textContent).toContain('In use by another program: top.qcow2.');
  expect(notice.textContent).toContain('the image’s own tables and may be out of date');
  within(notice).getByRole('button', { name: 'Reload' });
  fireEvent.click(within(notice).getByRole('button', { name: 'Read anyway' }));
  await waitFor(() => expect(argsOf(bridge, 'chain:open')).toHaveLength(2));
  expect(argsOf(bridge, 'chain:open')[1]).toMatchObject({ target: golden, consent: { forceShare: true } });
});

test('an encrypted image says why it is not cross-checked, and offers no retry that cannot work', async () => {
  await failed('QEMU_ENCRYPTED', 'the image is encrypted');
  const notice = await screen.findByRole('region', { name: 'Encrypted' });
  expect(notice.textContent).toContain('qemu-nbd cannot cross-check top.qcow2 without its key');
  expect(within(notice).queryByRole('button')).toBeNull();
});

test('every other failed cross-check says why', async () => {
  await failed('QEMU_PERMISSION', 'qemu-nbd may not read the image');
  const notice = await screen.findByRole('region', { name: 'Not cross-checked' });
  expect(notice.textContent).toContain('qemu-nbd may not read the image');
  within(notice).getByRole('button', { name: 'Retry' });
});

test('a server that fails is not called qemu-nbd: nothing is known of what it is', async () => {
  const bridge = start(remoteChain());
  await openTarget({ kind: 'nbd', uri: 'nbd://host/disk' });
  const what = 'connection refused: nothing listens there';
  const error = { code: 'NBD_CONNECT_FAILED', what, subject: 'nbd://host/disk', advice: '' };
  const layer = { layer: 0, witness: 'nbd', phase: 'failed', covered: 0, total: 100, error } as const;
  bridge.push('chain:progress', { sessionId: 1, layers: [layer] });
  const notice = await screen.findByRole('region', { name: 'Not read' });
  expect(notice.textContent).toContain(
    `The server failed: nbd://host/disk: ${what}. What was not read stays`,
  );
  expect(notice.textContent).not.toContain('qemu-nbd');
  within(notice).getByRole('button', { name: 'Retry' });
});
