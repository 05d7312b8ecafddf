import { screen } from '@testing-library/react';
import { expect, test } from 'vitest';
import { openTarget } from '../../../../../renderer/state/chain/opening.ts';
import { getState } from '../../../../../renderer/state/store.ts';
import { NO_FINDINGS } from '../../../../../shared/model/finding.ts';
import { ok } from '../../../../../shared/result.ts';
import { goldenChain } from '../../../../support/window/fake-chain.ts';
import { argsOf, start } from '../../../../support/window/fake-window.tsx';

const golden = { kind: 'files', files: ['/images/top.qcow2'] } as const;

test('the window subscribes to a chain once it knows it, and takes what is pushed from then on', async () => {
  const bridge = start();
  const { info, tracks } = goldenChain();
  const summary = { total: 3, severities: { ...NO_FINDINGS.severities, leak: 3 } };
  bridge.answer('chain:open', () => ok({ sessionId: 7, chain: info, tracks: tracks.slice(0, 2) }));
  bridge.answer('chain:subscribe', ({ sessionId }) => {
    bridge.push('chain:tracks', { sessionId, tracks });
    bridge.push('chain:findings', { sessionId, summary });
    return ok(null);
  });
  await openTarget(golden);
  expect(argsOf(bridge, 'chain:subscribe')).toEqual([{ sessionId: 7 }]);
  expect(getState().findings).toEqual(summary);
  expect(getState().chain?.tracks).toEqual(tracks);
});

test('pushes of another session are ignored', async () => {
  const bridge = start();
  await openTarget(golden);
  const summary = { total: 6, severities: { ...NO_FINDINGS.severities, leak: 6 } };
  bridge.push('chain:findings', { sessionId: 99, summary });
  expect(getState().findings).toEqual(NO_FINDINGS);
});

test('a command that the menu pushes runs', async () => {
  const bridge = start();
  bridge.push('app:command', { id: 'help' });
  expect(await screen.findByRole('dialog')).toBeTruthy();
});
