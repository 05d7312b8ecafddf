import { fireEvent, screen } from '@testing-library/react';
import { expect, test } from 'vitest';
import { openTarget } from '../../../../../renderer/state/chain/opening.ts';
import { getState } from '../../../../../renderer/state/store.ts';
import { start } from '../../../../support/window/fake-window.tsx';

const golden = { kind: 'files', files: ['/images/top.qcow2'] } as const;

test('plain keys run no command while text is typed', async () => {
  start();
  await openTarget(golden);
  const field = await screen.findByLabelText('Go to offset');
  const open = getState().inspectorOpen;
  fireEvent.keyDown(field, { key: 'i' });
  expect(getState().inspectorOpen).toBe(open);
  fireEvent.keyDown(document.body, { key: 'i' });
  expect(getState().inspectorOpen).toBe(!open);
});
