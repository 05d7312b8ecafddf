/** The guest's partitions: offered once for each image, read only after the answer, and named with findings. */
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { EFI, GuestBytes } from '../support/guest/guest-tables.ts';
import { pokeU64, writeQcow2 } from '../support/images/qcow2-builder.ts';
import { hashFile } from '../support/tools.ts';
import { expect, opened, picture, rest, test } from './app.ts';

const MIB = 2 ** 20;
const CLUSTER = 65_536;

/** An image whose guest has two partitions; a cluster of the second one lies past the end of the file. */
function partitioned(folder: string): string {
  const { bytes } = new GuestBytes(8 * MIB)
    .gpt([
      { first: 2048, last: 4095, type: EFI, name: 'boot' },
      { first: 4096, last: 12_287, name: 'root' },
    ])
    .ext4(2 * MIB, { label: 'root', blocks: 4096 });
  const lost = (3 * MIB) / CLUSTER;
  const path = join(folder, 'disk.qcow2');
  const fd = openSync(path, 'w+');
  const { l2Offsets } = writeQcow2(fd, {
    size: bytes.length,
    clusters: [0, 16, 32, lost, 127].map(index => ({
      index,
      kind: 'data' as const,
      content: bytes.subarray(index * CLUSTER, (index + 1) * CLUSTER),
    })),
  });
  pokeU64(fd, (l2Offsets.get(0) as number) + lost * 8, (1n << 63n) | 0x10_0000_0000n);
  closeSync(fd);
  return path;
}

const offer = (page: Page) => page.getByRole('region', { name: 'Partitions of the guest' });
const track = (page: Page) => page.getByRole('region', { name: 'Partitions', exact: true });

test('partitions are offered once, read after the answer, and named where something is found', async ({
  start,
  folder,
}, info) => {
  const image = partitioned(folder);
  const before = await hashFile(image);
  const first = await start('--window-size=1280x800', image);
  const { page } = first;
  await opened(page);
  const lane = await picture(page, 1).boundingBox();
  await expect(offer(page)).toContainText('Nothing of them has been read');
  await info.attach('offer', { body: await page.screenshot(), contentType: 'image/png' });
  // It lies over the end of the view: nothing has moved for it.
  expect(await picture(page, 1).boundingBox()).toEqual(lane);
  await expect(track(page)).toHaveCount(0);

  await offer(page).getByRole('button', { name: 'Read…' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Read them for this image' }).click();
  await expect(track(page).getByRole('button')).toContainText([
    'GPT',
    'no partition',
    '1 · EFI system · boot',
    '2 · ext4 · root · 4 MiB',
    'no partition',
  ]);
  await expect(offer(page)).toHaveCount(0);
  const found = page.getByRole('complementary', { name: 'Inspector' });
  await expect(found).toContainText('in partition 2 (ext4), 1 cluster');
  await rest(page);
  await info.attach('partitions', { body: await page.screenshot(), contentType: 'image/png' });
  await first.app.close();

  const { page: again } = await start('--window-size=1280x800', image);
  await opened(again);
  await expect(track(again)).toBeVisible();
  await expect(offer(again)).toHaveCount(0);
  // Hidden, they are neither shown nor offered when the image is opened again.
  await track(again).getByRole('button', { name: 'GPT' }).click();
  await expect(track(again)).toHaveCount(0);
  await again.reload();
  await opened(again);
  await rest(again);
  await expect(track(again)).toHaveCount(0);
  await expect(offer(again)).toHaveCount(0);
  expect(await hashFile(image)).toBe(before);
});

test('an error that comes while a chain is shown moves nothing', async ({ start, folder }) => {
  const { page, app } = await start('--window-size=900x600', partitioned(folder));
  await opened(page);
  await expect(offer(page)).toBeVisible();
  const boxes = () =>
    page
      .locator('.lane-row, .axis, .overview')
      .evaluateAll(rows => rows.map(row => row.getBoundingClientRect().toJSON()));
  const before = await boxes();
  await app.evaluate(({ dialog }, file) => {
    dialog.showOpenDialog = async () => ({ canceled: false, filePaths: [file] });
  }, `${folder}/missing.qcow2`);
  await page.keyboard.press('Control+O');
  const error = page.getByRole('alert');
  await expect(error).toBeVisible();
  expect(await boxes()).toEqual(before);
  // What it covers can be scrolled to.
  await page.locator('.plot').evaluate(plot => plot.scrollTo(0, plot.scrollHeight));
  const lowest = (await page.locator('.lane-row').last().boundingBox()) ?? { y: 0, height: 0 };
  const stack = (await page.locator('.notices').boundingBox()) ?? { y: 0 };
  expect(lowest.y + lowest.height).toBeLessThanOrEqual(stack.y);
});
