/**
 * npm run demo [-- --electron=npm | --electron=official]
 *
 * From a fresh clone to a drawn chain: sets up, builds, makes the demo chains and opens the golden one in the window.
 * Without a display it saves the window's picture instead; without Electron it draws the map in the
 * terminal and writes a page for a browser.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleOrSay } from './bundle.mjs';
import { electronCommand, hasDisplay, takeRequest } from './launch-electron.mjs';
import { setUp } from './setup.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const golden = join(root, 'examples', 'chains', 'golden', 'top.qcow2');
const picture = join(root, 'out', 'demo.png');
const page = join(root, 'out', 'demo.html');

const { request } = takeRequest(process.argv.slice(2));
setUp();
if (!(await bundleOrSay())) process.exit(1);
run(process.execPath, [join(root, 'examples', 'make-chains.mjs')]);
if (!existsSync(golden)) throw new Error(`the demo chain was not made: ${golden}`);

if (hasDisplay()) await openWindow();
else await savePicture();

/** Opens the chain in the window and stays until it is closed. */
async function openWindow() {
  const launch = await electronCommand({ programArgs: [golden], request });
  const why = launch.why || failureOf(launch);
  if (why) drawInTerminal(why);
}

/** Renders the window on a virtual display and saves what it shows. */
async function savePicture() {
  mkdirSync(join(root, 'out'), { recursive: true });
  const launch = await electronCommand({
    programArgs: [`--screenshot=${picture}`, '--force', golden],
    request,
    offscreen: true,
  });
  const why = launch.why || failureOf(launch);
  if (why) drawInTerminal(why);
  else console.log(`There is no display here: the window's picture is in ${relative('', picture)}`);
}

/** Runs the window; undefined when it ended well. */
function failureOf({ command, args, env }) {
  const code = run(command, args, env);
  return code === 0 ? undefined : `it ended with exit code ${code}`;
}

/** The same chain without a window: in the terminal, and as a page for a browser. */
function drawInTerminal(why) {
  const cli = join(root, 'dist', 'cli.cjs');
  mkdirSync(join(root, 'out'), { recursive: true });
  const codes = [
    run(process.execPath, [cli, 'map', golden]),
    run(process.execPath, [cli, 'report', '--force', '--to', page, golden]),
  ];
  process.exitCode = Math.max(...codes);
  console.log(`That is ${relative('', golden)}, drawn in the terminal. The window cannot open: ${why}.`);
  console.log(`For a browser the same chain is in ${relative('', page)}`);
}

/** Runs a command on this terminal and returns its exit code. */
function run(command, args, env = process.env) {
  const { status, error } = spawnSync(command, args, { env, stdio: 'inherit' });
  if (error) throw error;
  return status === null ? 1 : status;
}
