import { join } from 'node:path';
import { expect, it } from 'vitest';
import { makeCheckout } from '../../support/repository/checkout.ts';

const LOCKED = {
  '': { version: '0.1.0' },
  'node_modules/a': { version: '1.0.0', integrity: 'sha512-a' },
  'node_modules/other-platform': { version: '1.0.0', integrity: 'sha512-b', optional: true },
};
const { 'node_modules/a': a } = LOCKED;

/** A checkout with a lockfile, what npm noted about its node_modules, and an npm that installs what is locked. */
function withModules(installed: object | undefined) {
  const checkout = makeCheckout();
  checkout.write('package-lock.json', JSON.stringify({ packages: LOCKED }));
  const note = 'node_modules/.package-lock.json';
  if (installed !== undefined) checkout.write(note, JSON.stringify({ packages: installed }));
  checkout.write(
    'npm-cli.js',
    `const { appendFileSync, mkdirSync, writeFileSync } = require('fs');
     appendFileSync('asked', process.argv.slice(2).join(' ') + '\\n');
     mkdirSync('node_modules', { recursive: true });
     writeFileSync('${note}', ${JSON.stringify(JSON.stringify({ packages: { 'node_modules/a': a } }))});`,
  );
  const env = { npm_execpath: join(checkout.folder, 'npm-cli.js') };
  const install = () => checkout.call('node-modules.mjs', 'installNodeModules(console.error)', env);
  return { install, asked: () => checkout.lines('asked') };
}

it.each([
  ['nothing is installed', undefined],
  ['another version is installed', { 'node_modules/a': { ...a, version: '1.0.1' } }],
  ['other bytes are installed', { 'node_modules/a': { ...a, integrity: 'sha512-c' } }],
  ['a package is missing', {}],
  ['something else is installed too', { 'node_modules/a': a, 'node_modules/b': a }],
])('node modules are installed from the lockfile, once, when %s', async (_, installed) => {
  const { install, asked } = withModules(installed);
  expect((await install()).said).toEqual([expect.stringMatching(/^Installing node modules/)]);
  expect((await install()).said).toEqual([]);
  expect(asked()).toEqual([expect.stringMatching(/^ci\b/)]);
});

it('node modules stay when they are what the lockfile says', async () => {
  const { install, asked } = withModules({ 'node_modules/a': a });
  expect((await install()).said).toEqual([]);
  expect(asked()).toEqual([]);
});
