/** Node modules as package-lock.json has them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { npm } from './npm.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Installs what the lockfile names when something else, or nothing, is installed. Throws an Error with npm's reason. */
export function installNodeModules(say) {
  if (isInstalled()) return;
  say('Installing node modules from package-lock.json …');
  // No dependency needs its scripts, and the caller builds, where a failure is reported in full.
  npm(['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: root });
  if (!isInstalled())
    throw new Error('npm ci ended well, but node_modules is not what package-lock.json says');
}

/**
 * True when node_modules holds what the lockfile names, by the list that npm keeps of what it installed. Packages for
 * other platforms are not installed, so optional ones may be missing.
 */
function isInstalled() {
  const locked = readPackages('package-lock.json');
  const installed = readPackages('node_modules/.package-lock.json');
  if (locked === undefined || installed === undefined) return false;
  for (const [path, { version, integrity, optional }] of Object.entries(locked)) {
    if (path === '') continue;
    const found = installed[path];
    if (found === undefined ? !optional : found.version !== version || found.integrity !== integrity)
      return false;
  }
  return Object.keys(installed).every(path => path in locked);
}

function readPackages(file) {
  try {
    return JSON.parse(readFileSync(join(root, file), 'utf8')).packages;
  } catch {
    return undefined;
  }
}
