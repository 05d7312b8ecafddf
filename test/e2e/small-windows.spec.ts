/** At every width, and with text of twice the size, the lanes keep most of the window and no control lies outside. */
import { dirname } from 'node:path';
import type { ElectronApplication, Page } from '@playwright/test';
import { damaged, golden } from '../../examples/recipes.mjs';
import { expect, opened, picture, rest, test } from './app.ts';

/** Widths of the window in pixels, each with the factor by which it is enlarged. */
const SIZES = [
  [480, 1],
  [640, 1],
  [800, 1],
  [1280, 1],
  [1920, 1],
  [1280, 2],
] as const;
type Box = { readonly x: number; readonly y: number; readonly width: number; readonly height: number };

/** Least share of the window's width that the lanes have while the inspector is closed. */
const LANES_SHARE = 0.6;

/** Gives the window a width and a zoom, and waits until it is laid out. */
async function resize(app: ElectronApplication, page: Page, width: number, zoom: number): Promise<void> {
  await app.evaluate(
    ({ BrowserWindow }, [wide, factor]) => {
      const [window] = BrowserWindow.getAllWindows();
      window?.webContents.setZoomFactor(factor as number);
      window?.setContentSize(wide as number, 640);
    },
    [width, zoom],
  );
  await expect.poll(() => page.evaluate(() => innerWidth)).toBe(Math.round(width / zoom));
}

/** Controls that can be seen neither where they are nor by scrolling what they lie in. */
function outOfReach(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const controls = [...document.querySelectorAll<HTMLElement>('button, input, select, a, [tabindex="0"]')];
    const isOutside = ({ left, right, top, bottom }: DOMRect) =>
      left < -1 || right > innerWidth + 1 || top < -1 || bottom > innerHeight + 1;
    const scrollsIntoView = (control: HTMLElement): boolean => {
      control.scrollIntoView({ block: 'nearest', inline: 'nearest' });
      const box = control.getBoundingClientRect();
      // What is larger than half of the window, such as a list, is seen in parts.
      return !isOutside(box) || box.height > innerHeight / 2 || box.width > innerWidth;
    };
    return controls
      .filter(control => control.checkVisibility() && !control.closest('[inert]'))
      .filter(control => isOutside(control.getBoundingClientRect()) && !scrollsIntoView(control))
      .map(control => control.outerHTML.slice(0, 120));
  });
}

/** Badges of layers that are shown and not whole: what has no room is to be counted instead. */
function cutBadges(page: Page): Promise<(string | null)[]> {
  return page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>('.badges > li')]
      .filter(badge => badge.checkVisibility({ visibilityProperty: true }))
      .filter(badge => {
        const box = badge.getBoundingClientRect();
        const header = badge.closest('.lane-header')?.getBoundingClientRect();
        return header === undefined || box.right > header.right || box.bottom > header.bottom + 1;
      })
      .map(badge => badge.textContent),
  );
}

