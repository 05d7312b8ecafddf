import { screen } from '@testing-library/react';
import { expect, test } from 'vitest';
import { openTarget } from '../../../../renderer/state/chain/opening.ts';
import { fakeChain, layerInfo } from '../../../support/window/fake-chain.ts';
import { start } from '../../../support/window/fake-window.tsx';

const target = { kind: 'files', files: ['/home/case.cowscope'] } as const;

test('a chain that is read from a capture is called one, and offers to open nothing on this machine', async () => {
  const error = { code: 'CAPTURE_LINK', what: 'not opened', subject: '', advice: '' };
  const backing = {
    recorded: 'n0000',
    recordedFormat: '',
    resolved: '',
    status: 'needsConsent',
    error,
  } as const;
  const chain = fakeChain([{ info: layerInfo(0, 'n0000001', 65536, { backing }), starts: [0], flags: [0] }]);
  const capture = {
    path: '/home/case.cowscope',
    created: Date.UTC(2026, 0, 2, 3, 4),
    tool: 'cowscope 0.1.0',
    qemu: '',
    redacted: true,
  };
  start({ ...chain, info: { ...chain.info, capture } });
  await openTarget(target);
  const notice = await screen.findByRole('region', { name: 'Capture' });
  expect(notice.textContent).toMatch(
    /Capture of 2026-01-02 .*cowscope 0\.1\.0: metadata only, names redacted/,
  );
  expect(screen.queryByRole('region', { name: 'Consent needed' })).toBeNull();
  expect(await screen.findByText('CAPTURE_LINK')).toBeTruthy();
  expect(screen.queryByRole('button', { name: /Open this file|Locate file/ })).toBeNull();
});
