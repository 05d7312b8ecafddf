/**
 * Electron Forge: what a package of the window holds and how it is made. `npm run package` and `npm run make` run it by
 * build/packaging/forge.mjs, which brings Forge, the Node that it needs and the Electron runtime.
 */
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { bundle } from './build/bundle.mjs';
import { readRuntime } from './build/packaging/electron-zip.mjs';
import { FUSES } from './build/packaging/fuses.mjs';
import { outputFolder } from './build/packaging/output.mjs';

/** The files of a checkout that the window runs, below its root. */
const PROGRAM =
  /^\/(?:package\.json|dist|dist\/(?:preload|(?:main|engine-worker)(?:-[\w-]+)?)\.cjs|dist\/renderer(?:\/.*)?)$/;

/** What a packaged package.json says; nothing else of the checkout's is of use there. */
const MANIFEST = [
  'name',
  'productName',
  'version',
  'description',
  'license',
  'author',
  'type',
  'main',
] as const;

/** The language of the program's texts: Chromium's own menus and dialogs come in no other. */
const LOCALE = 'en-US.pak';

const runtime = readRuntime();

export default {
  outDir: outputFolder(runtime.origin),
  packagerConfig: {
    name: 'cowscope',
    executableName: 'cowscope-desktop',
    appBundleId: 'io.github.cowscope',
    appCategoryType: 'public.app-category.developer-tools',
    protocols: [{ name: 'Place in a disk image', schemes: ['cowscope'] }],
    asar: true,
    // For Windows and macOS; on Linux the desktop entry names it.
    icon: runtime.icon,
    // Every dependency is inside the bundles.
    prune: false,
    ignore: (path: string) => path !== '' && !PROGRAM.test(path),
    electronZipDir: runtime.zipFolder,
  },
  makers: [
    { name: '@electron-forge/maker-zip', platforms: ['linux', 'darwin', 'win32'] },
    { name: './build/packaging/debian-maker.mjs', platforms: ['linux'] },
  ],
  plugins: [
    {
      name: '@electron-forge/plugin-fuses',
      config: {
        version: '1',
        resetAdHocDarwinSignature: process.platform === 'darwin',
        // A fuse that this Electron has and FUSES does not decide is an error.
        strictlyRequireAllFuses: true,
        ...Object.fromEntries(runtime.fuses.map((name, index) => [index, FUSES[name]])),
      },
    },
  ],
  hooks: {
    generateAssets: () => bundle(),
    readPackageJson: async (_config: unknown, manifest: Record<string, unknown>) => ({
      ...Object.fromEntries(MANIFEST.filter(key => key in manifest).map(key => [key, manifest[key]])),
      // Forge reads the version of the runtime from here.
      devDependencies: { electron: runtime.version },
    }),
    packageAfterExtract: async (_config: unknown, folder: string, _version: string, platform: string) => {
      if (platform === 'darwin') return;
      const locales = join(folder, 'locales');
      for (const name of readdirSync(locales)) if (name !== LOCALE) rmSync(join(locales, name));
    },
  },
};
