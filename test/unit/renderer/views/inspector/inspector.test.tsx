import { fireEvent, screen, within } from '@testing-library/react';
import { expect, test } from 'vitest';
import { openTarget } from '../../../../../renderer/state/chain/opening.ts';
import { selectAt } from '../../../../../renderer/state/selection/selection.ts';
import { useStore } from '../../../../../renderer/state/store.ts';
import { formatOffset } from '../../../../../shared/text/offset.ts';
import { start } from '../../../../support/window/fake-window.tsx';

const golden = { kind: 'files', files: ['/images/top.qcow2'] } as const;

test('the inspector shows state, location, layers and evidence of the selection', async () => {
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

test('on the guest’s track the place in the file is that of the layer that is read, and the file is named', async () => {
  start();
  await openTarget(golden);
  await selectAt({ track: 0, offset: 2 * 65536 + 5 });
  const where = await screen.findByRole('region', { name: 'Where' });
  const host = useStore.getState().inspection?.layers[0]?.hostOffset ?? -1;
  expect(host).toBeGreaterThan(0);
  expect(where.textContent).toContain(`In the file at${formatOffset(host)}`);
  expect(where.textContent).toContain('Filetop.qcow2');
  expect(where.textContent).toContain('Table entryL1[0] L2[2]');
});

test('on the track of a layer what the guest reads comes first', async () => {
  start();
  await openTarget(golden);
  await selectAt({ track: 1, offset: 65536 });
  const what = await screen.findByRole('region', { name: 'What' });
  expect(what.textContent).toMatch(/^What the guest readsReads data from mid\.qcow2.*top\.qcow2unallocated/);
});

test('offsets are written alike in all parts of the inspector', async () => {
  start();
  await openTarget(golden);
  await selectAt({ track: 1, offset: 2 * 65536 });
  const evidence = await screen.findByRole('region', { name: 'Evidence' });
  const facts = [...evidence.querySelectorAll('li > span')].map(fact => fact.textContent ?? '');
  expect(facts.some(fact => /lies at 0x[0-9a-f]{4}_[0-9a-f]{4}/.test(fact))).toBe(true);
});

test('runs of a range are counted and can be copied', async () => {
  start();
  await openTarget(golden);
  useStore.setState({ range: { start: 0, end: 8 * 65536 } });
  fireEvent.click(await screen.findByRole('button', { name: 'Count runs' }));
  expect(await screen.findByRole('button', { name: 'Copy TSV' })).toBeTruthy();
  const range = screen.getByRole('region', { name: 'Range' });
  expect(within(range).getAllByRole('table')).toHaveLength(4);
  expect(within(range).getAllByText('zeros that hide data').length).toBeGreaterThan(0);
});

test('from a place a button leads back to the whole chain', async () => {
  start();
  await openTarget(golden);
  await selectAt({ track: 2, offset: 3 * 65536 });
  await screen.findByRole('region', { name: 'What' });
  expect(screen.queryByRole('region', { name: 'In this chain' })).toBeNull();
  fireEvent.click(screen.getByRole('button', { name: 'The whole chain' }));
  expect(await screen.findByRole('region', { name: 'In this chain' })).toBeTruthy();
  expect(screen.queryByRole('button', { name: 'The whole chain' })).toBeNull();
});
