/** The repository is the same on every machine: exact versions, no hosts, no local folders. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { repositoryFiles } from './support/repository/repository-files.ts';

const root = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

/** The parts of package.json and of the lockfile's entries that are looked at. */
interface Package {
  readonly version: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly optional?: boolean;
  readonly hasInstallScript?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** A manifest and its lockfile. */
interface Locked {
  readonly manifest: Package;
  readonly packages: Readonly<Record<string, Package>>;
}

const lockedIn = (folder: string): Locked => ({
  manifest: JSON.parse(read(`${folder}package.json`)) as Package,
  packages: (JSON.parse(read(`${folder}package-lock.json`)) as Locked).packages,
});

/** True when the lockfile has a package for one that lies at `path`: inside it or inside a folder above it. */
function isLocked(packages: Locked['packages'], name: string, path: string): boolean {
  const above = path.lastIndexOf('/node_modules/');
  if (packages[`${path}/node_modules/${name}`] !== undefined) return true;
  return above < 0
    ? packages[`node_modules/${name}`] !== undefined
    : isLocked(packages, name, path.slice(0, above));
}

describe.each([
  ['the checkout', ''],
  ['the packaging tools', 'build/packaging/'],
  ['the tools of installers', 'build/packaging/installers/'],
])('dependencies of %s', (_, folder) => {
  const { manifest, packages } = lockedIn(folder);
  const installed = Object.entries(packages).filter(([path]) => path !== '');
  const pinned = Object.entries({
    ...manifest.dependencies,
    ...manifest.devDependencies,
    ...manifest.optionalDependencies,
  });

  it('are pinned exactly, as the lockfile has them', () => {
    expect(pinned.length).toBeGreaterThan(0);
    for (const [name, version] of pinned) {
      expect(`${name}@${version}`).toMatch(/@\d+\.\d+\.\d+$/);
      expect(`${name}@${packages[`node_modules/${name}`]?.version}`).toBe(`${name}@${version}`);
    }
  });

  it('are locked by hash and without a host', () => {
    expect(installed.filter(([, entry]) => entry.resolved !== undefined)).toEqual([]);
    expect(installed.filter(([, entry]) => !entry.integrity?.startsWith('sha512-'))).toEqual([]);
  });

  it('are locked for every platform, or npm ci refuses', () => {
    const missing = installed.flatMap(([path, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies).filter(name => !isLocked(packages, name, path)),
    );
    expect(missing).toEqual([]);
  });
});

describe('npm', () => {
  it('runs nothing of a dependency when it installs one', () => {
    const { packages } = lockedIn('');
    const scripts = Object.values(packages).filter(
      ({ hasInstallScript, optional }) => hasInstallScript && !optional,
    );
    expect(scripts).toEqual([]);
    for (const script of ['build/node-modules.mjs', 'build/packaging/tools.mjs'])
      expect(read(script)).toMatch(/npm\(\['ci', '--ignore-scripts',/);
  });

  it('writes exact versions and no hosts, and has no registry in its settings', () => {
    const settings = read('.npmrc').trim().split('\n');
    expect(settings).toEqual(
      expect.arrayContaining(['omit-lockfile-registry-resolved=true', 'save-exact=true']),
    );
    expect(settings.filter(line => /registry\s*=|_auth|\/\//.test(line))).toEqual([]);
  });
});

describe('set-up', () => {
  /** A script of build/ and all that it imports before it runs. */
  function reach(
    script: string,
    seen = new Map<string, readonly string[]>(),
  ): Map<string, readonly string[]> {
    if (seen.has(script)) return seen;
    const imports = [...read(script).matchAll(/^import\b[^'"]*?['"]([^'"]+)['"]/gm)].map(match => match[1]!);
    seen.set(script, imports);
    for (const path of imports) if (path.startsWith('.')) reach(join(dirname(script), path), seen);
    return seen;
  }

  it.each([
    'setup',
    'demo',
    'test',
    'start',
    'bench',
    'bundle',
    'packaging/forge',
    'packaging/dist',
    'screenshots',
  ])('%s starts before anything is installed', name => {
    const imports = [...reach(`build/${name}.mjs`).values()].flat();
    expect(imports.length).toBeGreaterThan(0);
    expect(imports.filter(path => !path.startsWith('.') && !path.startsWith('node:'))).toEqual([]);
  });

  it('never makes the copy of Electron on the npm registry a dependency', () => {
    const copy = /package: '(@?[^@']+)@/.exec(read('build/electron-runtime.mjs'))?.[1];
    expect(copy).toBeDefined();
    for (const folder of ['', 'build/packaging/', 'build/packaging/installers/'])
      expect(read(`${folder}package.json`) + read(`${folder}package-lock.json`)).not.toContain(copy);
  });

  it('leaves the script of continuous integration executable', () => {
    expect(statSync(join(root, '.ci/run')).mode & 0o111).toBe(0o111);
  });
});

describe('files', () => {
  it('do not name the folder they were written in', () => {
    const files = repositoryFiles();
    expect(files).toContain('test/repository.test.ts');
    expect(files).not.toContain('node_modules/vite/package.json');
    // A checkout straight below / may be called as anything is, so only a longer path is telling.
    const telling = root.split('/').length > 2 ? files.filter(file => read(file).includes(root)) : [];
    expect(telling).toEqual([]);
  });

  it('of the documentation link to files that exist', () => {
    const documents = repositoryFiles().filter(file => file.endsWith('.md'));
    const links = documents.flatMap(document =>
      [...read(document).matchAll(/\]\(([^)\s]+)\)|\b(?:src|srcset)="([^"]+)"/g)]
        .map(([, link, source = '']) => (link ?? source).replace(/#.*$/, ''))
        .filter(link => link !== '' && !/^[a-z]+:/.test(link))
        .map(link => ({ document, path: join(dirname(document), link) })),
    );
    expect(links.length).toBeGreaterThan(20);
    expect(links.filter(({ path }) => !existsSync(join(root, path)))).toEqual([]);
  });

  it('name tests that exist where they say what shows a promise or a figure', () => {
    const known = repositoryFiles();
    for (const document of ['SECURITY.md', 'docs/reliability.md']) {
      const named = [...read(document).matchAll(/\btest\/[\w/-]+/g)].map(([path]) => path);
      expect(named.length).toBeGreaterThan(5);
      const missing = named.filter(
        path =>
          !known.some(
            file =>
              file.startsWith(`${path}/`) ||
              (/\.(?:test|spec)\.ts$/.test(file.slice(path.length)) && file.startsWith(`${path}.`)),
          ),
      );
      expect(missing).toEqual([]);
    }
  });

  it('of the program signal children in one place, which knows whether they were started', () => {
    const signalling = repositoryFiles().filter(
      file =>
        // A signal to the program itself has no child to ask about.
        file.startsWith('electron/') &&
        read(file).replace('process.kill(process.pid, ', '').includes('.kill('),
    );
    expect(signalling).toEqual(['electron/qemu/signal-child.ts']);
  });
});
