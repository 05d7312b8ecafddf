import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { makeCheckout } from '../../../support/repository/checkout.ts';
import { run, temporaryFolder } from '../../../support/tools.ts';

const RUNTIME = "{ executable: '/electron/electron', folder: '/electron', origin: 'npm' }";

/** A folder with programs that do this. */
function programs(bodies: Readonly<Record<string, string>>): string {
  const folder = temporaryFolder();
  symlinkSync(process.execPath, join(folder, 'node'));
  for (const [name, body] of Object.entries(bodies))
    writeFileSync(join(folder, name), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
  return folder;
}

it('packaging names the programs that are missing', async () => {
  const checkout = makeCheckout();
  const why = await checkout.call('packaging/make.mjs', `runForge('make', ${RUNTIME})`, {
    PATH: programs({}),
  });
  expect(why.value).toBe('zip and dpkg-deb must be installed first');
});

it('packaging says why its tools could not be installed, and leaves no part of them', async () => {
  const checkout = makeCheckout();
  const PATH = programs({
    zip: '',
    'dpkg-deb': '',
    npm: 'echo "npm error code ENOTFOUND" >&2; echo "npm error the registry cannot be reached" >&2; exit 1',
  });
  const { value, said } = await checkout.call('packaging/make.mjs', `runForge('make', ${RUNTIME})`, {
    PATH,
  });
  expect(value).toBe('the packaging tools could not be installed: the registry cannot be reached');
  expect(said).toEqual([
    expect.stringMatching(/^Installing the tools of build\/packaging\/package-lock\.json/),
  ]);
  const left = await run('find', [join(checkout.folder, 'cache'), '-mindepth', '2']);
  expect(left.stdout).toBe('');
});
