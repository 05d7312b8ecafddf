/** The program's icon in the sizes that desktops ask for, drawn from one vector source. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { importTool } from './tools.mjs';

/** The vector source. */
export const ICON_SOURCE = fileURLToPath(new URL('desktop/cowscope.svg', import.meta.url));

/** Widths in pixels, as the hicolor theme has them. */
export const ICON_SIZES_PX = [16, 22, 24, 32, 48, 64, 128, 256, 512];

/** Writes `NAME.png` of every size, and the source, into a folder laid out as an icon theme (hicolor). */
export async function writeIcons(theme, name) {
  const { Resvg } = await importTool('@resvg/resvg-js');
  const source = readFileSync(ICON_SOURCE);
  const write = (size, file, bytes) => {
    const path = join(theme, size, 'apps', file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, bytes);
  };
  write('scalable', `${name}.svg`, source);
  for (const width of ICON_SIZES_PX) {
    const image = new Resvg(source, { fitTo: { mode: 'width', value: width } }).render();
    write(`${width}x${width}`, `${name}.png`, image.asPng());
  }
}