test('lanes keep most of the width, and no control lies outside', async ({ start, make }, info) => {
  const [, , top] = await make(golden);
  const { app, page } = await start('--window-size=800x640', top as string);
  await opened(page);
  const inspector = page.getByRole('complementary', { name: 'Inspector' });
  await expect(inspector).toHaveCount(0); // it would lie over the lanes

  for (const [width, zoom] of SIZES) {
    await resize(app, page, width, zoom);
    const inner = Math.round(width / zoom);
    // Beside the lanes of a wide window it is open at first, over those of a narrow one it is not.
    await expect(inspector).toHaveCount(width === 1280 && zoom === 1 ? 1 : 0);
    if (await inspector.isVisible()) await page.keyboard.press('i');
    await expect(inspector).toHaveCount(0);
    await expect
      .poll(async () => ((await picture(page, 0).boundingBox())?.width ?? 0) / inner, `lanes at ${width}`)
      .toBeGreaterThanOrEqual(LANES_SHARE);
    // The legend is one row that scrolls.
    const outside = await page.evaluate(() =>
      [...document.querySelectorAll('.toolbar button, .toolbar input, .lane-header .eye, .status-bar button')]
        .filter(control => {
          const { left, right, top: above, bottom } = control.getBoundingClientRect();
          return left < 0 || right > innerWidth || above < 0 || bottom > innerHeight;
        })
        .map(control => control.outerHTML.slice(0, 120)),
    );
    expect(outside, `at ${width}, ${zoom * 100} %`).toEqual([]);
    expect(await outOfReach(page), `at ${width}, ${zoom * 100} %`).toEqual([]);
    expect(await cutBadges(page), `at ${width}, ${zoom * 100} %`).toEqual([]);
    const body = await page.screenshot();
    await info.attach(`${width} at ${zoom * 100} %`, { body, contentType: 'image/png' });
    // The lists below take room from the lanes' height alone, and what is wider than the window scrolls in them.
    await page.keyboard.press('p');
    const lists = page.getByRole('region', { name: 'Lists' });
    await expect(lists.getByRole('grid', { name: 'Places' })).toBeVisible();
    const { x, y, width: wide, height } = (await lists.boundingBox()) as Box;
    expect(x + wide, `lists at ${width}`).toBeLessThanOrEqual(inner);
    expect(y + height, `lists at ${width}`).toBeLessThanOrEqual(Math.round(640 / zoom));
    expect(height, `lists at ${width}`).toBeGreaterThanOrEqual(90);
    // 320 px are not high enough for both: there the lists cover the lanes until they are closed.
    const lane = (await picture(page, 0).boundingBox()) as Box;
    const laneEnd = zoom === 1 ? lane.y + lane.height : 0;
    expect(lane.height, `a lane above the lists at ${width}`).toBeGreaterThanOrEqual(20);
    expect(laneEnd, `a lane above the lists at ${width}`).toBeLessThanOrEqual(y);
    const open = await page.screenshot();
    await info.attach(`${width} at ${zoom * 100} % with lists`, { body: open, contentType: 'image/png' });
    await page.keyboard.press('p');
  }
  await resize(app, page, 640, 1);
  await page.keyboard.press('i');
  await expect(inspector).toBeVisible();
  const box = await inspector.boundingBox();
  expect(box?.x ?? -1).toBeGreaterThanOrEqual(0);
  expect((box?.x ?? 0) + (box?.width ?? 0)).toBeLessThanOrEqual(640);
});

test('what is wrong with a layer is seen beside its lane, and what it has lost', async ({ start, make }) => {
  const [, top] = await make(damaged);
  const { app, page } = await start('--window-size=1280x640', top as string);
  await opened(page);
  const header = page.locator('.lane-header').filter({ hasText: 'top.qcow2' });
  for (const [width, zoom] of SIZES.filter(([wide, factor]) => wide / factor > 560)) {
    await resize(app, page, width, zoom);
    await rest(page);
    const badge = (await header
      .getByRole('button', { name: /^4 findings$|^\+/ })
      .first()
      .boundingBox()) as Box;
    const lane = (await header.boundingBox()) as Box;
    expect(badge.y + badge.height, `at ${width}, ${zoom * 100} %`).toBeLessThanOrEqual(lane.y + lane.height);
  }
  await resize(app, page, 1280, 1);
  await expect(header).toContainText('128 KiB unreadable · holds 128 KiB');
});

/** What is wider than the area it lies in, of what should be as wide as the window lets it be. */
function tooWide(page: Page): Promise<string[]> {
  return page.evaluate(() =>
    [
      ...document.querySelectorAll<HTMLElement>(
        'body, dialog[open], .store, .store-findings, .empty, .planner',
      ),
    ]
      .filter(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth + 1)
      .map(({ tagName, className }) => `${tagName} ${className}`),
  );
}

