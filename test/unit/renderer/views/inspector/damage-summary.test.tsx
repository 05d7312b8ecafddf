import { fireEvent, screen, waitFor, within } from '@testing-library/react';
import { expect, test } from 'vitest';
import { openTarget } from '../../../../../renderer/state/chain/opening.ts';
import { getState } from '../../../../../renderer/state/store.ts';
import { makeFinding } from '../../../../../shared/model/finding.ts';
import { start } from '../../../../support/window/fake-window.tsx';

const K64 = 65_536;
const golden = { kind: 'files', files: ['/images/top.qcow2'] } as const;
const lost = makeFinding({
  code: 'QCOW2_L2_INVALID',
  severity: 'corruption',
  layer: 1,
  what: 'a table was overwritten',
  guest: [[4 * K64, 2 * K64]],
});
const header = makeFinding({
  code: 'QCOW2_L1_TABLE',
  severity: 'corruption',
  layer: 2,
  what: 'the L1 table is too large',
  bytesAtRisk: 2 ** 30,
});
const note = makeFinding({ code: 'CHAIN_LAYER_GROWN', severity: 'note', what: 'it is shorter' });
const hazard = makeFinding({ code: 'CHAIN_BASE_NEWER', severity: 'hazard', what: 'the base is newer' });

test('the inspector says first what is damaged, and shows the worst place on the guest\u2019s disk', async () => {
  const bridge = start();
  await openTarget(golden);
  bridge.find(note, lost, hazard, header);
  const summary = await screen.findByRole('region', { name: 'Damage' });
  await waitFor(() =>
    expect(summary.textContent).toContain('2 corruptions with up to 1 GiB at risk; 1 hazard.'),
  );
  const inspector = screen.getByRole('complementary', { name: 'Inspector' });
  expect(within(inspector).getAllByRole('region')[0]).toBe(summary);
  fireEvent.click(await within(summary).findByRole('button', { name: 'Show the worst' }));
  await waitFor(() => expect(getState().selection).toEqual({ track: 2, offset: 4 * K64 }));
});

test('from the summary of the damage all findings are a click away', async () => {
  const bridge = start();
  await openTarget(golden);
  bridge.find(header);
  const summary = await screen.findByRole('region', { name: 'Damage' });
  expect(within(summary).queryByRole('button', { name: 'Show the worst' })).toBeNull();
  fireEvent.click(within(summary).getByRole('button', { name: 'All findings' }));
  expect(getState().viewId).toBe('findings');
});

test('without damage there is no summary of it, whatever else was found', async () => {
  const bridge = start();
  await openTarget(golden);
  bridge.find(note, hazard);
  const findings = await screen.findByRole('region', { name: 'Findings' });
  await waitFor(() => expect(findings.textContent).toContain('The base is newer.'));
  expect(screen.queryByRole('region', { name: 'Damage' })).toBeNull();
});
