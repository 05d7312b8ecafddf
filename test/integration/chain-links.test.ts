/** Links between layers: every form of a name, files that were moved, formats that are not recorded. */
import { copyFile, mkdir, readFile, rename, symlink, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ChainRequest, type DiscoveredChain, discoverChain } from '../../electron/chain/discover.ts';
import { codesOf } from '../support/findings.ts';
import { qemuImg, qemuIo, runWell, temporaryFolder } from '../support/tools.ts';

let folder: string;
const chains: DiscoveredChain[] = [];

beforeEach(() => {
  folder = temporaryFolder();
});

afterEach(async () => {
  for (const chain of chains.splice(0)) await chain.close();
});

const at = (name: string) => join(folder, name);

async function discover(files: string | readonly string[], more: Omit<ChainRequest, 'files'> = {}) {
  const chain = await discoverChain({ files: typeof files === 'string' ? [files] : files, ...more });
  chains.push(chain);
  return chain;
}

async function image(path: string, size = '1M'): Promise<string> {
  await qemuImg('create', '-q', '-f', 'qcow2', path, size);
  return path;
}

/** An overlay over a name that need not exist. */
async function overlay(path: string, backing: string, format = 'qcow2', size = '1M'): Promise<string> {
  await qemuImg('create', '-q', '-u', '-f', 'qcow2', '-b', backing, '-F', format, path, size);
  return path;
}

const lowest = ({ info }: DiscoveredChain) => info.layers[0]!;
const links = ({ info }: DiscoveredChain) => info.layers.map(({ backing }) => backing.status);
const paths = ({ info }: DiscoveredChain) => info.layers.map(({ path }) => path);

/** Runs a command of ours in a shell, as a person who copies it does. */
async function runCommand(command: string | undefined): Promise<void> {
  expect(command).toBeDefined();
  await runWell('sh', ['-c', command!]);
}

/** What qemu-img says an image records. */
async function recordedIn(path: string) {
  const info = JSON.parse(await qemuImg('info', '-U', '--output=json', path));
  return [info['backing-filename'], info['backing-filename-format']];
}

describe('a JSON description as a backing name', () => {
  const file = (filename: string, more: object = {}) => ({
    ...more,
    driver: 'qcow2',
    file: { driver: 'file', filename },
  });

  it('of every level asks for the file that it names, and tells the command that records it plainly', async () => {
    await image(at('d0.qcow2'));
    await overlay(at('d1.qcow2'), `json:${JSON.stringify(file('d0.qcow2'))}`);
    await overlay(at('d2.qcow2'), 'd1.qcow2');
    const nested = file('d2.qcow2', { backing: file('d1.qcow2', { backing: file('d0.qcow2') }) });
    const top = await overlay(at('d3.qcow2'), `json:${JSON.stringify(nested)}`);
    const { backing } = lowest(await discover(top));
    expect(backing).toMatchObject({ status: 'needsConsent', resolved: at('d2.qcow2') });
    expect(backing.error?.what).toContain('which lies beside it');
    expect(backing.fix).toEqual({
      backing: 'd2.qcow2',
      format: 'qcow2',
      command: `qemu-img rebase -u -F qcow2 -b d2.qcow2 ${top}`,
    });
    expect(paths(await discover(top, { allow: [at('d2.qcow2'), at('d0.qcow2')] }))).toEqual(
      ['d0.qcow2', 'd1.qcow2', 'd2.qcow2', 'd3.qcow2'].map(at),
    );
    await runCommand(backing.fix?.command);
    expect(await recordedIn(top)).toEqual(['d2.qcow2', 'qcow2']);
    expect(links(await discover(top, { allow: [at('d0.qcow2')] }))).toEqual([
      'none',
      'opened',
      'opened',
      'opened',
    ]);
  });

  it('in single quotes is read as qemu reads it', async () => {
    await image(at('base.qcow2'));
    const name = `json:{'driver':'qcow2','file':{'driver':'file','filename':'${at('base.qcow2')}'}}`;
    const top = await overlay(at('top.qcow2'), name);
    const theirs = JSON.parse(await qemuImg('info', '--backing-chain', '--output=json', top));
    expect(theirs).toHaveLength(2);
    expect(paths(await discover(top, { allowAll: true }))).toEqual([at('base.qcow2'), top]);
  });

  it.each([
    ['another file', (own: string) => file(own, { backing: file('other.qcow2') }), 'base.qcow2'],
    ['nothing', (own: string) => file(own, { backing: null }), 'base.qcow2'],
    ['a server', (own: string) => file(own, { backing: { driver: 'nbd', host: 'h' } }), 'base.qcow2'],
  ])('that says %s lies below a layer is not passed over in silence', async (_, describe, own) => {
    await image(at('base.qcow2'));
    await overlay(at('mid.qcow2'), own);
    const top = await overlay(at('top.qcow2'), `json:${JSON.stringify(describe('mid.qcow2'))}`);
    const chain = await discover(top, { allowAll: true });
    expect(lowest(chain).backing).toMatchObject({
      status: 'cut',
      error: { code: 'CHAIN_DESCRIPTION_DIFFERS' },
    });
    expect(chain.info.complete).toBe(false);
  });
});

