import { fireEvent, screen, waitFor } from '@testing-library/react';
import { expect, test } from 'vitest';
import { bitmapRuns, requestBitmapMarks } from '../../../../../../renderer/state/bitmap-marks.ts';
import { openTarget } from '../../../../../../renderer/state/chain/opening.ts';
import { setAxis, setState } from '../../../../../../renderer/state/store.ts';
import type { BitmapSums } from '../../../../../../shared/model/bitmap/bitmap-marks.ts';
import { ok } from '../../../../../../shared/result.ts';
import { argsOf, start } from '../../../../../support/window/fake-window.tsx';

const K64 = 65_536;

/** The golden chain with these bitmaps: its layers are 0 to 2. */
async function openedWith(...bitmaps: readonly BitmapSums[]) {
  const bridge = start();
  bridge.answer('chain:bitmapMarks', ({ columns }) =>
    ok(
      bitmaps.map(({ layer, name }) => ({
        layer,
        name,
        columns: Uint8Array.from({ length: columns }, (_, c) => (c === 2 || c === 3 ? 1 : c === 5 ? 2 : 0)),
      })),
    ),
  );
  await openTarget({ kind: 'files', files: ['/images/top.qcow2'] });
  await screen.findByRole('heading', { level: 2, name: 'Guest' });
  setState({ bitmaps });
  return bridge;
}

const bitmap = (layer: number, name: string, dirty: number, unknown = 0) => ({ layer, name, dirty, unknown });

test('each bitmap has a track below that of its layer, with its name and how much changed', async () => {
  await openedWith(
    bitmap(2, 'today', 2 * K64),
    bitmap(0, 'today', 3 * K64),
    bitmap(0, 'cut', K64, K64),
    bitmap(1, 'interrupted', 0, 20 * K64),
  );
  const named = await screen.findAllByRole('img', { name: /^Bitmap / });
  const rows = named.map(image => [
    image.closest('.lane-row')?.getAttribute('aria-label'),
    image.getAttribute('aria-label'),
  ]);
  expect(rows).toEqual([
    ['top.qcow2', 'Bitmap today: 128 KiB changed'],
    ['mid.qcow2', 'Bitmap interrupted: not known'],
    ['base.qcow2', 'Bitmap today: 192 KiB changed'],
    ['base.qcow2', 'Bitmap cut: 64 KiB changed, 64 KiB not known'],
  ]);
});

test('the bitmaps of a layer are folded and shown by a button, and many are folded at first', async () => {
  await openedWith(bitmap(2, 'today', K64), ...['a', 'b', 'c', 'd', 'e'].map(name => bitmap(0, name, 0)));
  const names = () => screen.queryAllByRole('img', { name: /^Bitmap / }).length;
  await waitFor(() => expect(names()).toBe(1));
  const many = screen.getByRole('button', { name: 'Show 5 bitmaps of base.qcow2' });
  expect(many.getAttribute('aria-expanded')).toBe('false');
  fireEvent.click(many);
  await waitFor(() => expect(names()).toBe(6));
  fireEvent.click(screen.getByRole('button', { name: 'Show 1 bitmap of top.qcow2' }));
  await waitFor(() => expect(names()).toBe(5));
});

test('what a bitmap says of the view is requested once for each view, and drawn in runs', async () => {
  const bridge = await openedWith(bitmap(2, 'today', K64));
  setAxis('guest', { width: 20 }); // a cluster a pixel
  await requestBitmapMarks();
  await requestBitmapMarks();
  expect(bitmapRuns({ layer: 2, name: 'today' })).toEqual([
    { start: 2 * K64, end: 4 * K64, bits: 1 },
    { start: 5 * K64, end: 6 * K64, bits: 2 },
  ]);
  expect(bitmapRuns({ layer: 1, name: 'today' })).toEqual([]);
  const wide = argsOf(bridge, 'chain:bitmapMarks') as readonly { readonly columns: number }[];
  expect(wide.filter(({ columns }) => columns === 20)).toMatchObject([{ start: 0, end: 20 * K64 }]);
});

test('without bitmaps nothing is asked, and there is no track of one', async () => {
  const bridge = await openedWith();
  await requestBitmapMarks();
  expect(argsOf(bridge, 'chain:bitmapMarks')).toEqual([]);
  expect(argsOf(bridge, 'chain:bitmapSums')).toEqual([]);
  expect(document.querySelectorAll('.bitmap-head')).toHaveLength(0);
});
