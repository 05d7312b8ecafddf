/** What is drawn, read through the tables that stand for the pictures, against what was written into the images. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bitmaps, damaged, golden, shortMiddle } from '../../examples/recipes.mjs';
import { expect, opened, picture, rest, test } from './app.ts';
import { CLUSTER, cells, cellsOf } from './table-cells.ts';

/** The golden chain: base 1 MiB, middle 1 MiB, top 1.25 MiB, in clusters of 64 KiB. */
const GOLDEN = {
  'base.qcow2': cells(
    `data:base.qcow2 data:base.qcow2|overridden*6 data:base.qcow2 unallocated*8 outOfRange*4`,
  ),
  'mid.qcow2': cells(`
    unallocated data:mid.qcow2|overrides unallocated zeroHole:mid.qcow2|holeOverrides
    zeroAllocated:mid.qcow2|holeOverrides zeroHole:mid.qcow2|holeOverrides unallocated*10 outOfRange*4`),
  'top.qcow2': cells(`
    unallocated*2 data:top.qcow2|overrides unallocated*3 compressed:top.qcow2|overrides unallocated*3
    zeroHole:top.qcow2 unallocated*7 data:top.qcow2 unallocated`),
  guest: cells(`
    data:base.qcow2 data:mid.qcow2|overrides data:top.qcow2|overrides zeroHole:mid.qcow2|holeOverrides
    zeroAllocated:mid.qcow2|holeOverrides zeroHole:mid.qcow2|holeOverrides compressed:top.qcow2|overrides
    data:base.qcow2 unallocated*2 zeroHole:top.qcow2 unallocated*7 data:top.qcow2 unallocated`),
};

test('the golden chain is drawn cell by cell', async ({ start, make }, info) => {
  const [, , top] = await make(golden);
  const { page } = await start('--window-size=1400x900', top as string);
  await opened(page);
  await info.attach('golden', { body: await page.screenshot(), contentType: 'image/png' });
  for (const [track, part] of [
    [0, /^Guest: .*zeros that hide data/],
    [1, /^top.qcow2: .*marks: override/],
    [2, /^mid.qcow2: .*marks: zeros that hide data/],
    [3, /^base.qcow2: .*hidden by a layer above/],
  ] as const) {
    await expect(picture(page, track)).toHaveAttribute('aria-label', part);
  }
  for (const name of ['Show zeros that hide data', 'Show override'])
    await expect(page.getByRole('button', { name, exact: true })).toBeVisible();
  const drawn = await cellsOf(page);
  for (const [track, expected] of Object.entries(GOLDEN)) expect(drawn[track], track).toEqual(expected);
  await info.attach('golden as tables', { body: await page.screenshot(), contentType: 'image/png' });
});

test('the golden chain is drawn the same without a GPU', async ({ start, make, switches }) => {
  switches.push('--disable-gpu', '--disable-software-rasterizer');
  const [, , top] = await make(golden);
  const { app, page } = await start('--window-size=1400x900', top as string);
  await opened(page);
  expect(await app.evaluate(({ app: electron }) => electron.getGPUFeatureStatus().gpu_compositing)).toBe(
    'disabled_software',
  );
  const drawn = await cellsOf(page);
  for (const [track, expected] of Object.entries(GOLDEN)) expect(drawn[track], track).toEqual(expected);
});

test('past the end of a shorter middle no layer owns anything and the base is hidden', async ({
  start,
  make,
}) => {
  const [, , top] = await make(shortMiddle);
  const { page } = await start(top as string);
  await opened(page);
  const drawn = await cellsOf(page);
  expect(drawn['mid.qcow2']?.slice(8)).toEqual(cells('outOfRange*8'));
  expect(drawn['base.qcow2']?.slice(8)).toEqual(cells('data:base.qcow2|shadowed*8'));
  expect(drawn.guest?.slice(8)).toEqual(cells('unallocated*8'));
  expect(drawn.guest?.[4]).toMatchObject({ state: 'data', owner: 'top.qcow2' });
});

test('dirty bitmaps are drawn as marks', async ({ start, make }) => {
  const [, top] = await make(bitmaps);
  const { page } = await start(top as string);
  await opened(page);
  const drawn = await cellsOf(page);
  const dirty = drawn['top.qcow2']?.flatMap((cell, at) => (cell.marks.includes('dirty') ? [at] : []));
  expect(dirty).toEqual([1, 2, 3]);
});

test('a damaged layer is drawn, and its damage too', async ({ start, make }) => {
  const [, top] = await make(damaged);
  const { page } = await start(top as string);
  await opened(page);
  const drawn = await cellsOf(page);
  expect(drawn['top.qcow2']?.[0]?.state).toBe('unreadable');
  expect(drawn['top.qcow2']?.[1]).toMatchObject({ state: 'data', owner: 'top.qcow2' });
  expect(drawn['base.qcow2']?.[15]).toMatchObject({ state: 'data', owner: 'base.qcow2' });
  await expect(page.getByRole('button', { name: /^\d+ findings? · worst: corruption/ })).toBeVisible();
  await page.keyboard.press('j');
  await expect(page.getByRole('region', { name: 'Where', exact: true })).toContainText('0x0000_0000');
  await expect(page.getByRole('region', { name: 'Findings here' })).toContainText('top.qcow2');
  await page.keyboard.press('k');
  await expect(page.locator('.status-message')).toHaveText('No earlier finding');
});