describe('a file that was moved', () => {
  it('is offered where one of its name lies beside the image, and the command records it', async () => {
    await image(at('win11.qcow2'), '8M');
    const top = await overlay(at("win11's fresh"), '/var/lib/images-old/win11.qcow2', 'qcow2', '8M');
    const { backing } = lowest(await discover(top));
    expect(backing).toMatchObject({
      status: 'missing',
      resolved: '/var/lib/images-old/win11.qcow2',
      beside: at('win11.qcow2'),
      error: { code: 'CHAIN_FILE_MISSING' },
    });
    await runCommand(backing.fix?.command);
    expect(await recordedIn(top)).toEqual(['win11.qcow2', 'qcow2']);
    expect(links(await discover(top))).toEqual(['none', 'opened']);
  });

  it('is offered where the name counted from the wrong folder', async () => {
    await mkdir(at('images'));
    await image(at('images/base.qcow2'));
    const { backing } = lowest(await discover(await overlay(at('images/snap.qcow2'), 'images/base.qcow2')));
    expect(backing).toMatchObject({
      status: 'missing',
      resolved: at('images/images/base.qcow2'),
      beside: at('images/base.qcow2'),
    });
  });

  it('is not offered where nothing of its name is there, or only the image itself', async () => {
    for (const name of ['/gone/base.qcow2', '/gone/top.qcow2', '/gone/folder']) {
      await mkdir(at('folder'), { recursive: true });
      const { backing } = lowest(await discover(await overlay(at('top.qcow2'), name)));
      expect(backing).toMatchObject({ status: 'missing', error: { code: 'CHAIN_FILE_MISSING' } });
      expect([backing.beside, backing.fix]).toEqual([undefined, undefined]);
    }
  });

  it('is taken from where a person says, for this session, with the recorded format', async () => {
    const elsewhere = temporaryFolder();
    const moved = await image(join(elsewhere, 'base.qcow2'));
    const top = await overlay(at('top.qcow2'), '/gone/base.qcow2');
    const before = await readFile(top);
    const chain = await discover(top, { locate: [moved] });
    expect(paths(chain)).toEqual([moved, top]);
    expect(chain.info.layers[1]?.backing).toMatchObject({ status: 'opened', located: true, resolved: moved });
    expect(chain.info.layers[0]).toMatchObject({ format: 'qcow2', formatSource: 'recorded' });
    expect(chain.info.findings).toMatchObject([{ code: 'CHAIN_LOCATED', severity: 'note', layer: 1 }]);
    expect(await readFile(top)).toEqual(before);
    await runCommand(chain.info.layers[1]?.backing.fix?.command);
    expect(await recordedIn(top)).toEqual([moved, 'qcow2']);
  });

  it('is refused where the chosen file is not of the recorded format', async () => {
    await writeFile(at('noise'), Buffer.alloc(4096, 1));
    const top = await overlay(at('top.qcow2'), '/gone/base.qcow2');
    expect(lowest(await discover(top, { locate: [at('noise')] })).backing).toMatchObject({
      status: 'missing',
      error: { code: 'QCOW2_NOT_QCOW2', subject: at('noise') },
    });
    const named = discover([at('noise'), top]);
    await expect(named).rejects.toMatchObject({ code: 'QCOW2_NOT_QCOW2' });
  });

  it('stays raw where raw is recorded, whatever the chosen file holds', async () => {
    const top = await overlay(at('top.qcow2'), '/gone/disk.raw', 'raw');
    const disguised = await image(at('guest-wrote-this'));
    for (const chain of [await discover(top, { locate: [disguised] }), await discover([disguised, top])]) {
      expect(lowest(chain)).toMatchObject({ format: 'raw', formatSource: 'recorded' });
      expect(codesOf(chain.info.findings)).toContain('CHAIN_RAW_WITH_MAGIC');
    }
  });

  it('is taken for each broken link in turn, from the top down', async () => {
    const base = await image(at('moved-base'));
    const mid = await overlay(at('moved-mid'), '/gone/base');
    const top = await overlay(at('top.qcow2'), '/gone/mid');
    expect(paths(await discover(top, { locate: [mid, base] }))).toEqual([base, mid, top]);
    const half = await discover(top, { locate: [mid] });
    expect(lowest(half)).toMatchObject({ path: mid, backing: { status: 'missing' } });
  });

  it('never asks for consent to what does not exist or cannot be opened', async () => {
    await mkdir(at('below'));
    await runWell('mkfifo', [at('below/fifo')]);
    for (const [name, code] of [
      ['/gone/base.qcow2', 'CHAIN_FILE_MISSING'],
      ['below/none', 'CHAIN_FILE_MISSING'],
      ['below/fifo', 'CHAIN_NOT_A_FILE'],
      ['/etc', 'CHAIN_NOT_A_FILE'],
    ] as const)
      expect(lowest(await discover(await overlay(at('top.qcow2'), name, 'raw'))).backing).toMatchObject({
        status: 'missing',
        error: { code },
      });
  });
});

