import { fireEvent, screen, waitFor } from '@testing-library/react';
import { expect, test } from 'vitest';
import { getState } from '../../../../renderer/state/store.ts';
import { fail } from '../../../../shared/result.ts';
import { argsOf, start } from '../../../support/window/fake-window.tsx';

/** What a drop carries for each file or folder. */
const carried = (isDirectory = false) => ({ kind: 'file', webkitGetAsEntry: () => ({ isDirectory }) });

test('several dropped files are ordered first, and open in the order shown', async () => {
  const bridge = start();
  const files = ['a.qcow2', 'b.qcow2', 'c.qcow2'].map(name => new File([], name));
  const items = files.map(() => carried());
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
    dataTransfer: { items: [carried()], files },
  });
  await waitFor(() => expect(argsOf(bridge, 'chain:open')).toHaveLength(1));
});

test('a dropped folder is opened as one', async () => {
  const bridge = start();
  bridge.answer('store:open', () =>
    fail({ code: 'CHAIN_FILE_MISSING', what: 'gone', subject: '/images/vm', advice: '' }),
  );
  fireEvent.drop(document.querySelector('.app') as Element, {
    dataTransfer: { items: [carried(true)], files: [new File([], 'vm')] },
  });
  await waitFor(() => expect(argsOf(bridge, 'store:open')).toEqual([{ folders: ['/images/vm'] }]));
  expect(argsOf(bridge, 'chain:open')).toEqual([]);
});
