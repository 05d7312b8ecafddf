import { fireEvent, screen, waitFor } from '@testing-library/react';
import { expect, test } from 'vitest';
import { openTarget } from '../../../../renderer/state/chain/opening.ts';
import { makeFinding } from '../../../../shared/model/finding.ts';
import { start } from '../../../support/window/fake-window.tsx';

const golden = { kind: 'files', files: ['/images/top.qcow2'] } as const;

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
