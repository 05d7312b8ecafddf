/**
 * npm run bench [-- ARGUMENT...]
 *
 * Bundles test/bench/bench.ts as the program itself is bundled and runs it, so that what is measured is what ships.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleOrSay } from './bundle.mjs';
import { setUp } from './setup.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

setUp();
if (!(await bundleOrSay(['engine-worker', 'cli', 'bench']))) process.exit(1);
const { status } = spawnSync(
  process.execPath,
  ['--expose-gc', join(root, 'dist', 'bench.cjs'), ...process.argv.slice(2)],
  {
    stdio: 'inherit',
  },
);
process.exitCode = status === null ? 1 : status;
