import { fireEvent, screen, waitFor, within } from '@testing-library/react';
import { expect, test, vi } from 'vitest';
import { runCommand } from '../../../../../renderer/state/commands/commands.ts';
import { getState } from '../../../../../renderer/state/store.ts';
import { fail, ok } from '../../../../../shared/result.ts';
import type { FakeBridge } from '../../../../support/window/fake-bridge.ts';
import { fakePlan } from '../../../../support/window/fake-plan.ts';
import { argsOf, start } from '../../../../support/window/fake-window.tsx';

/** The window with the golden chain open and the planner shown. */
async function openPlanner(answer: Parameters<FakeBridge['answer']>[1] = () => ok(fakePlan()) as never) {
  const bridge = start();
  bridge.answer('plan:make', answer as never);
  runCommand('open');
  await waitFor(() => expect(getState().chain).toBeDefined());
  fireEvent.keyDown(window, { key: '4' });
  return bridge;
}

test('the planner plans a commit of the top at once, and shows hazards before anything else', async () => {
  const bridge = await openPlanner();
  const hazards = await screen.findByRole('region', { name: 'Hazards' });
  expect(argsOf(bridge, 'plan:make')).toEqual([
    expect.objectContaining({ choice: expect.objectContaining({ operation: 'commit', job: 'qemu-img' }) }),
  ]);
  expect(within(hazards).getByText(/Old data comes back\\u\{202e\}\./)).toBeTruthy();
  expect(within(hazards).getByText('guest 0x0001_0000, 64 KiB')).toBeTruthy();
  expect(within(hazards).queryByText(/looked for/)).toBeNull();
  const headings = screen.getAllByRole('heading', { level: 3 }).map(heading => heading.textContent);
  expect(headings[0]).toBe('Hazards');
  expect(within(screen.getByRole('region', { name: 'Notes' })).getByText(/looked for/)).toBeTruthy();
  expect(screen.getByText('64 KiB (65,536 bytes)')).toBeTruthy();
  expect(screen.getByText(/will not run the commands/)).toBeTruthy();
  expect(within(hazards).getByText('qemu-img resize').tagName).toBe('CODE');
  const aborted = screen.getByRole('region', { name: 'If it is aborted' });
  expect(within(aborted).getByText('qemu-img check').tagName).toBe('CODE');
  fireEvent.change(screen.getByRole('spinbutton'), { target: { value: '0' } });
  expect(screen.getByText(/takes about 1 s/)).toBeTruthy();
});

test('another layer that is chosen makes another plan, and impossible layers cannot be chosen', async () => {
  const bridge = await openPlanner();
  await screen.findByRole('region', { name: 'Hazards' });
  const paths = getState().chain!.chain.layers.map(({ path }) => path);
  expect(screen.getByRole<HTMLInputElement>('radio', { name: /^Commit base/ }).disabled).toBe(true);
  expect(screen.getByRole<HTMLInputElement>('radio', { name: /^Into top/ }).disabled).toBe(true);
  fireEvent.click(screen.getByRole('radio', { name: /^Commit mid/ }));
  await waitFor(() => expect(argsOf(bridge, 'plan:make')).toHaveLength(2));
  expect(argsOf(bridge, 'plan:make')[1]).toMatchObject({ choice: { from: paths[1], into: paths[0] } });
  fireEvent.click(screen.getByRole('radio', { name: /running qemu/ }));
  await waitFor(() => expect(argsOf(bridge, 'plan:make')).toHaveLength(3));
  expect(argsOf(bridge, 'plan:make')[2]).toMatchObject({ choice: { job: 'live' } });
  fireEvent.change(screen.getByRole('combobox', { name: /Version/ }), { target: { value: '10.2' } });
  await waitFor(() => expect(argsOf(bridge, 'plan:make')).toHaveLength(4));
  expect(argsOf(bridge, 'plan:make')[3]).toMatchObject({ choice: { qemu: { major: 10, minor: 2 } } });
});

test('the commands are copied as they are', async () => {
  const writeText = vi.fn(async (_text: string) => {});
  await openPlanner();
  vi.stubGlobal('navigator', { ...navigator, clipboard: { writeText } });
  fireEvent.click(await screen.findByRole('button', { name: 'Copy' }));
  await waitFor(() => expect(writeText).toHaveBeenCalledWith(fakePlan().plan.commands.join('\n')));
  vi.unstubAllGlobals();
});

test('a plan that cannot be made says why, and one under way can be given up', async () => {
  let answer = () =>
    fail({
      code: 'PLAN_CHAIN_INCOMPLETE',
      what: 'a backing file is missing',
      subject: '/gone',
      advice: 'find it',
    });
  const bridge = await openPlanner((() => answer()) as never);
  expect(await screen.findByText('PLAN_CHAIN_INCOMPLETE')).toBeTruthy();
  answer = () => new Promise(() => {}) as never;
  fireEvent.click(screen.getByRole('button', { name: 'Flatten' }));
  fireEvent.click(await screen.findByRole('button', { name: 'Cancel' }));
  await waitFor(() => expect(argsOf(bridge, 'plan:cancel')).toHaveLength(1));
  expect(screen.getByText('No plan was made.')).toBeTruthy();
});

test('a plan of another chain than the one that is open is not shown', async () => {
  let finish: (reply: unknown) => void = () => {};
  await openPlanner((() => new Promise(resolve => (finish = resolve))) as never);
  await screen.findByText('Planning…');
  runCommand('close');
  await waitFor(() => expect(getState().chain).toBeUndefined());
  finish(ok(fakePlan()));
  await Promise.resolve();
  expect(getState().planner).toBeUndefined();
});