test('the menu of a place copies its offset and leads to the layer that is read', async ({
  start,
  make,
}, info) => {
  const [, , top] = await make(golden);
  const { app, page } = await start(top as string);
  await opened(page);
  const { width, height } = (await picture(page, 0).boundingBox()) as { width: number; height: number };
  // Cluster 4 of 20, which the middle layer holds.
  const position = { x: width * 0.225, y: height / 2 };
  await picture(page, 0).click({ button: 'right', position });
  await info.attach('menu', { body: await page.screenshot(), contentType: 'image/png' });
  await page.getByRole('menuitem', { name: /^Copy start of the selection/ }).click();
  await expect.poll(() => app.evaluate(({ clipboard }) => clipboard.readText())).toBe('0x40000');
  await picture(page, 0).click({ button: 'right', position });
  await page.getByRole('menuitem', { name: 'Go to the layer that is read here' }).click();
  await expect(picture(page, 2)).toBeFocused();
  await expect(page.getByRole('region', { name: 'What', exact: true })).toContainText('mid.qcow2');
});

test('a raw image is opened and said to be raw', async ({ start, folder }) => {
  const raw = join(folder, 'disk.img');
  writeFileSync(raw, Buffer.alloc(4 * CLUSTER, 7));
  const { page } = await start(raw);
  await opened(page);
  await expect(page.getByRole('region', { name: 'disk.img', exact: true })).toContainText('raw');
  expect((await cellsOf(page))['disk.img']).toEqual(cells('data:disk.img*4'));
});

test('the keyboard alone opens an image, finds zeros that hide data and reads why', async ({
  start,
  make,
}, info) => {
  const [, , top] = await make(golden);
  const { app, page } = await start();
  await expect(page.getByRole('heading', { name: 'Drop disk images here' })).toBeVisible();
  await app.evaluate(({ dialog }, file) => {
    dialog.showOpenDialog = async () => ({ canceled: false, filePaths: [file] });
  }, top as string);
  await page.keyboard.press('Control+O');
  await opened(page);

  const focused = page.locator('canvas[data-twin]:focus');
  for (let steps = 0; steps < 60 && (await focused.count()) === 0; steps++) await page.keyboard.press('Tab');
  await expect(focused).toHaveAttribute('aria-label', /^Guest: /);
  await page.keyboard.press('h');
  const what = page.getByRole('region', { name: 'What', exact: true });
  await expect(what).toContainText('zeros that hide data');
  await expect(page.getByRole('region', { name: 'Where', exact: true })).toContainText('0x0003_0000');
  await expect(page.getByRole('region', { name: 'Stack', exact: true })).toContainText('mid.qcow2');
  await expect(page.getByRole('region', { name: 'Evidence', exact: true })).toContainText(
    '0x0000_0000_0000_0001',
  );
  await expect(page.locator('[aria-live]')).toContainText('zeros that hide data');
  await info.attach('inspector', { body: await page.screenshot(), contentType: 'image/png' });

  await page.keyboard.press('t');
  const grid = page.getByRole('grid');
  await expect(grid).toBeVisible();
  await page.keyboard.press('i');
  await expect(what).toBeHidden();
});

test('zoom, pan and fit move the axis, and back returns', async ({ start, make }) => {
  const [, , top] = await make(golden);
  const { page } = await start(top as string);
  await opened(page);
  const guest = picture(page, 0);
  await expect(guest).toHaveAttribute('aria-label', /compressed/);
  const whole = (await guest.getAttribute('aria-label')) as string;
  const { x, y, width, height } = (await guest.boundingBox()) as NonNullable<
    Awaited<ReturnType<typeof guest.boundingBox>>
  >;
  // Cluster 18 of 20, which the top holds.
  await page.mouse.move(x + width * 0.925, y + height / 2);
  for (let turn = 0; turn < 12; turn++) await page.mouse.wheel(0, -240);
  await expect(guest).toHaveAttribute('aria-label', 'Guest: 100 % data');
  await page.keyboard.press('0');
  await expect(guest).toHaveAttribute('aria-label', whole);
});

test('all lanes share one layer with what lies over them, and the tooltip is beside the pointer', async ({
  start,
  make,
}) => {
  const [, , top] = await make(golden);
  const { page } = await start('--window-size=1400x900', top as string);
  await opened(page);
  const lane = await picture(page, 1).boundingBox();
  const [x, y] = [(lane?.x ?? 0) + 100, (lane?.y ?? 0) + 20];
  await page.mouse.move(x, y);
  const tooltip = page.locator('.hover-tooltip');
  await expect(tooltip).toBeVisible();
  // 14 pixels right of the pointer, but for rounding.
  await expect
    .poll(async () => Math.abs(((await tooltip.boundingBox())?.x ?? 0) - x - 14))
    .toBeLessThanOrEqual(1);

  const devtools = await page.context().newCDPSession(page);
  let drawn = 0;
  devtools.on('LayerTree.layerTreeDidChange', ({ layers = [] }) => {
    drawn = layers.filter(({ drawsContent }) => drawsContent).length;
  });
  await devtools.send('DOM.enable');
  await devtools.send('LayerTree.enable');
  await page.mouse.wheel(0, -120);
  await rest(page);
  await expect.poll(() => drawn).toBeGreaterThan(0);
  // Of the page, and at most those of the overview and the axis where the lanes scroll under them.
  expect(drawn).toBeLessThanOrEqual(5);
});
