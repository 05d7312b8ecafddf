/** Random use of the window: the same seed gives the same steps. */
import type { ElectronApplication, Page } from '@playwright/test';
import type { CommandId } from '../../shared/commands.ts';

/** Numbers in [0, 1). */
export type Random = () => number;

/** Opens files in the running window, as a desktop does that has it open already: one event for each. */
export async function openFiles(app: ElectronApplication, files: readonly string[]): Promise<void> {
  await app.evaluate(({ app: electronApp }, paths) => {
    for (const path of paths) electronApp.emit('open-file', { preventDefault() {} }, path);
  }, files);
}

/** Runs a command of the window by its id, as the menu does. */
export async function command(app: ElectronApplication, id: string): Promise<void> {
  await app.evaluate(({ BrowserWindow }, name) => {
    BrowserWindow.getAllWindows()[0]?.webContents.send('app:command', { id: name });
  }, id);
}

const COMMANDS = [
  ...['zoom-in', 'zoom-in', 'zoom-out', 'pan-left', 'pan-right', 'page-left', 'page-right', 'start', 'end'],
  ...['next-override', 'previous-override', 'next-hole-override', 'previous-hole-override', 'next-finding'],
  ...['next-extent', 'previous-extent', 'next-same', 'previous-same', 'next-cluster', 'fit', 'fit-selection'],
  ...['range', 'statistics', 'back', 'forward', 'layer-below', 'layer-above', 'clear', 'table', 'inspector'],
] as const satisfies readonly CommandId[];

/** One thing done at random: the wheel, a drag, a click, the pointer moving over the lanes, or a command. */
export async function actAtRandom(app: ElectronApplication, page: Page, random: Random): Promise<void> {
  const lanes = await page.locator('.lanes').boundingBox();
  if (lanes === null) return;
  const place = () => ({
    x: lanes.x + lanes.width * (0.25 + 0.74 * random()),
    y: lanes.y + Math.min(lanes.height, 400) * (0.05 + 0.9 * random()),
  });
  const { x, y } = place();
  const kind = random();
  if (kind < 0.4) {
    await page.mouse.move(x, y);
    const turn = random() < 0.6 ? -120 : 120;
    for (let turns = 2 + Math.floor(random() * 10); turns > 0; turns--) await page.mouse.wheel(0, turn);
  } else if (kind < 0.55) {
    await page.mouse.move(x, y);
    await page.mouse.down();
    const to = place();
    await page.mouse.move(to.x, to.y, { steps: 12 });
    await page.mouse.up();
  } else if (kind < 0.65) await page.mouse.click(x, y);
  else if (kind < 0.8) {
    const to = place();
    await page.mouse.move(x, y);
    await page.mouse.move(to.x, to.y, { steps: 20 });
  } else await command(app, COMMANDS[Math.floor(random() * COMMANDS.length)] as string);
}
