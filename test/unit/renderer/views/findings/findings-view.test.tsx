import { fireEvent, screen, waitFor, within } from '@testing-library/react';
import { expect, test } from 'vitest';
import { openTarget } from '../../../../../renderer/state/chain/opening.ts';
import { getState } from '../../../../../renderer/state/store.ts';
import { stepDone, stepLeftOut, stepLeftToDeepCheck } from '../../../../../shared/model/check.ts';
import { makeFinding } from '../../../../../shared/model/finding.ts';
import { ok } from '../../../../../shared/result.ts';
import { start } from '../../../../support/window/fake-window.tsx';

const K64 = 65_536;
const golden = { kind: 'files', files: ['/images/top.qcow2'] } as const;

const overlap = makeFinding({
  code: 'QCOW2_CROSS_LINK',
  severity: 'corruption',
  layer: 2,
  what: '1 cluster of the file holds the data of several guest clusters',
  advice: 'copy the file first',
  guest: [
    [2 * K64, K64],
    [18 * K64, K64],
  ],
  host: [[5 * K64, K64]],
  evidence: [{ source: 'references', fileOffset: 5 * K64, value: '2', bits: 'entry 2; entry 18' }],
});
const leak = makeFinding({
  code: 'QCOW2_LEAKED',
  severity: 'leak',
  layer: 2,
  what: '14 clusters are counted as used, and nothing refers to them',
  count: 14,
});
const low = makeFinding({
  code: 'QCOW2_REFCOUNT_LOW',
  severity: 'corruption',
  layer: 2,
  what: 'a refcount is too low',
  causedBy: 'QCOW2_CROSS_LINK',
});
const hazard = makeFinding({ code: 'CHAIN_BASE_NEWER', severity: 'hazard', what: 'the base is newer' });

/** Opens the golden chain with findings and shows the list of them. */
async function opened() {
  const bridge = start();
  await openTarget(golden);
  bridge.find(leak, hazard, low, overlap);
  fireEvent.keyDown(window, { key: '3' });
  const list = await screen.findByRole('listbox', { name: /Findings/ });
  await waitFor(() => expect(within(list).getAllByRole('option')).toHaveLength(4));
  return { bridge, list };
}

/** The severities of the rows, which stand first in their second line. */
function rowsOf(list: HTMLElement): (string | null)[] {
  return within(list)
    .getAllByRole('option')
    .map(row => row.querySelector('small')?.textContent ?? null);
}

function detail(): HTMLElement {
  return screen.getByRole('region', { name: 'Finding' });
}

test('findings are listed worst first, consequences under their cause, with the totals in one true line', async () => {
  const { list } = await opened();
  expect(rowsOf(list).map(text => text?.split(' ')[0])).toEqual([
    'corruption',
    'corruption',
    'hazard',
    'leak',
  ]);
  const rows = within(list).getAllByRole('option');
  expect(rows.map(row => row.dataset.follows)).toEqual(['false', 'true', 'false', 'false']);
  await screen.findByText(
    '2 corruptions with up to 128 KiB at risk; 1 hazard; 14 leaked clusters waste 896 KiB and endanger nothing.',
  );
});

test('the chosen finding is explained: what to do, what it means, what qemu says, the evidence and the commands', async () => {
  await opened();
  await waitFor(() => expect(detail().textContent).toContain('1 cluster of the file holds'));
  await waitFor(() => expect(detail().textContent).toContain('Usual cause'));
  const text = detail().textContent ?? '';
  expect(text.indexOf('What to do')).toBeLessThan(text.indexOf('What it means'));
  expect(text).toContain('Copy the file first.');
  expect(text).toContain('references at 0x0005_0000: 2 (entry 2; entry 18)');
  expect(text).toContain('cowscope layout --owner=0x50000 -- /images/top.qcow2');
  expect(text).toContain('0x0012_0000, 64 KiB');
});

test('J and K go through the list, X marks as reviewed, and Enter shows the place on its track', async () => {
  const { list } = await opened();
  await waitFor(() => expect(getState().findingList.chosen?.code).toBe('QCOW2_CROSS_LINK'));
  fireEvent.keyDown(window, { key: 'j' });
  await waitFor(() => expect(getState().findingList.chosen?.code).toBe('QCOW2_REFCOUNT_LOW'));
  fireEvent.keyDown(window, { key: 'k' });
  await waitFor(() => expect(getState().findingList.chosen?.code).toBe('QCOW2_CROSS_LINK'));
  fireEvent.keyDown(window, { key: 'k' });
  expect(getState().message).toBe('No earlier finding');
  fireEvent.keyDown(window, { key: 'x' });
  await waitFor(() => expect(rowsOf(list)[0]).toMatch(/^reviewed · /));
  fireEvent.keyDown(list, { key: 'Enter' });
  await screen.findByRole('heading', { level: 2, name: 'Guest' });
  await waitFor(() => expect(getState().selection).toMatchObject({ track: 1, offset: 2 * K64 }));
  // Opened again, the same image has the same reviewed findings.
  await openTarget(golden);
  expect(getState().reviewed.size).toBe(1);
});

