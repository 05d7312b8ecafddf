/** A damaged image that `qemu-img check` calls clean: found by itself, explained, seen in the chain and in the file. */
import { sharedCluster } from '../../examples/recipes.mjs';
import { qemuImg } from '../support/tools.ts';
import { expect, opened, rest, test } from './app.ts';
import { violations } from './axe.ts';

test('a support engineer finds two owners of one cluster, sees both, and copies the commands', async ({
  start,
  make,
}) => {
  const [, top = ''] = await make(sharedCluster);
  await qemuImg('check', '-q', top); // finds nothing
  const { app, page } = await start('--window-size=1280x800', top);
  await opened(page);
  // The check began by itself, and the worst of what it found leads to the list.
  await page.getByRole('button', { name: '1 finding · worst: corruption' }).click();
  const finding = page.getByRole('region', { name: 'Finding', exact: true });
  await expect(finding).toContainText('holds the data of several guest clusters');
  await expect(finding).toContainText('Do not start the machine');
  await expect(finding.getByRole('region', { name: 'Evidence' })).toContainText('data of guest 0x40000');
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