/** Buttons at the foot of the open dialog that are not in sight before anything is scrolled. */
function buttonsOutOfSight(page: Page): Promise<(string | null)[]> {
  return page.evaluate(() =>
    [...document.querySelectorAll('dialog[open] footer button')]
      .filter(button => button.getBoundingClientRect().bottom > innerHeight)
      .map(button => button.textContent),
  );
}

async function expectFit(page: Page, what: string): Promise<void> {
  expect(await tooWide(page), what).toEqual([]);
  expect(await buttonsOutOfSight(page), what).toEqual([]);
  expect(await outOfReach(page), what).toEqual([]);
}

test('views and dialogs are as wide as the window, and their buttons are in sight', async ({
  start,
  make,
}, info) => {
  const [, , top] = await make(golden);
  const { app, page } = await start('--window-size=1280x640', top as string);
  await opened(page);
  const dialogs = { keys: '?', palette: 'F1', connect: 'Control+Shift+O', report: 'Control+E' };
  for (const [width, zoom] of SIZES) {
    await resize(app, page, width, zoom);
    for (const view of ['2', '3', '4', '5', '1']) {
      await page.keyboard.press(view);
      await rest(page);
      await expectFit(page, `view ${view} at ${width}, ${zoom * 100} %`);
    }
    for (const [name, key] of Object.entries(dialogs)) {
      await page.keyboard.press(key);
      await expect(page.getByRole('dialog')).toBeVisible();
      await expectFit(page, `${name} at ${width}, ${zoom * 100} %`);
      const body = await page.screenshot();
      await info.attach(`${name} at ${width}, ${zoom * 100} %`, { body, contentType: 'image/png' });
      await page.keyboard.press('Escape');
      await expect(page.getByRole('dialog')).toBeHidden();
    }
  }
});

test('the start screen and the images of a folder are as wide as the window', async ({ start, make }) => {
  const [base] = await make(golden);
  const { app, page } = await start();
  await app.evaluate(({ dialog }, path) => {
    dialog.showOpenDialog = async () => ({ canceled: false, filePaths: [path] });
  }, dirname(base));
  for (const [width, zoom] of [...SIZES, [480, 2] as const]) {
    await resize(app, page, width, zoom);
    const at = `at ${width}, ${zoom * 100} %`;
    await expect(page.getByRole('heading', { name: 'Drop disk images here' })).toBeVisible();
    await expectFit(page, `start screen ${at}`);
    const { icon, firstLine, card, buttons } = await startScreenBoxes(page);
    // However the text wraps, the lock is on its first line; no button touches the edge of the card.
    expect(Math.abs(icon.y + icon.height / 2 - (firstLine.y + firstLine.height / 2)), at).toBeLessThan(3);
    for (const button of buttons) {
      expect(button.x - card.x, at).toBeGreaterThanOrEqual(12);
      expect(card.x + card.width - button.x - button.width, at).toBeGreaterThanOrEqual(12);
    }
    await page.getByRole('button', { name: 'Open folder…' }).click();
    await expect(page.getByRole('listbox', { name: 'Images' })).toBeVisible();
    await expectFit(page, `folder ${at}`);
    await page.getByRole('button', { name: 'Back to the start' }).click();
  }
});

/** Where the lock and the first line of its sentence are, and the buttons in their card. */
function startScreenBoxes(page: Page) {
  return page.evaluate(() => {
    const boxOf = (element: Element | Range | null | undefined): Box => {
      const [line] = element?.getClientRects() ?? [];
      const { x = 0, y = 0, width = 0, height = 0 } = line ?? {};
      return { x, y, width, height };
    };
    const sentence = document.querySelector('.safe');
    const text = [...(sentence?.childNodes ?? [])].find(({ textContent }) => textContent?.trim() !== '');
    const words = document.createRange();
    if (text !== undefined) words.selectNode(text);
    return {
      icon: boxOf(sentence?.querySelector('.icon')),
      firstLine: boxOf(words),
      card: boxOf(document.querySelector('.drop-card')),
      buttons: [...document.querySelectorAll('.drop-card button')].map(boxOf),
    };
  });
}
