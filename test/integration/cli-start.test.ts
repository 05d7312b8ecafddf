/** What a command loads: code that it does not use would be read and parsed at each start. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { golden, makeChain } from '../../examples/recipes.mjs';
import { CLI } from '../support/cli.ts';
import { runWell, temporaryFolder } from '../support/tools.ts';

/** Writes the files that a program has loaded to the file that LOADED names. */
const LISTER = `process.on('exit', () =>
  require('node:fs').writeFileSync(process.env.LOADED, JSON.stringify(Object.keys(require.cache))));`;

/** The sources of ours whose code the main thread of a command has loaded. */
async function sourcesLoadedBy(...words: readonly string[]): Promise<string[]> {
  const folder = temporaryFolder();
  const [lister, loaded] = [join(folder, 'lister.cjs'), join(folder, 'loaded.json')];
  writeFileSync(lister, LISTER);
  const env = { ...process.env, LOADED: loaded };
  await runWell(process.execPath, ['--require', lister, CLI, ...words], { env });
  const files: string[] = JSON.parse(readFileSync(loaded, 'utf8'));
  // The bundler names each source before its code.
  return files.flatMap(file =>
    [...readFileSync(file, 'utf8').matchAll(/^\/\/ ((?:shared|electron)\/\S+\.ts)$/gm)].map(
      match => match[1] as string,
    ),
  );
}

/** The folders that sources lie in; of commands, the files. */
const roomsOf = (sources: readonly string[]) =>
  new Set(
    sources.flatMap(
      source => /^electron\/(?:cli\/commands\/[\w-]+|\w+(?:\/\w+(?=\/))?)/.exec(source)?.[0] ?? [],
    ),
  );

it.each([
  { words: ['--version'] },
  { words: ['--help'] },
  { words: ['map', '--help'] },
  { words: ['completion', 'bash'] },
])('loads no command, reader or client for $words', async ({ words }) => {
  const rooms = roomsOf(await sourcesLoadedBy(...words));
  expect([...rooms].sort()).toEqual([
    'electron/chain',
    'electron/cli',
    'electron/formats',
    'electron/qemu',
    'electron/service',
  ]);
});

it('loads no client, check, plan or report to map or describe a chain of qcow2 images', async () => {
  const [, , top] = await makeChain(golden, temporaryFolder());
  for (const command of ['map', 'layers']) {
    const rooms = roomsOf(await sourcesLoadedBy(command, top as string));
    expect(rooms).toContain(`electron/cli/commands/${command}`);
    expect(rooms).toContain('electron/qcow2/format');
    for (const room of rooms)
      expect(room).not.toMatch(/^electron\/(?:nbd\/(?:client|walk)|qcow2\/check|plan)$/);
    expect([...rooms].filter(room => room.startsWith('electron/cli/commands/'))).toHaveLength(1);
  }
});

it('loads the client where a layer is read by qemu-nbd', async () => {
  const [, , top] = await makeChain(golden, temporaryFolder());
  const rooms = roomsOf(await sourcesLoadedBy('map', '--witness', 'nbd', top as string));
  expect(rooms).toContain('electron/nbd/client');
});