describe('a symbolic link to an image', () => {
  it('leads to the files beside the image where there are none beside the link, and qemu differs', async () => {
    await mkdir(at('real'));
    await mkdir(at('links'));
    await image(at('real/base.qcow2'));
    await overlay(at('real/top.qcow2'), 'base.qcow2');
    await symlink('../real/top.qcow2', at('links/top.qcow2'));
    await expect(qemuImg('info', '--backing-chain', at('links/top.qcow2'))).rejects.toThrow('No such file');
    const chain = await discover(at('links/top.qcow2'));
    expect(paths(chain)).toEqual([at('real/base.qcow2'), at('links/top.qcow2')]);
    expect(chain.info.findings).toMatchObject([{ code: 'CHAIN_LINK_FOLDER', severity: 'hazard', layer: 1 }]);
    expect(chain.info.findings[0]?.what).toContain('beside the link there is no base.qcow2');
  });

  it('leads to the file beside the link where there are two, as in qemu, and tells of the other', async () => {
    await mkdir(at('real'));
    await mkdir(at('links'));
    await image(at('real/base.qcow2'), '1M');
    await image(at('links/base.qcow2'), '2M');
    await overlay(at('real/top.qcow2'), 'base.qcow2', 'qcow2', '2M');
    await symlink('../real/top.qcow2', at('links/top.qcow2'));
    const theirs = JSON.parse(
      await qemuImg('info', '--backing-chain', '--output=json', at('links/top.qcow2')),
    );
    expect(theirs[1]['virtual-size']).toBe(2 * 2 ** 20);
    const chain = await discover(at('links/top.qcow2'));
    expect(lowest(chain)).toMatchObject({ path: at('links/base.qcow2'), size: 2 * 2 ** 20 });
    expect(chain.info.findings).toMatchObject([{ code: 'CHAIN_LINK_FOLDER', layer: 1 }]);
    await unlink(at('links/base.qcow2'));
    await symlink('../real/base.qcow2', at('links/base.qcow2'));
    expect((await discover(at('links/top.qcow2'), { allowAll: true })).info.findings).not.toContainEqual(
      expect.objectContaining({ code: 'CHAIN_LINK_FOLDER' }),
    );
  });
});

