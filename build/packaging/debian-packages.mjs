/** The two Debian packages: `cowscope`, the window, and `cowscope-cli`, the command line for machines without a desktop. */
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { commandLineFiles } from './command-line.mjs';
import { compressed, makeDeb, writeInto } from './debian.mjs';
import { writeIconTheme } from './icons.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const here = fileURLToPath(new URL('.', import.meta.url));

/** dpkg's names of processors by Node's. */
const ARCHITECTURES = { x64: 'amd64', arm64: 'arm64', arm: 'armhf' };

/**
 * What Electron's program links with, by Debian's and Ubuntu's packages: names before and after their change for 64-bit
 * time. test/package compares with the binary.
 */
export const WINDOW_LIBRARIES = [
  'libasound2t64 | libasound2',
  'libatk-bridge2.0-0t64 | libatk-bridge2.0-0',
  'libatk1.0-0t64 | libatk1.0-0',
  'libatspi2.0-0t64 | libatspi2.0-0',
  'libc6',
  'libcairo2',
  'libcups2t64 | libcups2',
  'libdbus-1-3',
  'libdrm2',
  'libexpat1',
  'libgbm1',
  'libgcc-s1',
  'libglib2.0-0t64 | libglib2.0-0',
  'libgtk-3-0t64 | libgtk-3-0',
  'libnspr4',
  'libnss3',
  'libpango-1.0-0',
  'libudev1',
  'libx11-6',
  'libxcb1',
  'libxcomposite1',
  'libxdamage1',
  'libxext6',
  'libxfixes3',
  'libxkbcommon0',
  'libxrandr2',
];

const DESCRIPTION = [
  ' cowscope draws every layer of a qcow2 backing chain along the offsets of',
  ' the guest: what each layer holds, which clusters override the data below,',
  ' and where its tables are damaged. Images are opened for reading only.',
].join('\n');

/** The layer of facts that both packages share. `release` is false for a package that is for tests only. */
function common(manifest, release) {
  const [bytes, made] = release
    ? [['-Zxz'], '']
    : [['-Zgzip', '-z1'], '\n .\n Made with a development copy of Electron: for tests only, not for use.'];
  return {
    version: manifest.version,
    compression: bytes,
    epoch: sourceDate(),
    copyright: readFileSync(join(here, 'desktop/copyright'), 'utf8'),
    changes: `Version ${manifest.version}; CHANGELOG.md in the sources says what is new.`,
    remark: made,
  };
}

/** Makes the package of the window from Forge's packaged folder. Resolves with the path of the .deb. */
export async function makeWindowDeb({ packaged, work, output, manifest, architecture, release }) {
  const { remark, ...facts } = common(manifest, release);
  const place = 'usr/lib/cowscope';
  mkdirSync(join(work, 'usr/lib'), { recursive: true });
  cpSync(packaged, join(work, place), { recursive: true });
  mkdirSync(join(work, 'usr/bin'));
  symlinkSync(`../lib/cowscope/${WINDOW_PROGRAM}`, join(work, 'usr/bin', WINDOW_PROGRAM));
  writeInto(
    work,
    'usr/share/applications/cowscope.desktop',
    readFileSync(join(here, 'desktop/cowscope.desktop')),
  );
  writeInto(work, 'usr/share/mime/packages/cowscope.xml', readFileSync(join(here, 'desktop/cowscope.xml')));
  writeInto(
    work,
    `usr/share/man/man1/${WINDOW_PROGRAM}.1.gz`,
    compressed(readFileSync(join(here, `desktop/${WINDOW_PROGRAM}.1`))),
  );
  await writeIconTheme(join(work, 'usr/share/icons/hicolor'), 'cowscope');
  return makeDeb({
    ...facts,
    name: 'cowscope',
    architecture: ARCHITECTURES[architecture],
    root: work,
    output,
    // Where user namespaces are forbidden to programs that the system does not know, Chromium's sandbox starts by this
    // helper. Only one that is known to be Electron's may run as root.
    setuid: release ? [`${place}/chrome-sandbox`] : [],
    overrides: OVERRIDES,
    control: {
      Section: 'admin',
      Priority: 'optional',
      Depends: WINDOW_LIBRARIES.join(', '),
      Recommends: 'bubblewrap, cowscope-cli, qemu-utils',
      Description: `inspect qcow2 backing chains layer by layer\n${DESCRIPTION}${remark}`,
    },
  });
}

/** What the window's program is called on the PATH. */
export const WINDOW_PROGRAM = 'cowscope-desktop';

/** What lintian says of Electron in any package: its libraries are its own builds. */
const OVERRIDES = [
  '# Electron is one build of Chromium, Node and their libraries.',
  'cowscope: embedded-library *',
  'cowscope: unstripped-binary-or-object *',
];

/** Makes the package of the command line from the built bundles. Returns the path of the .deb. */
export function makeCommandLineDeb({ work, output, manifest, release }) {
  const { remark, ...facts } = common(manifest, release);
  const place = 'usr/lib/cowscope-cli';
  const { bundles, manual, completions, captureScript } = commandLineFiles();
  for (const [name, content] of bundles)
    writeInto(work, `${place}/${name}`, content.replace(/^#!.*\n/, '#!/usr/bin/node\n'));
  mkdirSync(join(work, 'usr/bin'), { recursive: true });
  symlinkSync('../lib/cowscope-cli/cli.cjs', join(work, 'usr/bin/cowscope'));
  chmodSync(join(work, place, 'cli.cjs'), 0o755);
  writeInto(work, 'usr/share/man/man1/cowscope.1.gz', compressed(manual));
  writeInto(work, 'usr/share/cowscope/cowscope-capture.py', captureScript);
  writeInto(work, 'usr/share/bash-completion/completions/cowscope', completions.bash);
  writeInto(work, 'usr/share/fish/vendor_completions.d/cowscope.fish', completions.fish);
  return makeDeb({
    ...facts,
    name: 'cowscope-cli',
    architecture: 'all',
    root: work,
    output,
    executable: [`${place}/cli.cjs`],
    control: {
      Section: 'admin',
      Priority: 'optional',
      // As "engines" in package.json; Debian 13 and Ubuntu 25.04 have it.
      Depends: 'nodejs (>= 20.19)',
      Recommends: 'bubblewrap, qemu-utils',
      Suggests: 'cowscope',
      Description: `inspect qcow2 backing chains on the command line\n${DESCRIPTION}${remark}`,
    },
  });
}

/** The date of the newest commit, or that of SOURCE_DATE_EPOCH: seconds since 1970. */
function sourceDate() {
  const given = process.env.SOURCE_DATE_EPOCH;
  if (given !== undefined && /^\d+$/.test(given)) return Number(given);
  const { status, stdout } = spawnSync('git', ['log', '-1', '--format=%ct'], { cwd: root, encoding: 'utf8' });
  return status === 0 ? Number(stdout) : Math.floor(Date.now() / 1000);
}
