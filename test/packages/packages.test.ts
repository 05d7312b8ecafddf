/** What a person installs: both Debian packages in one root, the zip, and the programs in them. */
import { existsSync, mkdirSync, readFileSync, realpathSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { listPackage } from '@electron/asar';
import { beforeAll, expect, it } from 'vitest';
import { bundledFiles } from '../../build/bundle.mjs';
import { electronCommand } from '../../build/launch-electron.mjs';
import { WINDOW_LIBRARIES, WINDOW_PROGRAM } from '../../build/packaging/debian-packages.mjs';
import { FUSES, readFuses } from '../../build/packaging/fuses.mjs';
import { CAPTURE_MAGIC } from '../../electron/capture/format.ts';
import { golden, makeChain } from '../../examples/recipes.mjs';
import packageJson from '../../package.json' with { type: 'json' };
import { CLI } from '../support/cli.ts';
import { decodePng, differenceOf, type Picture } from '../support/pictures/png.ts';
import { run, runWell, temporaryFolder } from '../support/tools.ts';
import { type Installed, installPackages, runAsUser, SLOW_LIMIT_MS, userFolder } from './installed.ts';

const PROGRAM = `usr/lib/cowscope/${WINDOW_PROGRAM}`;

/**
 * Of 255: two runs of Chromium's rasterizer differ by up to 11 in a few samples at smoothed edges. Any two colors of the
 * palette differ by 27 or more in some sample.
 */
const ROUNDING = 20;

let installed: Installed;
beforeAll(async () => {
  installed = await installPackages();
}, SLOW_LIMIT_MS);

/** The paths in a package, without its folders. */
async function filesOf(deb: string): Promise<string[]> {
  const listing = await runWell('dpkg-deb', ['-c', deb]);
  return listing
    .split('\n')
    .filter(line => line !== '' && !line.startsWith('d'))
    .map(line => (line.split(/\s+/)[5] as string).replace(/^\.\//, ''));
}

/** A field of a package's control file. */
const fieldOf = (deb: string, field: string): Promise<string> =>
  runWell('dpkg-deb', ['-f', deb, field]).then(value => value.trim());

/** The command of the desktop entry with these files in place of %U, its program by its path in the installed system. */
function desktopCommand(...files: readonly string[]): readonly [string, ...string[]] {
  const entry = readFileSync(installed.path('usr/share/applications/cowscope.desktop'), 'utf8');
  const words = (/^Exec=(.*)$/m.exec(entry)?.[1] ?? '').split(' ');
  const [program = '', ...args] = words.flatMap(word => (word === '%U' ? files : [word]));
  return [installed.path(`usr/bin/${program}`), ...args];
}

it('installs both packages side by side: no file belongs to both', async () => {
  const window = await filesOf(installed.debs.window);
  const commandLine = await filesOf(installed.debs.commandLine);
  expect(window).toContain(`usr/bin/${WINDOW_PROGRAM}`);
  expect(commandLine).toContain('usr/bin/cowscope');
  expect(window.filter(path => commandLine.includes(path))).toEqual([]);
  expect(await fieldOf(installed.debs.window, 'Version')).toBe(packageJson.version);
  expect(await fieldOf(installed.debs.commandLine, 'Version')).toBe(packageJson.version);
});

it('packs the built window and nothing else of the checkout', () => {
  const files = listPackage(installed.path('usr/lib/cowscope/resources/app.asar'), { isPack: false });
  expect(files.map(path => path.replace(/-[\w-]{8}\.(js|css|woff2)$/, '.$1')).sort()).toEqual([
    '/dist',
    ...bundledFiles(['engine-worker', 'main']).map(name => `/dist/${name}`),
    '/dist/preload.cjs',
    '/dist/renderer',
    '/dist/renderer/assets',
    '/dist/renderer/assets/findings.js',
    '/dist/renderer/assets/glossary.js',
    '/dist/renderer/assets/index.css',
    '/dist/renderer/assets/index.js',
    '/dist/renderer/assets/inter-latin-wght-normal.woff2',
    '/dist/renderer/assets/jetbrains-mono-latin-wght-normal.woff2',
    '/dist/renderer/index.html',
    '/package.json',
  ]);
});

it('sets every fuse that its Electron has as FUSES says', () => {
  const fuses = readFuses(installed.path(PROGRAM));
  expect(Object.keys(fuses).length).toBeGreaterThanOrEqual(8);
  for (const [name, isOn] of Object.entries(fuses))
    expect(`${name}: ${isOn}`).toBe(`${name}: ${FUSES[name]}`);
});

it('names every package that has a library the program links with', async () => {
  const dynamic = await runWell('readelf', ['-d', installed.path(PROGRAM)]);
  const needed = [...dynamic.matchAll(/\(NEEDED\)\s+Shared library: \[([^\]]+)\]/g)].map(
    match => match[1] as string,
  );
  expect(needed.length).toBeGreaterThan(20);
  const bundled = needed.filter(name => existsSync(join(dirname(installed.path(PROGRAM)), name)));
  const patterns = needed.filter(library => !bundled.includes(library)).map(library => `*/${library}`);
  const found = await runWell('dpkg', ['-S', ...patterns]);
  const owners = new Set(found.split('\n').map(line => line.split(':')[0] as string));
  owners.delete('');
  const named = (owner: string) => WINDOW_LIBRARIES.some(names => names.split(' | ').includes(owner));
  expect([...owners].filter(owner => !named(owner))).toEqual([]);
  expect(await fieldOf(installed.debs.window, 'Depends')).toBe(WINDOW_LIBRARIES.join(', '));
});

it(
  'passes lintian without an error',
  async () => {
    const debs = [installed.debs.window, installed.debs.commandLine];
    const { stdout, stderr, code } = await run(
      'lintian',
      ['--fail-on', 'error', '--no-tag-display-limit', ...debs],
      {
        timeout: SLOW_LIMIT_MS,
      },
    );
    expect(`${stdout}${stderr}`.split('\n').filter(line => line.startsWith('E:'))).toEqual([]);
    expect(code).toBe(0);
  },
  SLOW_LIMIT_MS,
);

it('has a desktop entry that is valid, starts what is installed and has its icon in every size', async () => {
  const entry = installed.path('usr/share/applications/cowscope.desktop');
  const { stdout, code } = await run('desktop-file-validate', [entry]);
  expect(stdout).toBe('');
  expect(code).toBe(0);
  const [program] = desktopCommand();
  expect(realpathSync(program)).toBe(realpathSync(installed.path(PROGRAM)));
  const icons = installed.path('usr/share/icons/hicolor');
  expect(existsSync(join(icons, 'scalable/apps/cowscope.svg'))).toBe(true);
  for (const width of [16, 22, 24, 32, 48, 64, 128, 256, 512]) {
    const png = readFileSync(join(icons, `${width}x${width}/apps/cowscope.png`));
    expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([width, width]);
  }
});

it(
  'starts by its desktop entry as an ordinary user in the sandbox, and draws what the checkout draws',
  async () => {
    const home = userFolder();
    const images = join(home, 'images');
    mkdirSync(images);
    const [, , top] = await makeChain(golden, images);
    // What a fuse has switched off: a program that runs these leaves a mark.
    const mark = join(home, 'ran');
    const script = join(home, 'script.cjs');
    writeFileSync(script, `require('fs').writeFileSync(${JSON.stringify(mark)}, '')`);

    const options = ['--theme=light', '--window-size=1200x800'];
    const pictureOf = (file: string) => [`--screenshot=${file}`, ...options];
    const file = join(home, 'installed.png');
    const [program, ...words] = desktopCommand(top as string);
    const ended = await runAsUser(program, [...pictureOf(file), ...words], home, {
      NODE_OPTIONS: `--require=${script}`,
      ELECTRON_RUN_AS_NODE: '1',
    });
    expect(ended.stderr.split('\n').filter(line => line.startsWith('cowscope: '))).toEqual([]);
    expect(ended.code).toBe(0);
    expect(existsSync(mark)).toBe(false);

    const expected = join(home, 'checkout.png');
    const checkout = await electronCommand({
      programArgs: [...pictureOf(expected), '--', top as string],
      switches: [`--user-data-dir=${temporaryFolder()}`],
      offscreen: true,
      say: () => {},
    });
    if (checkout.why !== undefined) throw new Error(checkout.why);
    await runWell(checkout.command, checkout.args, { env: checkout.env });
    const [theirs, ours] = [file, expected].map(path => decodePng(readFileSync(path))) as [Picture, Picture];
    expect(differenceOf(theirs, ours, ROUNDING)).toBeUndefined();
  },
  SLOW_LIMIT_MS,
);

it('keeps its sandbox helper from running as root where its Electron is a third-party copy', () => {
  const { mode } = statSync(installed.path('usr/lib/cowscope/chrome-sandbox'));
  const isDevelopment = installed.debs.window.includes('/development/');
  expect((mode & 0o4000) !== 0).toBe(!isDevelopment);
});

it('prints by the installed command line what the built one prints', async () => {
  const [, , top] = await makeChain(golden, temporaryFolder());
  const command = installed.path('usr/bin/cowscope');
  expect(readFileSync(command, 'utf8').split('\n')[0]).toBe('#!/usr/bin/node');
  expect(statSync(command).mode & 0o111).toBe(0o111);
  for (const words of [
    ['--version'],
    ['map', '--output', 'json', top as string],
    ['layers', top as string],
  ]) {
    const [theirs, ours] = await Promise.all([
      runWell(process.execPath, [command, ...words]),
      runWell(process.execPath, [CLI, ...words]),
    ]);
    expect(theirs).toBe(ours);
  }
});

it('has a manual page of each program that man reads without a remark', async () => {
  for (const page of ['cowscope', WINDOW_PROGRAM]) {
    const file = installed.path(`usr/share/man/man1/${page}.1.gz`);
    const { stdout, stderr } = await run('man', ['--warnings', '-l', file], {
      env: { ...process.env, MANWIDTH: '100', LC_ALL: 'C.UTF-8' },
    });
    expect(stderr).toBe('');
    expect(stdout).toContain(`${page.toUpperCase()}(1)`);
  }
});

it('completes words in a shell as it is installed', async () => {
  const script = installed.path('usr/share/bash-completion/completions/cowscope');
  const ask = `source "$1"; COMP_WORDS=(cowscope complet); COMP_CWORD=1; _cowscope; printf '%s\\n' "\${COMPREPLY[@]}"`;
  expect(await runWell('bash', ['-c', ask, 'bash', script], { cwd: temporaryFolder() })).toBe('completion\n');
});

it('has the script that captures on a machine without cowscope', async () => {
  const script = installed.path('usr/share/cowscope/cowscope-capture.py');
  expect(await runWell('python3', [script, '--help'])).toContain('--show-paths');
});

it('knows captures by their beginning and opens them', async () => {
  const mime = readFileSync(installed.path('usr/share/mime/packages/cowscope.xml'), 'utf8');
  const magic = /value="([^"]*)"/.exec(mime)?.[1]?.replaceAll('&quot;', '"');
  expect(magic).toBe(CAPTURE_MAGIC);
  const entry = readFileSync(installed.path('usr/share/applications/cowscope.desktop'), 'utf8');
  const type = /type="(application[^"]*)"/.exec(mime)?.[1] as string;
  expect(/^MimeType=(.*)$/m.exec(entry)?.[1]?.split(';')).toContain(type);
});

it('puts the same program into the zip', async () => {
  const listing = await runWell('unzip', ['-Z1', installed.zip]);
  const folder = `${basename(installed.zip).replace(/-\d.*$/, '')}/`;
  expect(listing.split('\n')).toEqual(
    expect.arrayContaining([`${folder}${WINDOW_PROGRAM}`, `${folder}resources/app.asar`]),
  );
});
