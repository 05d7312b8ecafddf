import { fireEvent, screen, waitFor, within } from '@testing-library/react';
import { expect, test } from 'vitest';
import { openTarget, refreshApp } from '../../../../renderer/state/chain/opening.ts';
import { runCommand } from '../../../../renderer/state/commands/commands.ts';
import { seekFirst } from '../../../../renderer/state/selection/seek.ts';
import { selectAt } from '../../../../renderer/state/selection/selection.ts';
import { getState, useStore } from '../../../../renderer/state/store.ts';
import { COMMANDS } from '../../../../shared/commands.ts';
import { makeFinding, NO_FINDINGS } from '../../../../shared/model/finding.ts';
import { fail, ok } from '../../../../shared/result.ts';
import { goldenChain, shortMiddleChain } from '../../../support/window/fake-chain.ts';
import { argsOf, start } from '../../../support/window/fake-window.tsx';

const golden = { kind: 'files', files: ['/images/top.qcow2'] } as const;

test('the empty window offers what can be opened and says that nothing is written', async () => {
  const bridge = start(goldenChain(), {
    recent: [{ title: 'vm7.qcow2', target: golden }],
    samples: [{ name: 'golden', files: ['/samples/top.qcow2'] }],
  });
  await refreshApp();
  await screen.findByRole('heading', { name: 'Drop disk images here' });
  expect(screen.getByText(/Nothing is ever written/)).toBeTruthy();
  fireEvent.click(await screen.findByRole('button', { name: 'golden' }));
  await waitFor(() => expect(getState().chain).toBeDefined());
  expect(argsOf(bridge, 'chain:open')).toEqual([
    { target: { kind: 'files', files: ['/samples/top.qcow2'] }, consent: { allow: [], allowAll: false } },
  ]);
});

test('recent targets open and can be cleared', async () => {
  const bridge = start(goldenChain(), { recent: [{ title: 'vm7.qcow2', target: golden }] });
  await refreshApp();
  expect(await screen.findByRole('button', { name: /vm7\.qcow2/ })).toBeTruthy();
  fireEvent.click(screen.getByRole('button', { name: 'Clear' }));
  await waitFor(() => expect(argsOf(bridge, 'app:clearRecent')).toHaveLength(1));
});

test('what cannot be opened is said with its file, code and advice', async () => {
  const bridge = start();
  bridge.answer('chain:open', () =>
    fail({
      code: 'QCOW2_BAD_MAGIC',
      what: 'This is no qcow2 image',
      subject: '/a/b\u202e.img',
      advice: 'choose another file',
    }),
  );
  await openTarget(golden);
  const alert = await screen.findByRole('alert');
  expect(alert.textContent).toContain('This is no qcow2 image');
  expect(alert.textContent).toContain('/a/b\\u{202e}.img');
  expect(alert.textContent).toContain('Choose another file.');
  expect(within(alert).getByText('QCOW2_BAD_MAGIC')).toBeTruthy();
  fireEvent.click(within(alert).getByRole('button', { name: 'Dismiss' }));
  expect(screen.queryByRole('alert')).toBeNull();
});

test('key files that an address names are allowed by the person, and by nothing else', async () => {
  const bridge = start();
  const target = { kind: 'nbd', uri: 'nbds://h/x?tls-certificates=/keys&tls-psk-file=/k' } as const;
  const refusal = { code: 'NBD_URI_LOCAL_FILE', what: 'the address names this file', advice: '' };
  bridge.answer('chain:open', ({ consent }) => {
    const subject = ['/keys', '/k'].find(path => !consent.allow.includes(path));
    const { info, tracks } = goldenChain();
    return subject === undefined ? ok({ sessionId: 1, chain: info, tracks }) : fail({ ...refusal, subject });
  });
  await openTarget(target);
  fireEvent.click(await screen.findByRole('button', { name: 'Allow it and open' }));
  await waitFor(() => expect(screen.getByRole('alert').textContent).toMatch(/\/k(?!eys)/));
  fireEvent.click(screen.getByRole('button', { name: 'Allow it and open' }));
  await waitFor(() => expect(getState().chain).toBeDefined());
  expect(argsOf(bridge, 'chain:open').at(-1)).toEqual({
    target,
    consent: { allow: ['/keys', '/k'], allowAll: false },
  });
  // The same code from elsewhere has nothing to open again.
  useStore.setState({ error: { ...refusal, subject: '/keys' } });
  expect(await screen.findByRole('alert')).toBeTruthy();
  expect(screen.queryByRole('button', { name: 'Allow it and open' })).toBeNull();
});

