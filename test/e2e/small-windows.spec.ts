/** At every width, and with text of twice the size, the lanes keep most of the window and no control lies outside. */
import type { Page } from '@playwright/test';
import { golden } from '../../examples/recipes.mjs';
import { expect, opened, picture, test } from './app.ts';

const WIDTHS = [480, 640, 800, 1280, 1920] as const;
type Box = { readonly x: number; readonly y: number; readonly width: number; readonly height: number };

/** Least share of the window's width that the lanes have while the inspector is closed. */
const LANES_SHARE = 0.6;

/** Controls that can be seen neither where they are nor by scrolling what they lie in. */
function outOfReach(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const controls = [...document.querySelectorAll<HTMLElement>('button, input, select, a, [tabindex="0"]')];
    const isOutside = ({ left, right, top, bottom }: DOMRect) =>
      left < -1 || right > innerWidth + 1 || top < -1 || bottom > innerHeight + 1;
    const scrollsIntoView = (control: HTMLElement): boolean => {
      control.scrollIntoView({ block: 'nearest', inline: 'nearest' });
      const box = control.getBoundingClientRect();
      // What is larger than the window is seen in parts.
      return !isOutside(box) || box.height > innerHeight || box.width > innerWidth;
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

  const resize = async (width: number, zoom: number) => {
    await app.evaluate(
      ({ BrowserWindow }, [wide, factor]) => {
        const [window] = BrowserWindow.getAllWindows();
        window?.webContents.setZoomFactor(factor as number);
        window?.setContentSize(wide as number, 640);
      },
      [width, zoom],
    );
    await expect.poll(() => page.evaluate(() => innerWidth)).toBe(Math.round(width / zoom));
  };
  for (const [width, zoom] of [...WIDTHS.map(wide => [wide, 1] as const), [1280, 2] as const]) {
    await resize(width, zoom);
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
  await resize(640, 1);
  await page.keyboard.press('i');
  await expect(inspector).toBeVisible();
  const box = await inspector.boundingBox();
  expect(box?.x ?? -1).toBeGreaterThanOrEqual(0);
  expect((box?.x ?? 0) + (box?.width ?? 0)).toBeLessThanOrEqual(640);
});
