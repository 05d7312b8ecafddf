import { fireEvent, screen, waitFor, within } from '@testing-library/react';
import { expect, test } from 'vitest';
import { runCommand } from '../../../../../renderer/state/commands/commands.ts';
import { makeFinding } from '../../../../../shared/model/finding.ts';
import type {
  StoreImageInfo,
  StoreRowInfo,
  StoreSummary,
} from '../../../../../shared/model/store/store-page.ts';
import { fail, ok } from '../../../../../shared/result.ts';
import type { FakeBridge } from '../../../../support/window/fake-bridge.ts';
import { argsOf, start } from '../../../../support/window/fake-window.tsx';

const image = (name: string): StoreImageInfo => ({
  path: `/images/${name}`,
  format: 'qcow2',
  size: 2 ** 30,
  fileSize: 1,
  allocatedSize: 1,
  inUse: false,
  modified: 0,
  snapshots: 1,
  bitmaps: 0,
  childCount: 0,
});

const ROWS: readonly StoreRowInfo[] = [
  { row: { kind: 'image', image: 0, lines: '', isRepeated: false }, image: image('base'), worst: 'note' },
  { row: { kind: 'image', image: 1, lines: '└─ ', isRepeated: false }, image: image('top\u202e.qcow2') },
  { row: { kind: 'elsewhere', name: '/gone/base', status: 'missing' } },
  {
    row: { kind: 'image', image: 2, lines: '└─ ', isRepeated: false },
    image: image('orphan.qcow2'),
    worst: 'corruption',
  },
];

/** A window whose folders hold these images. */
function startWithFolders(more: Partial<StoreSummary> = {}): FakeBridge {
  const bridge = start();
  bridge.answer('store:open', () =>
    ok({
      storeId: 7,
      roots: ['/images'],
      images: 3,
      rows: ROWS.length,
      findings: { total: 1, severities: { corruption: 1, hazard: 0, leak: 0, note: 0 } },
      coverage: {
        folders: 1,
        entries: 3,
        otherFiles: 2,
        special: 0,
        errors: [],
        errorCount: 0,
        complete: true,
      },
      ...more,
    }),
  );
  bridge.answer('store:rows', ({ first, count }) => ok(ROWS.slice(first, first + count)));
  bridge.answer('store:findings', ({ skip }) =>
    ok({
      findings:
        skip > 0
          ? []
          : [
              {
                finding: makeFinding({
                  code: 'STORE_ORPHAN',
                  severity: 'corruption',
                  layer: 2,
                  what: 'its backing file /gone/base does not exist',
                  advice: 'look where it was moved to',
                }),
                path: '/images/orphan.qcow2',
              },
            ],
      total: 1,
    }),
  );
  return bridge;
}

test('folders are opened from the start screen, and an image that is chosen opens with its chain', async () => {
  const bridge = startWithFolders();
  fireEvent.click(await screen.findByRole('button', { name: 'Open folder…' }));
  const list = await screen.findByRole('listbox', { name: 'Images' });
  await waitFor(() => expect(within(list).getAllByRole('option')).toHaveLength(4));
  expect(argsOf(bridge, 'store:open')).toEqual([{ folders: ['/images'] }]);
  const texts = within(list)
    .getAllByRole('option')
    .map(option => option.textContent);
  await waitFor(() => expect(list.textContent).toContain('orphan.qcow2'));
  expect(
    within(list)
      .getAllByRole('option')
      .map(option => option.textContent),
  ).toEqual([
    'baseqcow2 · 1 GiB · 1 snapshotnote',
    '└─ top\\u{202e}.qcow2qcow2 · 1 GiB · 1 snapshot',
    '/gone/base (missing)',
    '└─ orphan.qcow2qcow2 · 1 GiB · 1 snapshotcorruption',
  ]);
  expect(texts).toHaveLength(4);
  expect(screen.getByText('3 images in 1 folder · 1 corruption · 2 other files')).toBeTruthy();
  fireEvent.click(within(list).getByText('orphan.qcow2'));
  await waitFor(() =>
    expect(argsOf(bridge, 'chain:open')[0]).toMatchObject({
      target: { kind: 'files', files: ['/images/orphan.qcow2'] },
    }),
  );
});

test('the keyboard moves through the rows and opens one', async () => {
  const bridge = startWithFolders();
  runCommand('folder');
  const list = await screen.findByRole('listbox', { name: 'Images' });
  await within(list).findByText('base');
  for (const key of ['ArrowDown', 'End', 'ArrowUp', 'Home', 'ArrowDown']) fireEvent.keyDown(list, { key });
  expect(within(list).getByRole('option', { selected: true }).textContent).toContain('top');
  fireEvent.keyDown(list, { key: 'Enter' });
  await waitFor(() =>
    expect(argsOf(bridge, 'chain:open')[0]).toMatchObject({
      target: { files: ['/images/top\u202e.qcow2'] },
    }),
  );
});

test('what is wrong is listed with what to do', async () => {
  const bridge = startWithFolders();
  runCommand('folder');
  const findings = await screen.findByRole('region', { name: 'Findings' });
  await waitFor(() => expect(findings.textContent).toContain('STORE_ORPHAN'));
  expect(findings.textContent).toContain('Its backing file /gone/base does not exist.');
  expect(findings.textContent).toContain('Look where it was moved to.');
  fireEvent.click(within(findings).getByRole('button', { name: 'orphan.qcow2' }));
  await waitFor(() =>
    expect(argsOf(bridge, 'chain:open')[0]).toMatchObject({ target: { files: ['/images/orphan.qcow2'] } }),
  );
});

test('back goes to the start screen, and the scan is let go', async () => {
  const bridge = startWithFolders();
  runCommand('folder');
  fireEvent.click(await screen.findByRole('button', { name: 'Back to the start' }));
  expect(await screen.findByText('Drop disk images here')).toBeTruthy();
  expect(argsOf(bridge, 'store:close')).toHaveLength(1);
});

test('folders that cannot be read leave what is open, and the error is shown', async () => {
  const bridge = startWithFolders();
  bridge.answer('store:open', () =>
    fail({ code: 'CHAIN_FILE_MISSING', what: 'no such file', subject: '/images', advice: '' }),
  );
  runCommand('folder');
  expect((await screen.findByRole('alert')).textContent).toContain('CHAIN_FILE_MISSING');
  expect(screen.getByText('Drop disk images here')).toBeTruthy();
});
