/** Small JSON files of the program's own, such as the list of recent targets. Never images, never secrets. */
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

const MAX_BYTES = 256 * 1024;

/** The parsed content of a file, or undefined when it is missing, larger than 256 KiB or no JSON. */
export function readJson(file: string): unknown {
  try {
    if (statSync(file).size > MAX_BYTES) return undefined;
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

/**
 * Replaces a file by the JSON of `value`, readable by its owner only, so that a crash leaves the old or the new one.
 * Throws what the file system throws.
 */
export function writeJson(file: string, value: unknown): void {
  const draft = `${file}.${process.pid}.new`;
  mkdirSync(dirname(file), { recursive: true });
  try {
    writeFileSync(draft, `${JSON.stringify(value, null, 1)}\n`, { mode: 0o600, flag: 'wx' });
    renameSync(draft, file);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}
