/** What an installed command line consists of: its bundles, its manual page, its completions and the script that captures without it. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundledFiles } from '../bundle.mjs';

const dist = fileURLToPath(new URL('../../dist', import.meta.url));

/** The bundles that the command line runs. */
export const COMMAND_LINE_BUNDLES = ['cli', 'engine-worker'];

/** The contents of the files, made by the built command line itself. Throws an Error where it is not built. */
export function commandLineFiles() {
  return {
    bundles: bundledFiles(COMMAND_LINE_BUNDLES).map(name => [name, readFileSync(join(dist, name), 'utf8')]),
    manual: print('manual'),
    captureScript: print('capture', '--print-script'),
    completions: { bash: print('completion', 'bash'), fish: print('completion', 'fish') },
  };
}

function print(...words) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(dist, 'cli.cjs'), ...words], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`cowscope ${words.join(' ')}: ${stderr.trim()}`);
  return stdout;
}
