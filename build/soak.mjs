/**
 * npm run soak [-- --minutes N] [--size S|M|L] [--images FOLDER] [--seed N]
 *   [--electron=npm | --electron=official]
 *
 * Builds, makes the alternating chain of three layers (metadata only; M, the default, is 1 TiB), and simulates random use
 * aim use the window on it for that long (default 30 minutes): nothing may leak, and no frame may take too long.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { bundleOrSay } from './bundle.mjs';
import { electronRuntime, sayWhatItIs } from './electron-runtime.mjs';
import { hasDisplay, sandboxProblem, takeRequest, virtualDisplay } from './launch-electron.mjs';
import { setUp } from './setup.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const { request, rest } = takeRequest(process.argv.slice(2));
const { values } = parseArgs({
  args: rest,
  options: {
    minutes: { type: 'string', default: '30' },
    size: { type: 'string', default: 'M' },
    images: { type: 'string' },
    seed: { type: 'string', default: String(Date.now() % 100_000) },
  },
});

setUp();
if (!(await bundleOrSay())) process.exit(1);
const runtime = await electronRuntime({ request });
const display = hasDisplay() ? { command: process.execPath, args: [] } : virtualDisplay();
const why = runtime.why || sandboxProblem(runtime.folder) || display.why;
if (why) {
  console.error(`The soak test cannot run: ${why}`);
  process.exit(1);
}
sayWhatItIs(runtime, console.log);
const playwright = [join(root, 'node_modules/@playwright/test/cli.js'), 'test', '-c', 'build/soak.config.ts'];
const { status } = spawnSync(
  display.command,
  [...display.args, ...(hasDisplay() ? [] : [process.execPath]), ...playwright],
  {
    cwd: root,
    stdio: 'inherit',
    env: {
      ...process.env,
      ...(runtime.origin === 'official' ? {} : { ELECTRON_OVERRIDE_DIST_PATH: runtime.folder }),
      ...(request === undefined ? {} : { COWSCOPE_ELECTRON: request }),
      COWSCOPE_SOAK_MINUTES: values.minutes,
      COWSCOPE_SOAK_SIZE: values.size,
      COWSCOPE_SOAK_SEED: values.seed,
      ...(values.images === undefined ? {} : { COWSCOPE_SOAK_IMAGES: values.images }),
    },
  },
);
process.exitCode = status === null ? 1 : status;
