import { fireEvent, screen, waitFor, within } from '@testing-library/react';
import { expect, test } from 'vitest';
import { openTarget } from '../../../../renderer/state/chain/opening.ts';
import { shortMiddleChain } from '../../../support/window/fake-chain.ts';
import { argsOf, start } from '../../../support/window/fake-window.tsx';

const golden = { kind: 'files', files: ['/images/top.qcow2'] } as const;

test('consent is asked for before a backing file in another folder opens', async () => {
  const bridge = start(shortMiddleChain('needsConsent'));
  await openTarget(golden);
  const notice = await screen.findByRole('region', { name: 'Consent needed' });
  expect(notice.textContent).toContain('/srv/gold/windows-server-2022.qcow2');
  fireEvent.click(within(notice).getByRole('button', { name: 'Open this file' }));
  await waitFor(() => expect(argsOf(bridge, 'chain:open')).toHaveLength(2));
  expect(argsOf(bridge, 'chain:open')[1]).toMatchObject({
    consent: { allow: ['/srv/gold/windows-server-2022.qcow2'], allowAll: false },
  });
});

test('without consent the link stays a dashed lane', async () => {
  start(shortMiddleChain('needsConsent'));
  await openTarget(golden);
  fireEvent.click(await screen.findByRole('button', { name: 'Leave it closed' }));
  expect(screen.queryByRole('region', { name: 'Consent needed' })).toBeNull();
  expect(screen.getByRole('region', { name: 'Backing file not opened' })).toBeTruthy();
});
