import { fireEvent, screen, waitFor } from '@testing-library/react';
import { expect, test, vi } from 'vitest';
import { openTarget } from '../../../../../../renderer/state/chain/opening.ts';
import { ok } from '../../../../../../shared/result.ts';
import { shortMiddleChain } from '../../../../../support/window/fake-chain.ts';
import { argsOf, start } from '../../../../../support/window/fake-window.tsx';

const golden = { kind: 'files', files: ['/images/top.qcow2'] } as const;

test('a missing backing file is named, with the reason', async () => {
  start(shortMiddleChain('missing'));
  await openTarget(golden);
  const lane = await screen.findByRole('region', { name: 'Missing backing file' });
  expect(lane.textContent).toContain('windows-server-2022.qcow2');
  expect(lane.textContent).toContain('No such file');
});

test('a backing file whose name is lost is not called missing', async () => {
  const error = { code: 'CHAIN_BACKING_UNKNOWN', what: 'the name is lost', subject: '', advice: '' };
  start(shortMiddleChain('missing', { recorded: '', resolved: '', error }));
  await openTarget(golden);
  const lane = await screen.findByRole('region', { name: 'Backing file not known' });
  expect(lane.querySelector('h2')?.textContent).toBe('not known');
  expect(lane.textContent).toContain('The name is lost.');
});

test('a backing name that is a json: text is shown as it is', async () => {
  const recorded = 'json:{"driver":"qcow2","file":{"filename":"/a/x"}}';
  start(shortMiddleChain('missing', { recorded, resolved: '' }));
  await openTarget(golden);
  const lane = await screen.findByRole('region', { name: 'Missing backing file' });
  expect(lane.querySelector('h2')?.textContent).toBe(recorded);
});

test('the title names the folder of the image, which tells two of one name apart', async () => {
  start();
  await openTarget(golden);
  const title = (await screen.findByRole('heading', { level: 1 })).parentElement;
  expect(title?.textContent).toContain('top.qcow2images · 3 layers');
});

test.each([
  ['one file', ['/moved/gold.qcow2']],
  ['nothing', []],
])('a missing backing file is located: %s', async (_, chosen) => {
  const bridge = start(shortMiddleChain('missing'));
  await openTarget({ ...golden, snapshot: 'before' });
  bridge.answer('dialog:openFiles', () => ok(chosen));
  fireEvent.click(await screen.findByRole('button', { name: 'Locate file…' }));
  await waitFor(() => expect(argsOf(bridge, 'dialog:openFiles')).toHaveLength(1));
  await waitFor(() => expect(argsOf(bridge, 'chain:open')).toHaveLength(1 + chosen.length));
  if (chosen.length > 0)
    expect(argsOf(bridge, 'chain:open')[1]).toMatchObject({
      target: { ...golden, locate: chosen, snapshot: 'before' },
    });
});

test('a file that was located and refused gives way to the next one that is chosen', async () => {
  const bridge = start(shortMiddleChain('missing'));
  await openTarget({ ...golden, locate: ['/moved/picture.png'] });
  bridge.answer('dialog:openFiles', () => ok(['/moved/gold.qcow2']));
  fireEvent.click(await screen.findByRole('button', { name: 'Locate file…' }));
  await waitFor(() =>
    expect(argsOf(bridge, 'chain:open')[1]).toMatchObject({
      target: { ...golden, locate: ['/moved/gold.qcow2'] },
    }),
  );
});

test('a file of the missing name beside the image is offered, and the command that records it', async () => {
  const writeText = vi.fn(async (_: string) => {});
  vi.stubGlobal('navigator', { ...navigator, clipboard: { writeText } });
  const bridge = start(
    shortMiddleChain('missing', {
      beside: '/images/windows-server-2022.qcow2',
      fix: { backing: 'windows-server-2022.qcow2', format: 'qcow2', command: 'qemu-img rebase …' },
    }),
  );
  await openTarget(golden);
  fireEvent.click(await screen.findByRole('button', { name: 'Copy command that records it' }));
  expect(writeText).toHaveBeenCalledWith('qemu-img rebase …');
  vi.unstubAllGlobals();
  fireEvent.click(screen.getByRole('button', { name: 'Use windows-server-2022.qcow2 beside the image' }));
  await waitFor(() =>
    expect(argsOf(bridge, 'chain:open')[1]).toMatchObject({
      target: { ...golden, locate: ['/images/windows-server-2022.qcow2'] },
    }),
  );
});

test('several files located below a chain are ordered first', async () => {
  const bridge = start(shortMiddleChain('missing'));
  await openTarget(golden);
  bridge.answer('dialog:openFiles', () => ok(['/a', '/b']));
  fireEvent.click(await screen.findByRole('button', { name: 'Locate file…' }));
  expect(await screen.findByRole('button', { name: 'Open 5 layers' })).toBeTruthy();
});
