/**
 * npm run dist [-- --electron=official]
 *
 * A release of this commit for this platform, in out/make: what `npm run make` makes, the npm package, the installers of
 * build/electron-builder.yml, the bill of materials and the SHA-256 of every file. Refuses a checkout that differs from its
 * commit and any Electron but the official release of package.json. docs/releasing.md has the whole list.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { electronRuntime } from '../electron-runtime.mjs';
import { takeRequest } from '../launch-electron.mjs';
import { npm } from '../npm.mjs';
import { setUp } from '../setup.mjs';
import { writeIconFiles } from './icons.mjs';
import { runForge } from './make.mjs';
import { outputFolder } from './output.mjs';
import { releaseProblems } from './release.mjs';
import { billOfMaterials } from './sbom.mjs';
import { installTools, nodeForTools, toolScript } from './tools.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = path => readFileSync(join(root, path), 'utf8');

const { request, rest } = takeRequest(process.argv.slice(2));
if (rest.length > 0) {
  console.error('usage: npm run dist [-- --electron=official]');
  process.exit(64);
}
const problems = await release();
for (const problem of problems) console.error(`No release: ${problem}.`);
if (problems.length > 0) process.exitCode = 1;

/** Makes everything; resolves with why there is no release, or only a part of it. */
async function release() {
  setUp();
  const runtime = await electronRuntime({ request });
  if (runtime.why) return [runtime.why];
  const manifest = JSON.parse(read('package.json'));
  const version = readFileSync(join(runtime.folder, 'version'), 'utf8').trim().replace(/^v/, '');
  const found = releaseProblems({
    runtime: { ...runtime, version },
    manifest,
    changes: read('CHANGELOG.md'),
    changed: changedFiles(),
  });
  if (found.length > 0) return found;

  const out = join(root, outputFolder(runtime.origin));
  const made = join(out, 'make');
  rmSync(made, { recursive: true, force: true });
  const why = await runForge('make', runtime);
  if (why !== undefined) return [why];
  mkdirSync(join(made, 'npm'), { recursive: true });
  npm(['pack', '--pack-destination', join(made, 'npm')], { cwd: root });
  writeFileSync(
    join(made, `cowscope-${manifest.version}.cdx.json`),
    `${JSON.stringify(billOfMaterials(), null, 1)}\n`,
  );
  const missing = await makeInstallers(out);
  writeFileSync(join(made, 'SHA256SUMS'), checksums(made));
  return missing === undefined ? [] : [`everything but the installers is in ${made}: ${missing}`];
}

/** Files that git would commit, or the reason why it cannot tell. */
function changedFiles() {
  const { status, stdout, error } = spawnSync('git', ['status', '--porcelain'], {
    cwd: root,
    encoding: 'utf8',
  });
  if (status !== 0) return [error ? error.message : 'git status failed'];
  return stdout.split('\n').filter(line => line !== '');
}

/** Makes the installers from the packaged folder; resolves with why it could not. */
async function makeInstallers(out) {
  try {
    await writeIconFiles(join(out, 'icons'));
    installTools(console.error, 'installers');
  } catch (error) {
    return `their tools could not be installed: ${error.message}`;
  }
  const folder = join(out, `cowscope-${process.platform}-${process.arch}`);
  const packaged = process.platform === 'darwin' ? join(folder, 'cowscope.app') : folder;
  const builder = toolScript('electron-builder/cli.js', 'installers');
  const args = ['--config', 'build/electron-builder.yml', '--prepackaged', packaged, '--publish', 'never'];
  const { status } = spawnSync(nodeForTools(), [builder, ...args], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (status === 0) return undefined;
  return 'electron-builder failed, see above; it fetches its tools from its release host on github.com';
}

/** As sha256sum prints it, of every file below a folder. */
function checksums(folder) {
  const files = readdirSync(folder, { recursive: true })
    .map(name => join(folder, name))
    .filter(path => statSync(path).isFile())
    .sort();
  const line = path =>
    `${createHash('sha256').update(readFileSync(path)).digest('hex')}  ${relative(folder, path)}\n`;
  return files.map(line).join('');
}
