import { fireEvent, screen } from '@testing-library/react';
import { expect, test } from 'vitest';
import { openTarget } from '../../../../renderer/state/chain/opening.ts';
import { getState } from '../../../../renderer/state/store.ts';
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

test('an offset past the end of the disk moves nothing and is answered', async () => {
  start();
  await openTarget(golden);
  const field = await screen.findByLabelText('Go to offset');
  fireEvent.change(field, { target: { value: '1T' } });
  fireEvent.submit(field);
  expect((await screen.findByRole('alert')).textContent).toBe('The disk ends at 1.25 MiB.');
  expect(getState().selection).toBeUndefined();
});

test('hexadecimal without 0x is asked about, and going there gives the focus back to the track', async () => {
  start();
  await openTarget(golden);
  const field = await screen.findByLabelText('Go to offset');
  fireEvent.change(field, { target: { value: 'c0000' } });
  fireEvent.submit(field);
  fireEvent.click(await screen.findByRole('button', { name: 'Go to 0xc0000' }));
  expect(getState().selection).toEqual({ track: 0, offset: 0xc0000 });
  expect(document.activeElement).toBe(document.querySelector('[data-track="0"] canvas'));
});
