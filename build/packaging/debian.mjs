/** Debian packages from a staged tree, by dpkg-deb alone: as reproducible as what is put in, and without a network. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { constants, gzipSync } from 'node:zlib';

/** Who answers for the packages. */
const MAINTAINER = 'cowscope maintainers <maintainers@cowscope.example>';

/**
 * Makes `NAME_VERSION_ARCH.deb` in `output` and returns its path.
 *   root        the staged tree, as it is to be installed; it gets a DEBIAN folder, a changelog and uniform permissions
 *   control     fields beside Package, Version, Architecture, Maintainer and Installed-Size, in their order
 *   changes     what the changelog says of this version, a sentence or more
 *   setuid      paths in the tree that run as root for every user
 *   executable  paths in the tree that are scripts; programs are recognized by their content
 *   overrides   lintian's tags that are accepted, as the file of that name has them
 *   epoch       seconds since 1970 that every file is dated with
 *   compression as dpkg-deb's -Z and -z take it
 * Throws an Error with what dpkg-deb said.
 */
export function makeDeb({
  name,
  version,
  architecture,
  root,
  output,
  control,
  copyright,
  changes,
  overrides = [],
  setuid = [],
  executable = [],
  epoch,
  compression,
}) {
  const documents = `usr/share/doc/${name}`;
  writeInto(root, `${documents}/copyright`, copyright);
  writeInto(root, `${documents}/changelog.gz`, compressed(changelog(name, version, changes, epoch)));
  if (overrides.length > 0)
    writeInto(root, `usr/share/lintian/overrides/${name}`, `${overrides.join('\n')}\n`);
  rmSync(join(root, 'DEBIAN'), { recursive: true, force: true });
  const files = filesIn(root);
  for (const file of files) chmodSync(join(root, file), isProgram(join(root, file)) ? 0o755 : 0o644);
  for (const file of executable) chmodSync(join(root, file), 0o755);
  for (const file of setuid) chmodSync(join(root, file), 0o4755);
  const sizes = files.map(file => lstatSync(join(root, file)).size);
  const fields = {
    Package: name,
    Version: version,
    Architecture: architecture,
    Maintainer: MAINTAINER,
    // A kibibyte for each file, as dpkg-gencontrol counts.
    'Installed-Size': String(sizes.reduce((sum, size) => sum + Math.ceil(size / 1024), 0)),
    ...control,
  };
  const lines = Object.entries(fields).map(([field, value]) => `${field}: ${value}\n`);
  writeInto(root, 'DEBIAN/control', lines.join(''));
  writeInto(root, 'DEBIAN/md5sums', files.map(file => `${md5(join(root, file))}  ${file}\n`).join(''));
  for (const folder of foldersIn(root)) chmodSync(folder, 0o755);

  mkdirSync(output, { recursive: true });
  const deb = join(output, `${name}_${version}_${architecture}.deb`);
  const args = ['--root-owner-group', ...compression, '--build', root, deb];
  const { status, stderr, error } = spawnSync('dpkg-deb', args, {
    encoding: 'utf8',
    env: { ...process.env, SOURCE_DATE_EPOCH: String(epoch) },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  if (status !== 0) throw new Error(`dpkg-deb: ${error ? error.message : stderr.trim()}`);
  return deb;
}

/** Writes a file of a staged tree, with the folders above it. */
export function writeInto(root, path, content) {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content);
}

/** As gzip -9n: with no name and no date, so that equal texts give equal files. */
export function compressed(text) {
  return gzipSync(text, { level: constants.Z_BEST_COMPRESSION });
}

function changelog(name, version, changes, epoch) {
  const date = new Date(epoch * 1000).toUTCString().replace('GMT', '+0000');
  return `${name} (${version}) unstable; urgency=medium\n\n  * ${changes}\n\n -- ${MAINTAINER}  ${date}\n`;
}

/** Paths of every regular file below `root`, sorted. */
function filesIn(root) {
  return entriesIn(root)
    .filter(path => lstatSync(path).isFile())
    .map(path => relative(root, path))
    .sort();
}

function foldersIn(root) {
  return [root, ...entriesIn(root).filter(path => lstatSync(path).isDirectory())];
}

function entriesIn(root) {
  return readdirSync(root, { recursive: true }).map(path => join(root, path));
}

/** True for an ELF file that is run and not only loaded. */
function isProgram(path) {
  const head = Buffer.alloc(4);
  const file = openSync(path, 'r');
  try {
    readSync(file, head, 0, head.length, 0);
  } finally {
    closeSync(file);
  }
  return head.equals(Buffer.from('\x7fELF', 'latin1')) && !/\.so(\.\d+)*$/.test(path);
}

function md5(path) {
  return createHash('md5').update(readFileSync(path)).digest('hex');
}