test('without the main process the window says so', async () => {
  start();
  Object.assign(window, { cowscope: undefined });
  await refreshApp();
  expect((await screen.findByRole('alert')).textContent).toContain('WINDOW_NO_BRIDGE');
});

test('several dropped files are arranged, and open in the order shown', async () => {
  const bridge = start();
  const files = ['a.qcow2', 'b.qcow2', 'c.qcow2'].map(name => new File([], name));
  const items = files.map(() => ({ kind: 'file' }));
  const app = document.querySelector('.app') as Element;
  fireEvent.dragEnter(app, { dataTransfer: { items, files } });
  expect(screen.getByText('Release to open 3 files')).toBeTruthy();
  fireEvent.drop(app, { dataTransfer: { items, files } });
  expect(screen.queryByText('Release to open 3 files')).toBeNull();
  fireEvent.click(await screen.findByRole('button', { name: 'Move a.qcow2 towards the top' }));
  fireEvent.click(screen.getByRole('button', { name: 'Open 3 layers' }));
  await waitFor(() => expect(getState().chain).toBeDefined());
  expect(argsOf(bridge, 'chain:open')).toMatchObject([
    { target: { files: ['/images/b.qcow2', '/images/a.qcow2', '/images/c.qcow2'] } },
  ]);
});

test('one dropped file opens at once', async () => {
  const bridge = start();
  const files = [new File([], 'top.qcow2')];
  fireEvent.drop(document.querySelector('.app') as Element, {
    dataTransfer: { items: [{ kind: 'file' }], files },
  });
  await waitFor(() => expect(argsOf(bridge, 'chain:open')).toHaveLength(1));
});

test('exports of an NBD server are listed and the chosen one opens', async () => {
  const bridge = start();
  runCommand('connect');
  fireEvent.change(await screen.findByLabelText('Address of the server'), {
    target: { value: ' nbd://host ' },
  });
  fireEvent.click(screen.getByRole('button', { name: 'List exports' }));
  fireEvent.click(await screen.findByRole('button', { name: /vm7\/disk0/ }));
  await waitFor(() => expect(getState().chain).toBeDefined());
  expect(argsOf(bridge, 'nbd:list')).toEqual([{ uri: 'nbd://host' }]);
  expect(argsOf(bridge, 'nbd:cancelList')).toEqual([undefined]); // the dialog has closed
  expect(argsOf(bridge, 'chain:open')).toMatchObject([
    { target: { kind: 'nbd', uri: 'nbd://host/vm7/disk0' } },
  ]);
});

test('a backing file elsewhere is asked about, and opened only when allowed', async () => {
  const bridge = start(shortMiddleChain('needsConsent'));
  await openTarget(golden);
  const notice = await screen.findByRole('region', { name: 'Consent needed' });
  expect(notice.textContent).toContain('/srv/gold/windows-server-2022.qcow2');
  fireEvent.click(within(notice).getByRole('button', { name: 'Open this file' }));
  await waitFor(() => expect(argsOf(bridge, 'chain:open')).toHaveLength(2));
  expect(argsOf(bridge, 'chain:open')[1]).toMatchObject({
    consent: { allow: ['/srv/gold/windows-server-2022.qcow2'], allowAll: false },
  });
});

test('keeping without it leaves the dashed lane', async () => {
  start(shortMiddleChain('needsConsent'));
  await openTarget(golden);
  fireEvent.click(await screen.findByRole('button', { name: 'Keep without it' }));
  expect(screen.queryByRole('region', { name: 'Consent needed' })).toBeNull();
  expect(screen.getByRole('region', { name: 'Backing file not opened' })).toBeTruthy();
});

