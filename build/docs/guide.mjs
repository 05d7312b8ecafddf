/**
 * node build/docs/guide.mjs
 *
 * Runs the examples of the guide and writes what they print, and the pictures that they draw, into docs. A test fails where
 * a page says something else. Examples are the blocks marked `console`; all of a page run in one folder, /images there.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isMain } from '../is-main.mjs';

const DOCS = fileURLToPath(new URL('../../docs/', import.meta.url));
const CLI = fileURLToPath(new URL('../../dist/cli.cjs', import.meta.url));

/** The pages whose examples are run. */
export const PAGES = ['capture.md', 'links.md', 'plan.md'];

const BLOCK = /```console\n(.*?)```/gs;

/** The path of a page, and of a picture. */
export const pagePath = page => join(DOCS, 'guide', page);
export const picturePath = name => join(DOCS, 'images', 'guide', name);

/** The page as its examples make it, and the pictures that they draw, by name. */
export function runPage(page) {
  const top = mkdtempSync(join(tmpdir(), 'guide-'));
  try {
    const folder = join(top, 'images');
    mkdirSync(folder);
    const text = readFileSync(pagePath(page), 'utf8').replace(
      BLOCK,
      (_, block) => `\`\`\`console\n${runBlock(block, folder)}\`\`\``,
    );
    const drawn = readdirSync(folder).filter(name => name.endsWith('.svg'));
    const pictures = new Map(drawn.map(name => [name, readFileSync(join(folder, name), 'utf8')]));
    return { text, pictures };
  } finally {
    rmSync(top, { recursive: true, force: true });
  }
}

/** A block with what its commands print now. */
function runBlock(block, folder) {
  const { NO_COLOR, FORCE_COLOR, COLUMNS, ...env } = process.env;
  const program = `cowscope() { '${process.execPath}' '${CLI}' "$@"; }`;
  let printed = '';
  for (const line of block.split('\n').filter(candidate => candidate.startsWith('$ '))) {
    const command = line.slice(2).replaceAll('/images/', `${folder}/`);
    const script = `${program}; ( ${command} ) 2>&1`;
    const { stdout, error } = spawnSync('sh', ['-c', script], { cwd: folder, env, encoding: 'utf8' });
    if (error) throw error;
    printed += `${line}\n${stdout.replaceAll(folder, '/images')}`;
  }
  return printed;
}

if (isMain(import.meta.url)) {
  mkdirSync(join(DOCS, 'images', 'guide'), { recursive: true });
  for (const page of PAGES) {
    const { text, pictures } = runPage(page);
    writeFileSync(pagePath(page), text);
    for (const [name, svg] of pictures) writeFileSync(picturePath(name), svg);
  }
}
