/**
 * node build/bundle.mjs [main | preload | engine-worker | cli | renderer]...
 *
 * Builds dist/ (all of it, or the bundles named) by the vite configurations of this folder. A bundle whose sources have
 * not changed since it was made stays. Also npm's prepare step: without vite (npm ci --omit=dev) it says so and is done.
 */
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { isMain } from './is-main.mjs';
import { recall, remember } from './memory.mjs';
import { nodeProblem } from './node-version.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');

/** Each bundle: the file that must be there afterwards, and the folders it is made from. */
const bundles = {
  main: { output: 'dist/main.cjs', sources: ['shared', 'electron'] },
  preload: { output: 'dist/preload.cjs', sources: ['shared', 'electron'] },
  'engine-worker': { output: 'dist/engine-worker.cjs', sources: ['shared', 'electron'] },
  cli: { output: 'dist/cli.cjs', sources: ['shared', 'electron', 'package.json'], mode: 0o755 },
  renderer: { output: 'dist/renderer/index.html', sources: ['shared', 'renderer', 'docs/findings.md'] },
  bench: {
    output: 'dist/bench.cjs',
    sources: ['shared', 'electron', 'renderer', 'test/bench', 'test/soak', 'test/support'],
  },
};

/** What the program is made of; the bench is built only when named. */
const program = ['main', 'preload', 'engine-worker', 'cli', 'renderer'];

/** Builds the bundles named (default: the program's). Throws the first failure. */
export async function bundle(names = program) {
  const unknown = names.filter(name => !(name in bundles));
  if (unknown.length > 0)
    throw new Error(`no bundle is called ${unknown[0]}: there are ${Object.keys(bundles).join(', ')}`);
  const stale = names
    .map(name => ({ name, key: keyOf(name) }))
    .filter(({ name, key }) => !isFresh(name, key));
  if (stale.length === 0) return;

  const { build, loadConfigFromFile } = await import('vite');
  const { NODE_ENV } = process.env;
  // vite keeps what is set: NODE_ENV=test, as under vitest, would put React's development build into the bundle.
  process.env.NODE_ENV = 'production';
  try {
    for (const { name, key } of stale) {
      const file = join(root, 'build/vite', `${name}.config.ts`);
      const loaded = await loadConfigFromFile({ command: 'build', mode: 'production' }, file, root, 'silent');
      removeParts(name);
      const built = await build({ ...loaded.config, configFile: false });
      const { output, mode } = bundles[name];
      if (!existsSync(join(root, output))) throw new Error(`the ${name} bundle was built without ${output}`);
      if (mode !== undefined) chmodSync(join(root, output), mode);
      const parts = partsOf(name);
      remember(`bundle-${name}`, { key, packages: packagesIn(built), parts });
    }
  } finally {
    // What this process starts next, such as the tests, must not inherit it.
    if (NODE_ENV === undefined) delete process.env.NODE_ENV;
    else process.env.NODE_ENV = NODE_ENV;
  }
}

/** Names of the files in dist/ that the bundles named consist of, which must be built. Sorted. */
export function bundledFiles(names) {
  return names.flatMap(name => [`${name}.cjs`, ...partsOf(name)]).sort();
}

/** Names of the files in dist/ that a bundle loads when it needs them: build/vite/main-side.ts. Sorted. */
function partsOf(name) {
  const isPart = file => file.startsWith(`${name}-`) && file.endsWith('.cjs');
  return existsSync(dist) ? readdirSync(dist).filter(isPart).sort() : [];
}

/** Parts of an earlier build would be shipped with those of the next. */
function removeParts(name) {
  for (const part of partsOf(name)) rmSync(join(dist, part));
}

/** Names of the npm packages that have code or fonts inside the program's bundles, which must be built. Sorted. */
export function bundledPackages() {
  const names = program.flatMap(name => recall(`bundle-${name}`)?.packages ?? []);
  return [...new Set(names)].sort();
}

/** Names of the npm packages that vite has put into what it built. */
function packagesIn({ output }) {
  // Code is in chunks of modules; a font is an asset made from a file.
  const files = output.flatMap(({ moduleIds = [], originalFileNames = [] }) => [
    ...moduleIds,
    ...originalFileNames,
  ]);
  const names = files.map(id => /.*[\\/]node_modules[\\/]((?:@[^\\/]+[\\/])?[^\\/]+)/.exec(id)?.[1]);
  return [...new Set(names.filter(name => name !== undefined))].map(name => name.replace('\\', '/'));
}

/** As `bundle`, but says why it failed; true when it did not. */
export async function bundleOrSay(names, say = console.error) {
  try {
    await bundle(names);
    return true;
  } catch (error) {
    say(`The build failed: ${error.message}`);
    return false;
  }
}

function isFresh(name, key) {
  const built = recall(`bundle-${name}`);
  return (
    built?.key === key &&
    existsSync(join(root, bundles[name].output)) &&
    isDeepStrictEqual(built.parts, partsOf(name))
  );
}

/** Changes with any file a bundle is made from, its configuration and its dependencies. */
function keyOf(name) {
  const hash = createHash('sha256');
  for (const path of ['package-lock.json', 'build', ...bundles[name].sources]) addTo(hash, path);
  return hash.digest('hex');
}

function addTo(hash, path) {
  const place = join(root, path);
  if (!existsSync(place)) return;
  if (!statSync(place).isDirectory()) {
    hash.update(path).update('\0').update(readFileSync(place));
    return;
  }
  for (const name of readdirSync(place).sort()) addTo(hash, `${path}/${name}`);
}

if (isMain(import.meta.url)) {
  const names = process.argv.slice(2);
  const tooOld = nodeProblem();
  if (tooOld) {
    console.error(tooOld);
    process.exitCode = 1;
  } else if (!existsSync(join(root, 'node_modules', 'vite'))) {
    console.error('cowscope is not built: vite is missing, and a plain `npm ci` brings it.');
  } else if (!(await bundleOrSay(names.length > 0 ? names : undefined))) {
    process.exitCode = 1;
  }
}
