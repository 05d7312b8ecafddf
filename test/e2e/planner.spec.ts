/** What a commit would do, read in the window before it is done, and never done by it. */
import { copyFileSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { golden, shortMiddle } from '../../examples/recipes.mjs';
import { cowscopeJson } from '../support/cli.ts';
import { qemuImg, run, runWell, temporaryFolder } from '../support/tools.ts';
import { drop, expect, opened, rest, test } from './app.ts';
import { violations } from './axe.ts';

test('three files are dropped, a commit of the middle is planned, its hazards are read, its command is copied and a report is saved', async ({
  start,
  make,
}) => {
  const [base, mid, top] = await make(shortMiddle);
  const sibling = join(dirname(base), 'sibling.qcow2');
  await qemuImg('create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', 'base.qcow2', sibling, '1M');
  const { app, page } = await start('--window-size=1280x800');
  await drop(page, [top as string, base, mid as string]);
  await expect(page.getByRole('dialog')).toBeVisible();
  await page.keyboard.press('Enter');
  await opened(page);

  await page.keyboard.press('4');
  await page.getByRole('radio', { name: /^Commit mid/ }).check();
  const hazards = page.getByRole('region', { name: 'Hazards' });
  await expect(hazards).toContainText('PLAN_DATA_COMES_BACK');
  await expect(hazards).toContainText('PLAN_OTHER_CHILDREN');
  await expect(hazards).toContainText('sibling.qcow2');
  await expect(page.getByRole('heading', { name: /Would commit mid\.qcow2 into base\.qcow2/ })).toBeVisible();
  await page.getByRole('button', { name: 'Copy' }).click();
  const copied = () => app.evaluate(({ clipboard }) => clipboard.readText());
  await expect.poll(copied).toContain(`qemu-img commit -p -f qcow2 -d ${mid}`);
  await expect.poll(copied).toContain('qemu-img rebase -u');
  await expect(page.locator('.status-bar')).toContainText('Copied');

  await page.getByRole('radio', { name: 'a job of the running qemu' }).check();
  await page.getByRole('button', { name: 'Copy QMP' }).click();
  await expect.poll(copied).toMatch(/^\{"execute":"block-commit",.*"backing-file":"base\.qcow2"\}\}$/);
  await expect(page.getByRole('region', { name: 'Commands' })).toContainText('TOPNODE the node of mid.qcow2');
  expect(await violations(page)).toEqual([]);
  await page.getByRole('radio', { name: /^qemu-img, while/ }).check();
  await expect(page.getByRole('button', { name: 'Copy QMP' })).toBeHidden();

  const report = join(dirname(base), 'report.html');
  await app.evaluate(({ dialog }, path) => {
    dialog.showSaveDialog = async () => ({ canceled: false, filePath: path });
  }, report);
  await page.keyboard.press('Control+E');
  await expect(page.getByRole('checkbox', { name: /Leave folders out/ })).toBeChecked();
  await expect(page.getByRole('checkbox', { name: /Would commit mid\.qcow2/ })).toBeChecked();
  expect(await violations(page)).toEqual([]);
  await page.getByRole('button', { name: 'Save…' }).click();
  await expect(page.getByRole('dialog')).toBeHidden();
  await expect(page.locator('.status-bar')).toContainText('Saved');
  const text = readFileSync(report, 'utf8');
  for (const wanted of ['The plan', 'PLAN_DATA_COMES_BACK', 'sibling.qcow2', 'qemu-img commit'])
    expect(text).toContain(wanted);
  expect(text).not.toContain(dirname(base));
});

test('what the planner copies is what the command line prints, and does to copies of the images what was planned', async ({
  start,
  make,
}) => {
  const files = await make(golden);
  const top = files.at(-1) as string;
  const { app, page } = await start('--window-size=1280x800', top);
  await opened(page);
  await page.keyboard.press('4');
  await page.getByRole('radio', { name: /^Into base/ }).check();
  await rest(page);
  const copied = async (button: string): Promise<string> => {
    await app.evaluate(({ clipboard }) => clipboard.clear());
    await page.getByRole('button', { name: button, exact: true }).click();
    const text = () => app.evaluate(({ clipboard }) => clipboard.readText());
    await expect.poll(text).not.toBe('');
    return text();
  };
  const options = ['plan', 'commit', '--into', '0', '--output', 'json'];
  const { commands, stepwise } = await cowscopeJson([...options, top]);
  const ways = [await copied('Copy'), await copied('Copy steps')];
  expect(ways).toEqual([commands.join('\n'), stepwise.commands.join('\n')]);
  expect(stepwise.commands.length).toBeGreaterThan(2);

  // Pasted into a shell, on copies: base holds what the guest read before.
  for (const text of ways) {
    const folder = temporaryFolder();
    for (const file of files) copyFileSync(file, join(folder, basename(file)));
    await runWell('sh', ['-ec', text.replaceAll(dirname(top), folder)]);
    const base = join(folder, basename(files[0]));
    expect(await run('qemu-img', ['compare', '-f', 'qcow2', '-F', 'qcow2', base, top])).toMatchObject({
      code: 0,
    });
  }

  await page.getByRole('radio', { name: 'a job of the running qemu' }).check();
  await rest(page);
  const { qmp } = await cowscopeJson([...options, '--job', 'active', top]);
  const lines = (await copied('Copy QMP')).split('\n');
  expect(lines).toEqual(qmp);
  expect(lines.map(line => JSON.parse(line).execute)).toEqual(['block-commit', 'block-job-complete']);
});

for (const theme of ['light', 'dark'] as const)
  test(`${theme}: the planner has nothing that axe objects to, by keyboard and in small and large windows`, async ({
    start,
    make,
  }, info) => {
    const [, , top] = await make(shortMiddle);
    const { app, page } = await start(`--theme=${theme}`, '--window-size=1280x800', top as string);
    await opened(page);
    await page.keyboard.press('4');
    await rest(page);
    await page.getByRole('radio', { name: /^Commit top/ }).focus();
    await page.keyboard.press('ArrowDown');
    await expect(page.getByRole('radio', { name: /^Commit mid/ })).toBeChecked();
    await rest(page);
    for (const [width, height] of [
      [1280, 800],
      [1920, 1080],
      [640, 700],
    ] as const) {
      await app.evaluate(
        ({ BrowserWindow }, size) => {
          BrowserWindow.getAllWindows()[0]?.setSize(size[0], size[1]);
        },
        [width, height] as const,
      );
      await expect.poll(() => page.evaluate(() => innerWidth)).toBe(width);
      await rest(page);
      expect(await violations(page), `${width}`).toEqual([]);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
      await info.attach(`${theme} ${width}`, { body: await page.screenshot(), contentType: 'image/png' });
    }
    await page.keyboard.press('1');
    await expect(page.locator('.lanes')).toBeVisible();
  });
