/** No violation that axe can find, on every screen, in both themes. */
import { dirname, join } from 'node:path';
import { golden } from '../../examples/recipes.mjs';
import { withSnapshots } from '../support/images/snapshots.ts';
import { qemuImg } from '../support/tools.ts';
import { drop, expect, opened, picture, rest, test } from './app.ts';
import { violations } from './axe.ts';

for (const theme of ['light', 'dark'] as const) {
  test(`${theme}: the empty window and its dialogs`, async ({ start }) => {
    const { page } = await start(`--theme=${theme}`);
    await expect(page.getByRole('heading', { name: 'Drop disk images here' })).toBeVisible();
    expect(await violations(page), 'empty').toEqual([]);
    for (const key of ['?', 'F1', 'Control+Shift+O']) {
      await page.keyboard.press(key);
      await expect(page.getByRole('dialog')).toBeVisible();
      expect(await violations(page), key).toEqual([]);
      await page.keyboard.press('Escape');
      await expect(page.getByRole('dialog')).toBeHidden();
    }
  });

  test(`${theme}: a chain, its inspector and its table`, async ({ start, make }, info) => {
    const [, , top] = await make(golden);
    const { page } = await start(`--theme=${theme}`, '--window-size=1400x900', top as string);
    await opened(page);
    expect(await violations(page), 'chain').toEqual([]);
    await picture(page, 0).focus();
    await page.keyboard.press('n');
    await expect(page.getByRole('region', { name: 'What', exact: true })).toBeVisible();
    expect(await violations(page), 'inspector').toEqual([]);
    await page.keyboard.press('t');
    await expect(page.getByRole('grid')).toBeVisible();
    await rest(page);
    expect(await violations(page), 'table').toEqual([]);
    const lists = page.getByRole('region', { name: 'Lists' });
    await lists.getByRole('button', { name: 'Places' }).click();
    await expect(lists.getByText('1 of 7 · 768 KiB')).toBeVisible();
    expect(await violations(page), 'places').toEqual([]);
    await lists.getByRole('button', { name: 'Statistics' }).click();
    await expect(lists.getByRole('row', { name: /^base\.qcow2 512 KiB 128 KiB 384 KiB/ })).toBeVisible();
    expect(await violations(page), 'statistics').toEqual([]);
    await info.attach(theme, { body: await page.screenshot(), contentType: 'image/png' });
  });

  test(`${theme}: a snapshot, the list of snapshots and the menu of a place`, async ({
    start,
    folder,
  }, info) => {
    const top = await withSnapshots(folder);
    const { page } = await start(`--theme=${theme}`, '--window-size=1280x800', '--snapshot=first', top);
    await opened(page);
    expect(await violations(page), 'snapshot').toEqual([]);
    await info.attach(`${theme} snapshot`, { body: await page.screenshot(), contentType: 'image/png' });
    await page.getByRole('button', { name: 'Another snapshot…' }).click();
    await expect(page.getByRole('dialog')).toBeVisible();
    expect(await violations(page), 'list').toEqual([]);
    await page.keyboard.press('Escape');
    await expect(page.getByRole('button', { name: 'Another snapshot…' })).toBeFocused();
    await picture(page, 0).focus();
    await page.keyboard.press('Shift+F10');
    await expect(page.getByRole('menu')).toBeVisible();
    expect(await violations(page), 'menu').toEqual([]);
    await info.attach(`${theme} menu`, { body: await page.screenshot(), contentType: 'image/png' });
    await page.keyboard.press('Escape');
    await expect(picture(page, 0)).toBeFocused();
  });

  test(`${theme}: folders, files to be arranged and a missing backing file`, async ({
    start,
    make,
    folder,
  }) => {
    const [base, mid, top] = await make(golden);
    const orphan = join(dirname(base), 'orphan.qcow2');
    await qemuImg('create', '-q', '-u', '-f', 'qcow2', '-b', '/gone/base.qcow2', '-F', 'qcow2', orphan, '1M');
    const { app, page } = await start(`--theme=${theme}`);
    await app.evaluate(({ dialog }, path) => {
      dialog.showOpenDialog = async () => ({ canceled: false, filePaths: [path] });
    }, folder);
    await page.keyboard.press('Control+Shift+F');
    await expect(page.getByRole('region', { name: 'Findings' })).toContainText('STORE_ORPHAN');
    await expect(page.getByRole('listbox').getByText('orphan.qcow2')).toBeVisible();
    expect(await violations(page), 'folders').toEqual([]);
    await drop(page, [top as string, base, mid as string, orphan]);
    await expect(page.getByRole('dialog')).toContainText('records base.qcow2: missing');
    expect(await violations(page), 'arrange').toEqual([]);
    await page.keyboard.press('Escape');
    await page.getByRole('listbox').getByText('orphan.qcow2').click();
    await expect(page.getByRole('region', { name: 'Missing backing file' })).toBeVisible();
    await opened(page);
    expect(await violations(page), 'missing').toEqual([]);
  });

  test(`${theme}: an error`, async ({ start, folder }) => {
    const { page } = await start(`--theme=${theme}`, `${folder}/absent.qcow2`);
    await expect(page.getByRole('alert')).toBeVisible();
    expect(await violations(page)).toEqual([]);
  });
}