test('a missing backing file is named, with the reason', async () => {
  start(shortMiddleChain('missing'));
  await openTarget(golden);
  const lane = await screen.findByRole('region', { name: 'Missing backing file' });
  expect(lane.textContent).toContain('windows-server-2022.qcow2');
  expect(lane.textContent).toContain('The file does not exist');
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
  const files = [...chosen, '/images/base.raw', '/images/mid.qcow2', '/images/top\u202e.qcow2'];
  if (chosen.length > 0)
    expect(argsOf(bridge, 'chain:open')[1]).toMatchObject({ target: { files, snapshot: 'before' } });
});

test('several files located below a chain are arranged first', async () => {
  const bridge = start(shortMiddleChain('missing'));
  await openTarget(golden);
  bridge.answer('dialog:openFiles', () => ok(['/a', '/b']));
  fireEvent.click(await screen.findByRole('button', { name: 'Locate file…' }));
  expect(await screen.findByRole('button', { name: 'Open 5 layers' })).toBeTruthy();
});

test('lanes are named top to base, and control characters are shown, not obeyed', async () => {
  start(shortMiddleChain());
  await openTarget(golden);
  await screen.findByRole('heading', { level: 2, name: 'Guest' });
  const lanes = [...document.querySelectorAll('.lane-row')].map(lane => lane.getAttribute('aria-label'));
  expect(lanes).toHaveLength(4);
  expect(document.body.textContent).not.toContain('\u202e');
  expect(document.body.textContent).toContain('top\\u{202e}.qcow2');
});

test('the inspector says what, where, in which layers and who says so', async () => {
  start();
  await openTarget(golden);
  await selectAt({ track: 2, offset: 3 * 65536 + 5 });
  const what = await screen.findByRole('region', { name: 'What' });
  expect(what.textContent).toContain('zero');
  expect(what.textContent).toContain('zeros that hide data');
  expect(screen.getByRole('region', { name: 'Where' }).textContent).toContain('0x0003_0005');
  const stack = screen.getByRole('region', { name: 'Stack' });
  expect(within(stack).getAllByRole('button')).toHaveLength(3);
  expect(stack.querySelector('[data-owner=true]')?.textContent).toContain('mid.qcow2');
  expect(screen.getByRole('region', { name: 'Evidence' }).textContent).toContain('L2 entry');
  expect(screen.getByRole('status').textContent).toContain('zeros that hide data');
});

test('statistics of a range are asked for and can be copied', async () => {
  start();
  await openTarget(golden);
  useStore.setState({ range: { start: 0, end: 8 * 65536 } });
  fireEvent.click(await screen.findByRole('button', { name: 'Statistics' }));
  expect(await screen.findByRole('button', { name: 'Copy TSV' })).toBeTruthy();
  const range = screen.getByRole('region', { name: 'Range' });
  expect(within(range).getAllByRole('table')).toHaveLength(4);
  expect(within(range).getAllByText('zeros that hide data').length).toBeGreaterThan(0);
});

test('reading is told by layer and can be stopped', async () => {
  const bridge = start();
  await openTarget(golden);
  bridge.push('chain:progress', {
    sessionId: 1,
    layers: [
      { layer: 1, witness: 'nbd', phase: 'reading', covered: 41, total: 100 },
      { layer: 0, witness: 'nbd', phase: 'waiting', covered: 0, total: 100 },
    ],
  });
  await screen.findByText(/41 %/);
  fireEvent.click(screen.getByRole('button', { name: 'Cancel' }));
  await waitFor(() => expect(argsOf(bridge, 'chain:cancel')).toEqual([{ sessionId: 1 }]));
});

