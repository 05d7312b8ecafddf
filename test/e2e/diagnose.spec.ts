/** Damaged images that `qemu-img check` calls clean: what is found and explained, seen in the chain and in the file. */
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { sharedCluster } from '../../examples/recipes.mjs';
import { pokeU64, writeQcow2 } from '../support/images/qcow2-builder.ts';
import { qemuImg } from '../support/tools.ts';
import { drop, expect, opened, rest, test } from './app.ts';
import { violations } from './axe.ts';

const CLUSTER = 65_536;

test('a support engineer drops an image, finds two owners of one cluster, sees both, and copies the commands', async ({
  start,
  make,
}) => {
  const [, top = ''] = await make(sharedCluster);
  await qemuImg('check', '-q', top); // finds nothing
  const { app, page } = await start('--window-size=1280x800');
  await drop(page, [top]);
  await opened(page);
  // The check began by itself, and the worst of what it found leads to the list.
  await page.getByRole('button', { name: '1 finding · worst: corruption' }).click();
  const finding = page.getByRole('region', { name: 'Finding', exact: true });
  await expect(finding).toContainText('holds the data of several guest clusters');
  await expect(finding).toContainText('Do not start the machine');
  await expect(finding.getByRole('region', { name: 'Evidence' })).toContainText('data of guest 0x0004_0000');
  await expect(finding.getByRole('region', { name: 'What it means' })).toContainText('qemu-img check');

  // The cluster in the chain, with its evidence.
  await page.getByRole('listbox', { name: /Findings/ }).focus();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('region', { name: 'Findings here' })).toContainText('QCOW2_CROSS_LINK');
  await expect(page.getByRole('region', { name: 'Where' })).toContainText('0x0005_0000');

  // Both owners in the file, and the way to the other one.
  await page.getByRole('button', { name: 'Show in host layout' }).click();
  const cluster = page.getByRole('region', { name: 'Cluster' });
  await expect(cluster).toContainText('2 references');
  await expect(cluster).toContainText('entry 0 of the L2 table');
  await cluster.getByRole('button', { name: 'guest 0x0004_0000, 64 KiB' }).click();
  await expect(page.getByRole('region', { name: 'Where' })).toContainText('0x0004_0000');

  // The commands, as they arrive on the clipboard.
  await page.keyboard.press('3');
  await page.getByRole('button', { name: 'Copy the command to keep the evidence' }).click();
  const copied = () => app.evaluate(({ clipboard }) => clipboard.readText());
  await expect.poll(copied).toBe(`cp --sparse=always --no-clobber -- ${top} ${top}.copy`);
  await page.keyboard.press('x');
  await expect(finding.getByRole('button', { name: 'Reviewed' })).toHaveAttribute('aria-pressed', 'true');
});

/** An image with two compressed clusters, the second of them overwritten, and a leaked cluster. */
function damagedStream(folder: string): string {
  const path = join(folder, 'disk.qcow2');
  const fd = openSync(path, 'w+');
  const { l2Offsets } = writeQcow2(fd, {
    size: 16 * CLUSTER,
    clusters: [
      { index: 0, kind: 'compressed', content: new Uint8Array(CLUSTER).fill(1) },
      { index: 3, kind: 'data' },
    ],
  });
  const table = l2Offsets.get(0) as number;
  pokeU64(fd, table + CLUSTER, -1n); // where the stream begins
  pokeU64(fd, table + 3 * 8, 0n);
  closeSync(fd);
  return path;
}

test('a damaged stream is found by the check of all data, which the list of checks names with its cost', async ({
  start,
  folder,
}, info) => {
  const image = damagedStream(folder);
  const { page } = await start('--window-size=1280x800', image);
  await opened(page);
  await expect(page.getByRole('button', { name: 'Checked: leaks' })).toBeVisible();
  await page.getByRole('button', { name: '1 finding · worst: leak' }).click();
  const list = page.getByRole('listbox', { name: /Findings/ });
  await expect(list.getByRole('option')).toHaveCount(1);
  const checked = page.getByRole('group', { name: 'Checked: leaks' });
  await expect(checked).toContainText('compressed data');
  await expect(checked).toContainText('“Check all data” below does this');
  await expect(checked).not.toContainText('cowscope check');
  const offer = page.getByRole('group', { name: 'All data' });
  await expect(offer).toContainText(/decompresses what is compressed.*about \d+(\.\d+)? KiB/);
  await info.attach('offered', { body: await page.screenshot(), contentType: 'image/png' });
  await offer.getByRole('button', { name: 'Check all data' }).click();

  await expect(page.getByRole('button', { name: 'Checked with all data: corrupt' })).toBeVisible();
  await expect(page.getByRole('button', { name: '2 findings · worst: corruption' })).toBeVisible();
  await expect(offer).toHaveCount(0);
  await expect(list.getByRole('option')).toHaveCount(2);
  await list.getByRole('option').first().click();
  const finding = page.getByRole('region', { name: 'Finding', exact: true });
  await expect(finding).toContainText('a compressed cluster cannot be decompressed', { ignoreCase: true });

  // Filters count what they show; the other choices count what they would show.
  const filters = page.getByRole('region', { name: 'Filters' });
  await filters.getByRole('button', { name: /leak 1/ }).click();
  await expect(list.getByRole('option')).toHaveCount(1);
  await expect(filters.getByRole('button', { name: /QCOW2_STREAM_DAMAGED 0/ })).toBeVisible();
  await filters.getByRole('button', { name: 'Show all' }).click();
  await expect(list.getByRole('option')).toHaveCount(2);
  await rest(page);
  await info.attach('checked', { body: await page.screenshot(), contentType: 'image/png' });
});

for (const theme of ['light', 'dark'] as const) {
  for (const size of ['1280x800', '1920x1080']) {
    test(`${theme} ${size}: findings and host layout have no violation`, async ({ start, make }, info) => {
      const [, top = ''] = await make(sharedCluster);
      const { page } = await start(`--theme=${theme}`, `--window-size=${size}`, top);
      await opened(page);
      for (const [key, name] of [
        ['3', 'findings'],
        ['2', 'host layout'],
      ] as const) {
        await page.keyboard.press(key);
        await rest(page);
        if (key === '2') await page.getByRole('button', { name: 'Next: data' }).click();
        await expect(page.getByRole('region', { name: key === '3' ? 'Evidence' : 'The file' })).toBeVisible();
        expect(await violations(page), name).toEqual([]);
        await info.attach(`${theme} ${size} ${name}`, {
          body: await page.screenshot(),
          contentType: 'image/png',
        });
      }
    });
  }
}