test('a filter shows what it names, with the numbers of the other choices', async () => {
  const { list } = await opened();
  const filters = screen.getByRole('region', { name: 'Filters' });
  fireEvent.click(within(filters).getByRole('button', { name: /leak 1/ }));
  await waitFor(() => expect(within(list).getAllByRole('option')).toHaveLength(1));
  await waitFor(() => expect(getState().findingList.chosen?.code).toBe('QCOW2_LEAKED'));
  expect(within(filters).getByRole('button', { name: /QCOW2_CROSS_LINK 0/ })).toBeTruthy();
  fireEvent.click(within(filters).getByRole('button', { name: 'Show all' }));
  await waitFor(() => expect(within(list).getAllByRole('option')).toHaveLength(4));
});

test('the chosen finding stays chosen where a worse one is found', async () => {
  const { bridge } = await opened();
  await waitFor(() => expect(getState().findingList.chosen?.code).toBe('QCOW2_CROSS_LINK'));
  bridge.find(makeFinding({ code: 'W', severity: 'corruption', what: 'worse', bytesAtRisk: 2 ** 40 }));
  await waitFor(() => expect(getState().findingList).toMatchObject({ total: 5, row: 1 }));
  expect(getState().findingList.chosen?.code).toBe('QCOW2_CROSS_LINK');
});

test('a click on the worst severity in the status bar leads to the list', async () => {
  const bridge = start();
  await openTarget(golden);
  bridge.find(overlap);
  fireEvent.click(await screen.findByRole('button', { name: '1 finding · worst: corruption' }));
  expect(await screen.findByRole('listbox', { name: /Findings/ })).toBeTruthy();
});

test('what a check of all data does is left to the button below, and not to a command', async () => {
  const bridge = start();
  bridge.answer('chain:checkCost', () => ok({ bytes: 2 ** 20 }));
  await openTarget(golden);
  fireEvent.keyDown(window, { key: '3' });
  const steps = [
    stepDone('L1 and L2 tables'),
    stepLeftToDeepCheck('compressed data'),
    stepLeftToDeepCheck('reading of all data'),
    stepLeftOut('clusters that nothing refers to', 'a capture holds nothing of that'),
  ];
  bridge.answer('chain:check', ({ layer }) =>
    ok({ checked: true, check: { layer, verdict: 'clean', steps: layer === 2 ? steps : [] } }),
  );
  fireEvent.click(screen.getByRole('button', { name: 'Check' }));
  const checked = await screen.findByRole('group', { name: 'Checked: clean' });
  expect(
    within(checked)
      .getAllByRole('listitem')
      .map(item => item.textContent),
  ).toEqual([
    '✓ L1 and L2 tables',
    '– compressed data, reading of all dataNot done: “Check all data” below does this.',
    '– clusters that nothing refers toNot done: a capture holds nothing of that.',
    '✓ backing file of mid.qcow2',
    '✓ backing file of top.qcow2',
  ]);
  const offer = await screen.findByRole('group', { name: 'All data' });
  expect(within(offer).getByRole('button', { name: 'Check all data' })).toBeTruthy();
  expect(checked.compareDocumentPosition(offer)).toBe(Node.DOCUMENT_POSITION_FOLLOWING);
});

test('where nothing was found, no filter is offered', async () => {
  const bridge = start();
  await openTarget(golden);
  fireEvent.keyDown(window, { key: '3' });
  const filters = await screen.findByRole('region', { name: 'Filters' });
  for (const name of ['Severity', 'Layer', 'Kind'])
    expect(within(filters).queryByRole('group', { name })).toBeNull();
  bridge.find(leak);
  expect(await within(filters).findByRole('group', { name: 'Kind' })).toBeTruthy();
});

test('a command in a sentence is kept in one line where that has room for it', async () => {
  const bridge = start();
  await openTarget(golden);
  bridge.find({ ...hazard, advice: 'work on a copy: `qemu-img check -r leaks` frees them' });
  fireEvent.keyDown(window, { key: '3' });
  await waitFor(() =>
    expect(detail().querySelector('.unbroken')?.textContent).toBe('qemu-img check -r leaks'),
  );
});
