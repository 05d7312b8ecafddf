/**
 * npm start -- [--electron=npm | --electron=official] [OPTION=VALUE...] [FILE... | NBD-URI]
 *
 * Opens the window of this checkout, built first where sources have changed. Ends when the window does, with its code.
 */
import { spawn } from 'node:child_process';
import { bundleOrSay } from './bundle.mjs';
import { electronCommand, takeRequest } from './launch-electron.mjs';
import { setUp } from './setup.mjs';

setUp();
if (!(await bundleOrSay())) process.exit(1);
const { request, rest } = takeRequest(process.argv.slice(2));
const launch = await electronCommand({ programArgs: rest, request });
if (launch.why) {
  console.error(
    `The window cannot open: ${launch.why}. In the terminal: npx --no-install cowscope map ${rest[0] || 'FILE'}`,
  );
  process.exitCode = 1;
} else {
  const child = spawn(launch.command, launch.args, { env: launch.env, stdio: 'inherit' });
  child.once('error', error => {
    console.error(`The window cannot open: ${error.message}`);
    process.exitCode = 1;
  });
  child.once('exit', (code, signal) => {
    process.exitCode = signal ? 1 : code;
  });
  // The terminal sends ^C to the window too; this process waits for it to end well.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
}
