import { fireEvent, screen, waitFor } from '@testing-library/react';
import { expect, test } from 'vitest';
import { openTarget } from '../../../../renderer/state/chain/opening.ts';
import { makeFinding } from '../../../../shared/model/finding.ts';
import type { StoreImageInfo } from '../../../../shared/model/store/store-page.ts';
import { ok } from '../../../../shared/result.ts';
import { argsOf, start } from '../../../support/window/fake-window.tsx';

const FILES = ['/d/top', '/d/base'];
const differs = makeFinding({ code: 'CHAIN_ORDER_DIFFERS', severity: 'hazard', what: 'another order' });

test('an order against the links has a banner that opens the files in their recorded order', async () => {
  const bridge = start();
  const images = [{}, { backing: { image: 0 } }] as unknown as readonly StoreImageInfo[];
  bridge.answer('store:arrange', () => ok({ images, indexes: [1, 0], chains: [[0, 1]], loops: [] }));
  await openTarget({ kind: 'files', files: FILES });
  expect(screen.queryByRole('region', { name: 'Order of the layers' })).toBeNull();
  bridge.find(differs);
  fireEvent.click(await screen.findByRole('button', { name: 'Use recorded order' }));
  await waitFor(() => expect(argsOf(bridge, 'chain:open')).toHaveLength(2));
  expect(argsOf(bridge, 'chain:open')[1]).toMatchObject({
    target: { kind: 'files', files: ['/d/base', '/d/top'] },
  });
});

test('where the links do not join all files the order is asked for', async () => {
  const bridge = start();
  await openTarget({ kind: 'files', files: FILES });
  bridge.find(differs);
  fireEvent.click(await screen.findByRole('button', { name: 'Use recorded order' }));
  expect(await screen.findByRole('dialog')).toBeTruthy();
  expect(screen.getByText('Arrange the chain')).toBeTruthy();
});