test('an error of one layer stands in its lane, the rest stays', async () => {
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

test.each([
  ['cancelled', 'Continue reading'],
  ['failed', 'Retry'],
] as const)('reading that was %s is taken up again from the status bar', async (phase, name) => {
  const bridge = start();
  await openTarget(golden);
  bridge.push('chain:progress', {
    sessionId: 1,
    layers: [{ layer: 1, witness: 'nbd', phase, covered: 41, total: 100 }],
  });
  const bar = (await screen.findByText(/what was not read stays unknown/)).closest('footer') as HTMLElement;
  fireEvent.click(within(bar).getByRole('button', { name }));
  await waitFor(() => expect(argsOf(bridge, 'chain:retry')).toEqual([{ sessionId: 1 }]));
});

test('a place at the very start of a track is found', async () => {
  const bridge = start();
  await openTarget(golden);
  bridge.answer('chain:seek', ({ from }) => ok(from < 0 ? 0 : -1));
  expect(await seekFirst(1, 'override')).toBe(0);
});

test('findings are counted and listed', async () => {
  const bridge = start();
  await openTarget(golden);
  const differ = makeFinding({
    code: 'WITNESSES_DIFFER',
    severity: 'hazard',
    layer: 1,
    what: 'the witnesses differ',
    guest: [[65536, 65536]],
    witnesses: [
      { witness: 'metadata', answer: 'zeroHole' },
      { witness: 'nbd', answer: 'unreadable' },
    ],
  });
  const lost = makeFinding({ code: 'QCOW2_X', severity: 'corruption', layer: 2, what: 'a table is gone' });
  const small = (_: unknown, i: number) =>
    makeFinding({ code: 'N', id: `${i}`, severity: 'note', what: 'n' });
  bridge.find(differ, lost, ...Array.from({ length: 99 }, small));
  expect(
    await screen.findByRole('button', { name: '2 findings · worst: corruption · 99 notes' }),
  ).toBeTruthy();
  const listed = await screen.findByRole('region', { name: 'Findings' });
  await waitFor(() => expect(listed.textContent).toContain('The witnesses differ.'));
  expect(listed.querySelectorAll('li')[0]?.textContent).toContain('A table is gone.');
  expect(listed.textContent).toContain('guest 0x0001_0000, 64 KiB');
  expect(screen.getByText('metadata: zero (no space) · nbd: unreadable')).toBeTruthy();
  expect(listed.querySelectorAll('li')).toHaveLength(100);
  fireEvent.click(screen.getByRole('button', { name: 'Show more (1 left)' }));
  await waitFor(() => expect(listed.querySelectorAll('li')).toHaveLength(101));
});

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

test('the key sheet lists every key, the palette runs commands by name', async () => {
  start();
  fireEvent.keyDown(window, { key: '?' });
  const sheet = await screen.findByRole('dialog');
  for (const { label, hotkeys } of COMMANDS)
    if (hotkeys.length > 0) expect(sheet.textContent).toContain(label);
  fireEvent.click(within(sheet).getByRole('button', { name: 'Close' }));
  fireEvent.keyDown(window, { key: 'P', ctrlKey: true, shiftKey: true });
  const field = await screen.findByRole('combobox');
  fireEvent.change(field, { target: { value: 'theme' } });
  fireEvent.keyDown(field, { key: 'Enter' });
  expect(getState().theme).toBe('light');
});

test('keys do nothing while text is typed', async () => {
  start();
  await openTarget(golden);
  const field = await screen.findByLabelText('Go to offset');
  const open = getState().inspectorOpen;
  fireEvent.keyDown(field, { key: 'i' });
  expect(getState().inspectorOpen).toBe(open);
  fireEvent.keyDown(document.body, { key: 'i' });
  expect(getState().inspectorOpen).toBe(!open);
});

test('a wrong offset is said in words', async () => {
  start();
  await openTarget(golden);
  const field = await screen.findByLabelText('Go to offset');
  fireEvent.change(field, { target: { value: 'nowhere' } });
  fireEvent.submit(field);
  expect((await screen.findByRole('alert')).textContent).toContain('Not an offset');
  expect(field.getAttribute('aria-invalid')).toBe('true');
});

test('commands of the menu run', async () => {
  const bridge = start();
  bridge.push('app:command', { id: 'help' });
  expect(await screen.findByRole('dialog')).toBeTruthy();
});
