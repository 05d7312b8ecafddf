import { fireEvent, screen, waitFor, within } from '@testing-library/react';
import { expect, test } from 'vitest';
import { openTarget } from '../../../../../../renderer/state/chain/opening.ts';
import { getState } from '../../../../../../renderer/state/store.ts';
import { largeChain, shortMiddleChain } from '../../../../../support/window/fake-chain.ts';
import { argsOf, start } from '../../../../../support/window/fake-window.tsx';

const golden = { kind: 'files', files: ['/images/top.qcow2'] } as const;

test('lanes are named from top to base, with control characters escaped', async () => {
  start(shortMiddleChain());
  await openTarget(golden);
  await screen.findByRole('heading', { level: 2, name: 'Guest' });
  const lanes = [...document.querySelectorAll('.lane-row')].map(lane => lane.getAttribute('aria-label'));
  expect(lanes).toHaveLength(4);
  expect(document.body.textContent).not.toContain('\u202e');
  expect(document.body.textContent).toContain('top\\u{202e}.qcow2');
});

test('an error of one layer is shown in its lane and can be retried there', async () => {
  const bridge = start();
  await openTarget(golden);
  const error = { code: 'QCOW2_L2_OUTSIDE', what: 'A table lies past the end', subject: '', advice: '' };
  bridge.push('chain:progress', {
    sessionId: 1,
    layers: [{ layer: 1, witness: 'metadata', phase: 'failed', covered: 0, total: 1, error }],
  });
  const message = await screen.findByText(/QCOW2_L2_OUTSIDE/);
  const lane = message.closest('.lane-row') as HTMLElement;
  expect(lane.getAttribute('aria-label')).toBe('mid.qcow2');
  fireEvent.click(within(lane).getByRole('button', { name: 'Retry' }));
  await waitFor(() => expect(argsOf(bridge, 'chain:retry')).toEqual([{ sessionId: 1 }]));
});

test('a lane says how much its layer holds and how much of that the guest reads', async () => {
  start();
  await openTarget(golden);
  const lane = (name: string) => screen.findByRole('region', { name });
  within(await lane('top.qcow2')).getByRole('heading');
  await within(await lane('top.qcow2')).findByText('holds 256 KiB, all read');
  const facts = await within(await lane('base.qcow2')).findByText('holds 512 KiB, 128 KiB read');
  expect(facts.title).toBe('Of 1 MiB it holds 512 KiB: the guest reads 128 KiB, and 384 KiB is hidden.');
  await within(await lane('guest')).findByText('what the VM reads · 640 KiB');
  const bar = facts.nextElementSibling as HTMLElement;
  expect([...bar.children].map(part => (part as HTMLElement).style.width)).toEqual(['12.5%', '37.5%']);
});

test('of one image alone the guest’s track is folded, and keys act on the layer’s; the eye shows it', async () => {
  start(largeChain(2 ** 30, 1, 100));
  await openTarget(golden);
  const eye = await screen.findByRole('button', { name: 'Show guest', pressed: false });
  const pictures = () => document.querySelectorAll('canvas[data-twin]').length;
  expect(pictures()).toBe(1);
  expect(getState().focusedTrack).toBe(1);
  fireEvent.click(eye);
  await waitFor(() => expect(pictures()).toBe(2));
});

test('the eye folds a lane and shows it again', async () => {
  start();
  await openTarget(golden);
  const eye = await screen.findByRole('button', { name: 'Show mid.qcow2', pressed: true });
  fireEvent.click(eye);
  await waitFor(() => expect(eye.getAttribute('aria-pressed')).toBe('false'));
  expect(document.querySelector('[data-track="2"] canvas[data-twin]')).toBeNull();
  fireEvent.click(eye);
  await waitFor(() => expect(document.querySelector('[data-track="2"] canvas[data-twin]')).not.toBeNull());
});
