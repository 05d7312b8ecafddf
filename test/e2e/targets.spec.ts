/** What can be opened besides a chain in one folder, and what must not be opened unasked. */
import { mkdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { golden } from '../../examples/recipes.mjs';
import { makeX509 } from '../support/servers/tls-credentials.ts';
import { hashFile, qemuImg, qemuIo, startQemuNbd, temporaryFolder } from '../support/tools.ts';
import { expect, laneNames, opened, test } from './app.ts';
import { CLUSTER, cells, cellsOf } from './table-cells.ts';

test('without qemu on the PATH the golden chain is drawn just the same', async ({
  start,
  make,
  environment,
}) => {
  environment.PATH = temporaryFolder();
  const [, , top] = await make(golden);
  const { page } = await start(top as string);
  await opened(page);
  const drawn = await cellsOf(page);
  expect(drawn['mid.qcow2']?.slice(3, 6)).toEqual(
    cells(
      'zeroHole:mid.qcow2|holeOverrides zeroAllocated:mid.qcow2|holeOverrides zeroHole:mid.qcow2|holeOverrides',
    ),
  );
});

test('an NBD address is opened from the Connect dialog and drawn as the server tells it', async ({
  start,
  make,
}, info) => {
  const [, , top] = await make(golden);
  const server = await startQemuNbd(['-A', '-f', 'qcow2', top as string], { exportName: 'disk' });
  try {
    const { page } = await start();
    await page.getByRole('button', { name: 'Connect to NBD…' }).click();
    await page.keyboard.type(server.uri);
    await page.keyboard.press('Enter');
    await page.getByRole('region', { name: 'Exports' }).getByRole('button', { name: 'disk' }).click();
    await opened(page);
    await info.attach('nbd', { body: await page.screenshot(), contentType: 'image/png' });
    const { guest } = await cellsOf(page);
    const states = guest?.map(({ state }) => state);
    expect(states?.slice(0, 8)).toEqual([
      ...Array(3).fill('data'),
      ...Array(3).fill('zeroHole'),
      ...Array(2).fill('data'),
    ]);
    expect(states?.[10]).toBe('zeroHole');
    expect(states?.[18]).toBe('data');
    await expect(page.getByRole('region', { name: 'depth 2' })).toContainText('hidden layers not known');
    await expect(page.locator('.legend')).toContainText('it is not known what a hole hides');
    await page
      .getByRole('region', { name: 'guest' })
      .locator(`[data-start="${3 * CLUSTER}"]`)
      .click();
    const what = page.getByRole('region', { name: 'What', exact: true });
    await expect(what).toContainText('set in depth 2; over NBD it is not known what this hides');
    await info.attach('nbd hole', { body: await page.screenshot(), contentType: 'image/png' });
  } finally {
    await server.stop();
  }
});

test('certificates that a typed address names are read only when allowed', async ({
  start,
  folder,
}, info) => {
  const { server: own, client } = await makeX509(folder);
  const disk = join(folder, 'disk.qcow2');
  await qemuImg('create', '-q', '-f', 'qcow2', disk, '1M');
  const credentials = `tls-creds-x509,dir=${own},verify-peer=on,id=tls0,endpoint=server`;
  const server = await startQemuNbd([
    '-A',
    '--object',
    credentials,
    '--tls-creds',
    'tls0',
    '-f',
    'qcow2',
    disk,
  ]);
  try {
    const { page } = await start();
    await page.getByRole('button', { name: 'Connect to NBD…' }).click();
    const uri = server.uri.replace('nbd+unix', 'nbds+unix');
    await page.keyboard.type(`${uri}&tls-hostname=disk.example&tls-certificates=${client}`);
    await page.getByRole('button', { name: 'Connect', exact: true }).click();
    const alert = page.getByRole('alert');
    await expect(alert.locator('code')).toHaveText('NBD_URI_LOCAL_FILE');
    await expect(alert).toContainText(client);
    await info.attach('consent', { body: await page.screenshot(), contentType: 'image/png' });
    await alert.getByRole('button', { name: 'Allow it and open' }).click();
    await opened(page);
    await expect(alert).toBeHidden();
    expect((await laneNames(page)).slice(0, 2)).toEqual(['guest', 'depth 1']);
  } finally {
    await server.stop();
  }
});

test('a server that is not there is an error in words', async ({ start, folder }) => {
  const { page } = await start(`nbd+unix:///?socket=${join(folder, 'absent')}`);
  await expect(page.getByRole('alert').locator('code')).toHaveText(/^NBD_/);
});

test.describe('a backing file in another folder', () => {
  let base: string;
  let top: string;
  let hashes: readonly string[];

  test.beforeEach(async ({ folder }) => {
    [base, top] = [join(folder, 'far', 'base.qcow2'), join(folder, 'near', 'top.qcow2')];
    for (const file of [base, top]) mkdirSync(dirname(file));
    await qemuImg('create', '-q', '-f', 'qcow2', base, '1M');
    await qemuIo(base, 'write -P1 0 1M');
    await qemuImg('create', '-q', '-f', 'qcow2', '-b', base, '-F', 'qcow2', top);
    hashes = await Promise.all([base, top].map(hashFile));
  });

  test.afterEach(async () => {
    expect(await Promise.all([base, top].map(hashFile))).toEqual(hashes);
  });

  test('is shown and opened only when asked for', async ({ start }) => {
    const { page } = await start(top);
    await opened(page);
    expect(await laneNames(page)).toEqual(['guest', 'top.qcow2', 'Backing file not opened']);
    const notice = page.getByRole('region', { name: 'Consent needed' });
    await expect(notice).toContainText(basename(base));
    await notice.getByRole('button', { name: 'Open this file' }).click();
    await expect.poll(() => laneNames(page)).toEqual(['guest', 'top.qcow2', 'base.qcow2']);
  });

  for (const consent of ['--allow', '--allow-all'] as const) {
    test(`is opened at once with ${consent}`, async ({ start }) => {
      const { page } = await start(consent === '--allow' ? `${consent}=${base}` : consent, top);
      await opened(page);
      expect(await laneNames(page)).toEqual(['guest', 'top.qcow2', 'base.qcow2']);
    });
  }

  test('the consent of a launch is not that of the next one', async ({ start, run }) => {
    const { page } = await start('--allow-all', top);
    await opened(page);
    expect(await laneNames(page)).toHaveLength(3);
    expect((await run(top)).code).toBe(0);
    await expect.poll(() => laneNames(page)).toEqual(['guest', 'top.qcow2', 'Backing file not opened']);
  });
});
