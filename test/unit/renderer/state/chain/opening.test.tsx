import { screen } from '@testing-library/react';
import { expect, test } from 'vitest';
import { openTarget } from '../../../../../renderer/state/chain/opening.ts';
import { announce } from '../../../../../renderer/state/store.ts';
import { start } from '../../../../support/window/fake-window.tsx';

test('the message about one chain is not shown with the next one', async () => {
  start();
  await openTarget({ kind: 'files', files: ['/images/other.qcow2'] });
  announce('1 of 2: finding in other.qcow2');
  const bar = document.querySelector('.status-bar');
  await screen.findByText('1 of 2: finding in other.qcow2', { selector: '.status-message' });
  await openTarget({ kind: 'files', files: ['/images/top.qcow2'] });
  await screen.findByRole('heading', { level: 2, name: 'Guest' });
  expect(bar).not.toBeNull();
  expect(document.querySelector('.status-message')).toBeNull();
});
