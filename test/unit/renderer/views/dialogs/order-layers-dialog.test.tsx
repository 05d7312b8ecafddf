import { fireEvent, screen, waitFor } from '@testing-library/react';
import { expect, test } from 'vitest';
import { openGivenFiles } from '../../../../../renderer/state/chain/opening.ts';
import type { ArrangedFiles, StoreImageInfo } from '../../../../../shared/model/store/store-page.ts';
import { fail, ok } from '../../../../../shared/result.ts';
import { argsOf, start } from '../../../../support/window/fake-window.tsx';

/** An image of a name that records the image of a number; -1 for none, -2 for one that is missing. */
function image(name: string, below: number): StoreImageInfo {
  const link = { recorded: 'x', recordedFormat: 'qcow2', resolved: '/gone/x', image: -1 } as const;
  return {
    path: `/real/${name}`,
    format: 'qcow2',
    size: 2 ** 20,
    fileSize: 1,
    allocatedSize: 1,
    inUse: false,
    modified: 0,
    snapshots: 0,
    bitmaps: 0,
    childCount: 0,
    ...(below === -1
      ? {}
      : {
          backing: below < 0 ? { ...link, status: 'missing' } : { ...link, status: 'inStore', image: below },
        }),
  };
}

/** Drops files whose images are arranged like this, in this order. */
function drop(files: readonly string[], arranged: ArrangedFiles) {
  const bridge = start();
  bridge.answer('store:arrange', () => ok(arranged));
  openGivenFiles(files);
  return bridge;
}

/** Drops files whose links are read once `reply` is called. */
function dropUnread(files: readonly string[]) {
  const bridge = start();
  let reply: (arranged: ArrangedFiles) => void = () => {};
  const arranged = new Promise<ArrangedFiles>(resolve => {
    reply = resolve;
  });
  bridge.answer('store:arrange', async () => ok(await arranged));
  openGivenFiles(files);
  return { bridge, reply };
}

const texts = () => [...document.querySelectorAll('.order-layers-list li')].map(item => item.textContent);
const flagged = () => document.querySelectorAll('.order-layers [data-contradiction="true"]').length;

// /d/top, /d/base and /d/mid, dropped in that order
const FILES = ['/d/top', '/d/base', '/d/mid'];
const ONE_CHAIN: ArrangedFiles = {
  images: [image('base', -1), image('mid', 0), image('top', 1)],
  indexes: [2, 0, 1],
  chains: [[0, 1, 2]],
  loops: [],
};

test('dropped files are put in the order of their links, each with what it records', async () => {
  const bridge = drop(FILES, ONE_CHAIN);
  await waitFor(() => expect(texts()[0]).toContain('no backing file recorded'));
  expect(argsOf(bridge, 'store:arrange')).toEqual([{ files: FILES }]);
  expect(texts().map(text => text?.replace(/^\d/, ''))).toEqual([
    'basebase · /dqcow2 · 1 MiB · no backing file recorded',
    'mid/dqcow2 · 1 MiB · backing file found: base',
    'toptop · /dqcow2 · 1 MiB · backing file found: mid',
  ]);
  expect(flagged()).toBe(0);
  fireEvent.click(screen.getByRole('button', { name: 'Open 3 layers' }));
  await waitFor(() =>
    expect(argsOf(bridge, 'chain:open')[0]).toMatchObject({
      target: { files: ['/d/base', '/d/mid', '/d/top'] },
    }),
  );
});

test('what is opened before the links are read waits for them, and is opened in their order', async () => {
  const { bridge, reply } = dropUnread(FILES);
  fireEvent.click(await screen.findByRole('button', { name: 'Open 3 layers' }));
  expect(await screen.findByRole('button', { name: 'Reading the links…' })).toBeTruthy();
  expect(argsOf(bridge, 'chain:open')).toEqual([]);
  reply(ONE_CHAIN);
  await waitFor(() =>
    expect(argsOf(bridge, 'chain:open')).toMatchObject([
      { target: { files: ['/d/base', '/d/mid', '/d/top'] } },
    ]),
  );
});

