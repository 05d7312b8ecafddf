/**
 * The one way this checkout starts Electron: start, demo, the end-to-end tests and `cowscope open` all come here.
 *
 *   const launch = await electronCommand({ programArgs: ['top.qcow2'] });
 *   if (launch.why) console.error(launch.why);
 *   else spawn(launch.command, launch.args, { env: launch.env, stdio: 'inherit' });
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { electronRuntime, sayWhatItIs } from './electron-runtime.mjs';

/** The folder of the checkout, which Electron runs. */
const root = fileURLToPath(new URL('..', import.meta.url)).replace(/[\\/]$/, '');

/** A screen large enough for the window at its default size. */
const XVFB_RUN = ['-a', '-s', '-screen 0 1600x1000x24'];

/**
 * How to start the window: `{ command, args, env, flags, runtime }`, the first three ready for spawn, or `{ why }`, one
 * sentence that says why it cannot be started.
 *   programArgs  what the program reads: its options and targets (electron/shell/launch-target.ts). They may hold
 *                anything: they come after `--`, where Chromium and Node take nothing for a switch of theirs
 *   switches     Chromium's own, such as --user-data-dir=…; never anything that a person or a file names
 *   request      `npm` or `official`, from --electron=…; default COWSCOPE_ELECTRON
 *   offscreen    true: where there is no display, a virtual one (xvfb-run) is started around it; otherwise that is a why
 *   say          takes one line on what takes time or must be known; default standard error
 */
export async function electronCommand({
  programArgs = [],
  switches = [],
  request,
  offscreen = false,
  say = console.error,
} = {}) {
  const runtime = await electronRuntime({ request, say });
  if (runtime.why) return { why: runtime.why };
  const problem = sandboxProblem(runtime.folder);
  if (problem) return { why: problem };

  sayWhatItIs(runtime, say);
  // Chromium's own log speaks of missing system services at every start; what the program has to say still comes through.
  const flags = ['--log-level=3', ...switches];
  if (!process.env.DISPLAY && process.env.WAYLAND_DISPLAY) flags.push('--ozone-platform-hint=auto');
  if (isRoot()) {
    say('Running as root, where Chromium’s sandbox cannot start: the window runs with --no-sandbox.');
    flags.push('--no-sandbox');
  }
  const env = { ...process.env, ELECTRON_OVERRIDE_DIST_PATH: runtime.folder };
  // Set by editors that are Electron themselves; it would turn the window into a bare Node.
  delete env.ELECTRON_RUN_AS_NODE;
  const args = [...flags, root, '--', ...programArgs];
  if (hasDisplay()) return { command: runtime.executable, args, env, flags, runtime };
  if (!offscreen) return { why: 'there is no display to open a window on' };
  const xvfb = virtualDisplay();
  if (xvfb.why) return xvfb;
  return { command: xvfb.command, args: [...xvfb.args, runtime.executable, ...args], env, flags, runtime };
}

/** The runtime asked for by `--electron=…`, and the other arguments. */
export function takeRequest(args) {
  const switches = args.filter(arg => arg.startsWith('--electron='));
  const [last] = switches.slice(-1);
  return {
    request: last?.slice('--electron='.length),
    rest: args.filter(arg => !switches.includes(arg)),
  };
}

/** True where a window can be shown: always but on Linux without X11 and Wayland. */
export function hasDisplay() {
  return process.platform !== 'linux' || Boolean(process.env.DISPLAY || process.env.WAYLAND_DISPLAY);
}

/** What to put before a command so that it runs on a virtual display: `{ command, args }`, or `{ why }`. */
export function virtualDisplay() {
  const missing = ['xvfb-run', 'Xvfb', 'xauth'].filter(name => !isOnPath(name));
  if (missing.length > 0)
    return { why: `there is no display, and no ${missing.join(' and ')} to make a virtual one` };
  return { command: 'xvfb-run', args: XVFB_RUN };
}

/** True when a program of that name lies on the PATH. */
export function isOnPath(name) {
  return (process.env.PATH || '')
    .split(delimiter)
    .some(folder => folder !== '' && existsSync(join(folder, name)));
}

/** True for the superuser, for whom Chromium refuses to start its sandbox. */
export function isRoot() {
  return typeof process.getuid === 'function' && process.getuid() === 0;
}

/**
 * One sentence on what keeps Chromium's sandbox from starting for this user and what to do about it, or undefined. On
 * Linux it needs unprivileged user namespaces, or its helper setuid root.
 */
export function sandboxProblem(folder) {
  if (process.platform !== 'linux' || isRoot()) return undefined;
  const remedy = rule =>
    `Chromium’s sandbox may not start here (${rule.name} is ${rule.value}); allow it until the next boot by: ` +
    `sudo sysctl -w ${rule.name}=${rule.wanted} (CONTRIBUTING.md has a lasting way)`;
  const broken = RULES.map(rule => ({ ...rule, value: readRule(rule.name) })).find(rule =>
    rule.forbids(rule.value),
  );
  if (broken) return hasSetuidHelper(folder) ? undefined : remedy(broken);
  const probe = spawnSync('unshare', ['--user', 'true'], { stdio: 'ignore' });
  if (probe.error || probe.status === 0 || hasSetuidHelper(folder)) return undefined;
  return 'Chromium’s sandbox may not start here: this user may not make user namespaces (a container’s rule?)';
}

/** Kernel settings of distributions that forbid user namespaces to programs they do not know. */
const RULES = [
  { name: 'kernel.apparmor_restrict_unprivileged_userns', forbids: value => value === '1', wanted: 0 },
  { name: 'kernel.unprivileged_userns_clone', forbids: value => value === '0', wanted: 1 },
  { name: 'user.max_user_namespaces', forbids: value => value === '0', wanted: 15000 },
];

function readRule(name) {
  try {
    return readFileSync(`/proc/sys/${name.replace(/\./g, '/')}`, 'utf8').trim();
  } catch {
    return undefined;
  }
}

function hasSetuidHelper(folder) {
  try {
    const { uid, mode } = statSync(join(folder, 'chrome-sandbox'));
    return uid === 0 && (mode & 0o4111) === 0o4111;
  } catch {
    return false;
  }
}
