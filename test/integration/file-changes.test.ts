/** Files that change on disk while their chain is open. */
import { appendFile, copyFile, open, rename, unlink } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type DiscoveredChain, discoverChain } from '../../electron/chain/discover.ts';
import { FileChanges } from '../../electron/chain/file-changes.ts';
import { golden, makeChain } from '../../examples/recipes.mjs';
import { qemuImg, qemuIo, temporaryFolder } from '../support/tools.ts';

let files: string[];
let chain: DiscoveredChain;

beforeEach(async () => {
  files = await makeChain(golden, temporaryFolder());
  chain = await discoverChain({ files: [files[2]!] });
});
afterEach(() => chain.close());

describe('the files of an open chain', () => {
  it('are unchanged while nothing touches them, however often they are read', async () => {
    for (const file of files) await qemuImg('check', file);
    expect(await chain.changes.changedLayers()).toEqual([]);
  });

  it.each<[string, (file: string) => Promise<unknown>]>([
    ['a guest writes to it', file => qemuIo(file, 'write -P9 0 64k')],
    ['it takes a snapshot', file => qemuImg('snapshot', '-c', 'now', file)],
    ['it grows', file => appendFile(file, 'x')],
    ['it is deleted', file => unlink(file)],
    [
      'another one takes its name',
      async file => {
        await copyFile(file, `${file}.new`);
        await rename(`${file}.new`, file);
      },
    ],
  ])('have changed when %s, by layer', async (_, change) => {
    for (const layer of [2, 0]) await change(files[layer]!);
    expect(await chain.changes.changedLayers()).toEqual([0, 2]);
  });

  it('have not changed by being renamed', async () => {
    await rename(files[1]!, `${files[1]}.moved`);
    expect(await chain.changes.changedLayers()).toEqual([]);
  });

  it('are no longer looked at once the chain is closed', async () => {
    await appendFile(files[0]!, 'x');
    await chain.close();
    expect(await chain.changes.changedLayers()).toEqual([]);
  });
});

describe('a device', () => {
  it('has changed when its header is another one than at the first look', async () => {
    const handle = await open(files[2]!, 'r+');
    try {
      const { size, mtimeNs, dev, ino } = await handle.stat({ bigint: true });
      const device = {
        handle,
        device: true,
        size: Number(size),
        allocated: -1,
        modifiedNs: mtimeNs,
        dev,
        ino,
        identity: '',
      };
      const changes = new FileChanges([[device]]);
      expect(await changes.changedLayers()).toEqual([]);
      await handle.write(Buffer.from([1]), 0, 1, Number(size) - 1); // data
      expect(await changes.changedLayers()).toEqual([]);
      await handle.write(Buffer.from([1]), 0, 1, 71); // the header
      expect(await changes.changedLayers()).toEqual([0]);
    } finally {
      await handle.close();
    }
  });
});
