/** What a command loads: code that it does not use would be read and parsed at each start. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { golden, makeChain } from '../../examples/recipes.mjs';
import { CLI } from '../support/cli.ts';
import { startQemu } from '../support/servers/nbd-server-process.ts';
import { qemuImg, runWell, temporaryFolder } from '../support/tools.ts';

/** Writes what a program has loaded, of Node too, and how many threads it has started, to the file that LOADED names. */
const LISTER = `let workers = 0;
process.on('worker', () => workers++);
process.on('exit', () => require('node:fs').writeFileSync(
  process.env.LOADED,
  JSON.stringify({ files: Object.keys(require.cache), modules: process.moduleLoadList, workers }),
));`;

/** The files and modules of Node that the main thread of a command has loaded, and how many threads it has started. */
async function loadedBy(
  words: readonly string[],
): Promise<{ files: string[]; modules: string[]; workers: number }> {
  const folder = temporaryFolder();
  const [lister, loaded] = [join(folder, 'lister.cjs'), join(folder, 'loaded.json')];
  writeFileSync(lister, LISTER);
  const env = { ...process.env, LOADED: loaded };
  await runWell(process.execPath, ['--require', lister, CLI, ...words], { env });
  return JSON.parse(readFileSync(loaded, 'utf8'));
}

/** The sources of ours whose code the main thread of a command has loaded. */
async function sourcesLoadedBy(...words: readonly string[]): Promise<string[]> {
  const { files } = await loadedBy(words);
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
  const sources = await sourcesLoadedBy(...words);
  expect(sources.filter(source => source.startsWith('electron/engine/'))).toEqual([
    'electron/engine/worker/small-chains.ts',
  ]);
  expect([...roomsOf(sources)].sort()).toEqual([
    'electron/chain',
    'electron/cli',
    'electron/engine/worker',
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

it('loads what starts programs where it starts one', async () => {
  const [, , top] = await makeChain(golden, temporaryFolder());
  const loadsIt = async (...words: string[]) =>
    (await loadedBy(words)).modules.includes('NativeModule child_process');
  for (const words of [['--version'], ['--help'], ['map', top as string], ['layers', top as string]])
    expect(await loadsIt(...words), words[0] as string).toBe(false);
  expect(await loadsIt('map', '--as', 'qemu-img', top as string)).toBe(true);
});

it('loads the client where a layer is read by qemu-nbd', async () => {
  const [, , top] = await makeChain(golden, temporaryFolder());
  const rooms = roomsOf(await sourcesLoadedBy('map', '--witness', 'nbd', top as string));
  expect(rooms).toContain('electron/nbd/client');
});

it('reads a small chain without a worker, and larger disks, several files and layers over NBD with one', async () => {
  const folder = temporaryFolder();
  const chain = await makeChain(golden, folder);
  const top = chain[2] as string;
  const [large, overlay] = [join(folder, 'large.qcow2'), join(folder, 'overlay.qcow2')];
  await qemuImg('create', '-q', '-f', 'qcow2', large, '9G');
  await qemuImg('create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', large, overlay, '1M');
  const workersFor = async (...words: string[]) => (await loadedBy(['map', ...words])).workers;
  expect(await workersFor(top)).toBe(0);
  expect(await workersFor('--as', 'qemu-img', top)).toBe(0);
  expect(await workersFor(large)).toBe(1);
  expect(await workersFor(overlay)).toBe(1);
  expect(await workersFor(...chain)).toBe(1);
  expect(await workersFor('--witness', 'both', top)).toBe(1);
});

it('loads neither chain nor engine to list the contexts of an address', async () => {
  const [, , top] = await makeChain(golden, temporaryFolder());
  const server = await startQemu(['-A', '-f', 'qcow2', top as string]);
  try {
    const sources = await sourcesLoadedBy('map', '--as', 'nbdinfo', await server.uri());
    expect(sources).toContain('electron/service/nbd/nbd-contexts.ts');
    for (const absent of ['electron/chain/discover.ts', 'electron/service/chain-session.ts'])
      expect(sources).not.toContain(absent);
    expect([...roomsOf(sources)].filter(room => room.startsWith('electron/qcow2/'))).toEqual([]);
  } finally {
    await server.kill();
  }
});

it('loads few files for a map and fewer for the layers', async () => {
  const [, , top] = await makeChain(golden, temporaryFolder());
  const filesOf = async (command: string) =>
    (await loadedBy([command, top as string])).files.filter(file => /cli[\w-]*\.cjs$/.test(file)).length;
  expect(await filesOf('map')).toBeLessThanOrEqual(16);
  expect(await filesOf('layers')).toBeLessThanOrEqual(12);
});