test('what is opened before the links are read stays in the dialog where they make no chain of all files', async () => {
  const { bridge, reply } = dropUnread(FILES);
  fireEvent.click(await screen.findByRole('button', { name: 'Open 3 layers' }));
  reply({ ...ONE_CHAIN, chains: [[0, 1]] });
  expect(await screen.findByRole('button', { name: 'Use recorded order' })).toBeTruthy();
  expect(argsOf(bridge, 'chain:open')).toEqual([]);
});

test('files that were moved before the links are read keep the order that the person gave', async () => {
  const { bridge, reply } = dropUnread(FILES);
  fireEvent.click(await screen.findByRole('button', { name: 'Move base towards the top' }));
  reply(ONE_CHAIN);
  expect(await screen.findByRole('button', { name: 'Use recorded order' })).toBeTruthy();
  fireEvent.click(screen.getByRole('button', { name: 'Open 3 layers' }));
  await waitFor(() =>
    expect(argsOf(bridge, 'chain:open')).toMatchObject([
      { target: { files: ['/d/top', '/d/mid', '/d/base'] } },
    ]),
  );
});

test('an order that contradicts the links is reported, and one click takes the recorded order', async () => {
  drop(FILES, ONE_CHAIN);
  await waitFor(() => expect(texts()[0]).toContain('no backing file recorded'));
  fireEvent.click(screen.getByRole('button', { name: 'Move base towards the top' }));
  expect(screen.getByText('This is not the order of the links that the files record.')).toBeTruthy();
  expect(flagged()).toBe(3);
  expect(texts()[1]).toContain('records no backing file');
  fireEvent.click(screen.getByRole('button', { name: 'Use recorded order' }));
  expect(texts()[0]).toContain('no backing file recorded');
  expect(flagged()).toBe(0);
});

test('a fork is shown as its chains, and nothing is left out unasked', async () => {
  drop(FILES, {
    images: [image('base', -1), image('mid', 0), image('top', 0)],
    indexes: [2, 0, 1],
    chains: [
      [0, 1],
      [0, 2],
    ],
    loops: [],
  });
  const choice = await screen.findByRole('button', { name: 'Use the chain of top: base ← top' });
  expect(screen.getByRole('button', { name: 'Use the chain of mid: base ← mid' })).toBeTruthy();
  expect(texts()).toHaveLength(3);
  fireEvent.click(choice);
  expect(texts()).toHaveLength(2);
  expect(screen.getByText('Not part of this chain: mid')).toBeTruthy();
  expect(flagged()).toBe(0);
});

test('loops, missing files and files without links are named', async () => {
  drop(['/d/a', '/d/b', '/d/c', '/d/d'], {
    images: [image('a', 1), image('b', 0), image('c', -2), { ...image('d', -1), error: ERROR }],
    indexes: [0, 1, 2, 3],
    chains: [[2], [3]],
    loops: [[0, 1]],
  });
  expect(await screen.findByText('These rest on each other in a loop: a, b')).toBeTruthy();
  expect(screen.getByText('None of these files records another one as its backing file.')).toBeTruthy();
  expect(texts()[2]).toContain('records x: missing');
  expect(texts()[3]).toContain('cannot be read: torn');
});

const ERROR = { code: 'QCOW2_HEADER', what: 'torn', subject: '', advice: '' } as const;

test('files that cannot be read keep the order in which they were dropped', async () => {
  const bridge = start();
  bridge.answer('store:arrange', () => fail({ ...ERROR, what: 'no such file' }));
  openGivenFiles(FILES);
  expect(await screen.findByText('No such file.')).toBeTruthy();
  fireEvent.click(screen.getByRole('button', { name: 'Open 3 layers' }));
  await waitFor(() => expect(argsOf(bridge, 'chain:open')[0]).toMatchObject({ target: { files: FILES } }));
});
