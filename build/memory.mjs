/** Small notes between runs, beside the node modules they are about: they go when those are reinstalled. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of the notes; also for reports and other files of one run. */
export const cacheFolder = fileURLToPath(new URL('../node_modules/.cache/cowscope', import.meta.url));

/** The folder for what is large and serves every checkout of this user. */
export const userCacheFolder = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'cowscope');

/** What was remembered under a name, or undefined. */
export function recall(name) {
  try {
    return JSON.parse(readFileSync(fileOf(name), 'utf8'));
  } catch {
    return undefined;
  }
}

/** Keeps a value (anything JSON holds) under a name. */
export function remember(name, value) {
  mkdirSync(cacheFolder, { recursive: true });
  writeFileSync(fileOf(name), JSON.stringify(value));
}

/** Drops what was remembered under a name. */
export function forget(name) {
  rmSync(fileOf(name), { force: true });
}

function fileOf(name) {
  return join(cacheFolder, `${name}.json`);
}
