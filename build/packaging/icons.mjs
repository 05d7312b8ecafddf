/** The program's icon in the forms and sizes that desktops ask for, drawn from one vector source. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { importTool } from './tools.mjs';

/** The vector source. */
export const ICON_SOURCE = fileURLToPath(new URL('desktop/cowscope.svg', import.meta.url));

/** Widths in pixels, as the hicolor theme has them. */
export const ICON_SIZES_PX = [16, 22, 24, 32, 48, 64, 128, 256, 512];

/** Widths in an .ico file: a byte each, in which 0 stands for 256. */
const ICO_SIZES_PX = [16, 24, 32, 48, 64, 256];

/** Widths in an .icns file and the type of each (https://en.wikipedia.org/wiki/Apple_Icon_Image_format). */
const ICNS_TYPES = { ic07: 128, ic08: 256, ic09: 512, ic10: 1024 };

/** A function that draws the icon as PNG in a width. */
async function painter() {
  const { Resvg } = await importTool('@resvg/resvg-js');
  const source = readFileSync(ICON_SOURCE);
  return width => new Resvg(source, { fitTo: { mode: 'width', value: width } }).render().asPng();
}

/** Writes `NAME.png` of every size, and the source, into a folder laid out as an icon theme (hicolor). */
export async function writeIconTheme(theme, name) {
  const draw = await painter();
  const write = (size, file, bytes) => {
    const path = join(theme, size, 'apps', file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, bytes);
  };
  write('scalable', `${name}.svg`, readFileSync(ICON_SOURCE));
  for (const width of ICON_SIZES_PX) write(`${width}x${width}`, `${name}.png`, draw(width));
}

/** Writes `WxW.png` of every size, and `icon.ico` and `icon.icns` for Windows and macOS, into a folder. */
export async function writeIconFiles(folder) {
  const draw = await painter();
  mkdirSync(folder, { recursive: true });
  for (const width of ICON_SIZES_PX) writeFileSync(join(folder, `${width}x${width}.png`), draw(width));
  writeFileSync(join(folder, 'icon.ico'), icoOf(ICO_SIZES_PX.map(width => [width, draw(width)])));
  const typed = Object.entries(ICNS_TYPES).map(([type, width]) => [type, draw(width)]);
  writeFileSync(join(folder, 'icon.icns'), icnsOf(typed));
}

/** An .ico file of PNG pictures: a directory of 16 bytes for each, then their bytes. `images` are [width, png]. */
export function icoOf(images) {
  const header = Buffer.alloc(6);
  header.writeUInt16LE(1, 2);
  header.writeUInt16LE(images.length, 4);
  let offset = header.length + 16 * images.length;
  const entries = images.map(([width, png]) => {
    const entry = Buffer.alloc(16);
    entry[0] = width % 256;
    entry[1] = width % 256;
    entry.writeUInt16LE(1, 4);
    entry.writeUInt16LE(32, 6);
    entry.writeUInt32LE(png.length, 8);
    entry.writeUInt32LE(offset, 12);
    offset += png.length;
    return entry;
  });
  return Buffer.concat([header, ...entries, ...images.map(([, png]) => png)]);
}

/** An .icns file of PNG pictures: type, length with these eight bytes, content. `images` are [type, png]. */
export function icnsOf(images) {
  const chunk = (type, content) => {
    const header = Buffer.from(`${type}\0\0\0\0`, 'latin1');
    header.writeUInt32BE(header.length + content.length, 4);
    return Buffer.concat([header, content]);
  };
  return chunk('icns', Buffer.concat(images.map(([type, png]) => chunk(type, png))));
}
