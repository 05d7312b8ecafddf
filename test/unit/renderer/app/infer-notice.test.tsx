import { fireEvent, screen, waitFor, within } from '@testing-library/react';
import { expect, test } from 'vitest';
import { openTarget } from '../../../../renderer/state/chain/opening.ts';
import { getState } from '../../../../renderer/state/store.ts';
import { makeFinding } from '../../../../shared/model/finding.ts';
import type { Inference } from '../../../../shared/model/inference.ts';
import { fail } from '../../../../shared/result.ts';
import { fakeChain, layerInfo } from '../../../support/window/fake-chain.ts';
import { argsOf, start } from '../../../support/window/fake-window.tsx';

const target = { kind: 'files', files: ['/images/top.qcow2'] } as const;

const GUESS: Inference = {
  lost: 'L1 table',
  confidence: 'guess',
  facts: [],
  reading: 1,
  readings: 2,
  isPartial: true,
};

function chainWith(inference?: Inference) {
  const info = layerInfo(0, 'top.qcow2', 65_536, inference === undefined ? {} : { inference });
  return fakeChain([{ info, starts: [0], flags: [0] }]);
}

const orphan = makeFinding({
  code: 'QCOW2_EMPTY_DISK_TABLES',
  severity: 'hazard',
  layer: 0,
  what: 'tables are left that nothing leads to',
});

test('an image with tables that nothing leads to offers to infer its layout, and says what that reads', async () => {
  const bridge = start(chainWith());
  await openTarget(target);
  expect(screen.queryByRole('region', { name: 'Layout lost' })).toBeNull();
  bridge.find(orphan);
  const notice = await screen.findByRole('region', { name: 'Layout lost' });
  expect(notice.textContent).toMatch(/all of the file \(21\.\d+ KiB\) is looked through/);
  fireEvent.click(within(notice).getByRole('button', { name: 'Infer the layout' }));
  await waitFor(() =>
    expect(argsOf(bridge, 'chain:open')[1]).toMatchObject({ target: { ...target, infer: 1 } }),
  );
});

test('where nothing could be inferred, that is said and not offered again', async () => {
  const bridge = start(chainWith());
  await openTarget({ ...target, infer: 1 });
  bridge.find(orphan);
  const notice = await screen.findByRole('region', { name: 'Layout lost' });
  expect(notice.textContent).toContain('nothing else can be inferred of it');
  expect(within(notice).queryByRole('button')).toBeNull();
});

test('an inferred layout is marked as such with how sure it is, and another reading can be chosen', async () => {
  const bridge = start(chainWith(GUESS));
  await openTarget({ ...target, infer: 1 });
  const notice = await screen.findByRole('region', { name: 'Inferred' });
  expect(notice.textContent).toContain('Inferred, a guess: the L1 table of top.qcow2 is lost');
  expect(notice.textContent).toContain('This is reading 1 of 2');
  fireEvent.click(within(notice).getByRole('button', { name: 'Show reading 2' }));
  await waitFor(() =>
    expect(argsOf(bridge, 'chain:open')[1]).toMatchObject({ target: { ...target, infer: 2 } }),
  );
  fireEvent.click(await screen.findByRole('button', { name: 'Show as it is stored' }));
  await waitFor(() => expect(argsOf(bridge, 'chain:open')[2]).toMatchObject({ target }));
  expect(getState().target).toEqual(target);
});

test('the inspector and the host layout say of an inferred layer how sure it is', async () => {
  start(chainWith(GUESS));
  await openTarget({ ...target, infer: 1 });
  fireEvent.keyDown(window, { key: 'ArrowRight' });
  const what = await screen.findByRole('region', { name: 'What' });
  expect(what.textContent).toContain('Inferred, a guess: the L1 table of top.qcow2 is lost.');
  fireEvent.keyDown(window, { key: '2' });
  await screen.findByText('inferred, a guess: the L1 table of top.qcow2 is lost');
});

test('an image that cannot be opened by its header offers to infer its layout', async () => {
  const bridge = start(chainWith());
  const error = { code: 'QCOW2_CLUSTER_BITS', what: 'invalid', subject: '/images/top.qcow2', advice: '' };
  bridge.answer('chain:open', () => fail(error));
  await openTarget(target);
  fireEvent.click(await screen.findByRole('button', { name: 'Infer the layout' }));
  await waitFor(() =>
    expect(argsOf(bridge, 'chain:open')[1]).toMatchObject({ target: { ...target, infer: 1 } }),
  );
  await waitFor(() => expect(screen.queryByRole('button', { name: 'Infer the layout' })).toBeNull());
});

test.each([
  ['CHAIN_HEADER_LOST', 'its header may be lost.'],
  ['QCOW2_L1_TABLE', 'its L1 table is damaged.'],
  ['QCOW2_L1_READ_FAILED', 'its L1 table cannot be read.'],
  ['QCOW2_ORPHAN_TABLE', 'tables are left that its L1 table does not lead to.'],
])('the offer after %s says no more than that was found', async (code, text) => {
  const bridge = start(chainWith());
  await openTarget(target);
  bridge.find(makeFinding({ code, severity: 'corruption', what: 'something is lost' }));
  const notice = await screen.findByRole('region', { name: 'Layout lost' });
  expect(notice.textContent).toContain(`: ${text} What is left may tell`);
});
