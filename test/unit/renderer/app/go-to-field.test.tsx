import { fireEvent, screen } from '@testing-library/react';
import { expect, test } from 'vitest';
import { openTarget } from '../../../../renderer/state/chain/opening.ts';
import { start } from '../../../support/window/fake-window.tsx';

const golden = { kind: 'files', files: ['/images/top.qcow2'] } as const;

test('text that is no offset is reported with examples', async () => {
  start();
  await openTarget(golden);
  const field = await screen.findByLabelText('Go to offset');
  fireEvent.change(field, { target: { value: 'nowhere' } });
  fireEvent.submit(field);
  expect((await screen.findByRole('alert')).textContent).toContain('Not an offset');
  expect(field.getAttribute('aria-invalid')).toBe('true');
});
