import { screen } from '@testing-library/react';
import { expect, test } from 'vitest';
import { openTarget } from '../../../../../renderer/state/chain/opening.ts';
import { shortMiddleChain } from '../../../../support/window/fake-chain.ts';
import { start } from '../../../../support/window/fake-window.tsx';

const target = { kind: 'files', files: ['/images/top.qcow2'] } as const;

test('the inspector of a chain without its base says first that it is not known what it hides there', async () => {
  start(shortMiddleChain('missing'));
  await openTarget(target);
  const summary = await screen.findByRole('region', { name: 'In this chain' });
  expect(summary.textContent).toMatch(
    /^In this chainIncomplete: a backing file is missing, so it is not known what these layers hide there\./,
  );
  expect(screen.getAllByRole('banner')[0]!.textContent).toContain('3 of at least 4 layers');
  expect(screen.getByRole('contentinfo').textContent).toContain('Incomplete chain');
  expect(screen.getByRole('region', { name: 'Findings' }).textContent).toContain(
    'of the layers that are open',
  );
});

test('a complete chain says none of it', async () => {
  start(shortMiddleChain());
  await openTarget(target);
  const summary = await screen.findByRole('region', { name: 'In this chain' });
  expect(summary.textContent).not.toContain('Incomplete');
  expect(screen.getByRole('contentinfo').textContent).not.toContain('Incomplete');
});