describe('a backing format that is not recorded', () => {
  /** An overlay of version 3 over base.qcow2 whose format extension no reader knows. */
  async function unrecorded(): Promise<string> {
    await image(at('base.qcow2'), '4M');
    await qemuIo(at('base.qcow2'), 'write -P 2 1M 1M');
    const top = await overlay(at('top.qcow2'), 'base.qcow2', 'qcow2', '4M');
    const bytes = await readFile(top);
    bytes.writeUInt32BE(0x12345678, bytes.indexOf(Buffer.from('e2792aca', 'hex')));
    await writeFile(top, bytes);
    return top;
  }

  it('is read by the content as qemu does, with both readings and the command that decides', async () => {
    const top = await unrecorded();
    const chain = await discover(top);
    expect(lowest(chain)).toMatchObject({ format: 'qcow2', formatSource: 'magic', size: 4 * 2 ** 20 });
    expect(chain.info.findings).toMatchObject([
      { code: 'CHAIN_FORMAT_BY_CONTENT', severity: 'hazard', layer: 0 },
    ]);
    expect(chain.info.findings[0]?.advice).toContain('--backing-format raw');
    const theirs = JSON.parse(await qemuImg('info', '--backing-chain', '--output=json', top));
    expect(theirs[1].format).toBe('qcow2');

    const raw = await discover(top, { backingFormat: 'raw' });
    expect(lowest(raw)).toMatchObject({ format: 'raw', formatSource: 'given' });
    expect(codesOf(raw.info.findings)).not.toContain('CHAIN_FORMAT_BY_CONTENT');
    expect(raw.info.findings.map(({ what }) => what).join()).toContain('it is read as raw, as was asked for');
    const given = await discover(top, { backingFormat: 'qcow2' });
    expect(lowest(given)).toMatchObject({ format: 'qcow2', formatSource: 'given' });

    await runCommand(chain.info.layers[1]?.backing.fix?.command);
    expect(await recordedIn(top)).toEqual(['base.qcow2', 'qcow2']);
    expect((await discover(top)).info.findings).toEqual([]);
  });

  it('is never recorded by version 1, and no command is offered there', async () => {
    await image(at('base.qcow2'));
    await qemuImg('create', '-q', '-f', 'qcow', '-b', at('base.qcow2'), '-F', 'qcow2', at('top.qcow'));
    const chain = await discover(at('top.qcow'));
    expect(lowest(chain)).toMatchObject({ format: 'qcow2', formatSource: 'magic' });
    expect(chain.info.layers[1]?.backing.fix).toBeUndefined();
    expect(chain.info.findings[0]?.advice).toContain('version 1 cannot record');
  });

  it('of a raw disk stays raw, with a hazard', async () => {
    const top = await unrecorded();
    await writeFile(at('base.qcow2'), Buffer.alloc(65536, 1));
    const chain = await discover(top);
    expect(lowest(chain)).toMatchObject({ format: 'raw', formatSource: 'assumed' });
    expect(codesOf(chain.info.findings)).toContain('CHAIN_FORMAT_NOT_RECORDED');
  });

  it('of a format that cannot be shown is read as raw, and told to be read otherwise by qemu', async () => {
    const top = await unrecorded();
    await qemuImg('create', '-q', '-f', 'vmdk', at('disk.vmdk'), '4M');
    await rename(at('disk.vmdk'), at('base.qcow2'));
    const chain = await discover(top);
    expect(lowest(chain)).toMatchObject({ format: 'raw', formatSource: 'assumed' });
    expect(chain.info.findings.find(({ code }) => code === 'CHAIN_FORMAT_BY_CONTENT')?.what).toContain(
      'vmdk, and qemu reads it so',
    );
  });

  it('still needs consent for what the guessed layer names', async () => {
    const top = await unrecorded();
    const elsewhere = await image(join(temporaryFolder(), 'secret.qcow2'));
    await overlay(at('base.qcow2'), elsewhere);
    const chain = await discover(top);
    expect(lowest(chain)).toMatchObject({ format: 'qcow2', backing: { status: 'needsConsent' } });
    await copyFile(top, at('copy.qcow2'));
    expect(links(await discover(at('copy.qcow2'), { allowAll: true }))).toEqual(['none', 'opened', 'opened']);
  });
});
