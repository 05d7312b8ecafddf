/** Chains as they are found, whole and broken, friendly and hostile. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  link,
  mkdir,
  open as openFile,
  readdir,
  readFile,
  readlink,
  rename,
  symlink,
  truncate,
  unlink,
  writeFile,
} from 'node:fs/promises';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ChainRequest, type DiscoveredChain, discoverChain } from '../../electron/chain/discover.ts';
import { exportLayer } from '../../electron/qemu/export-layer.ts';
import { golden, makeChain, shortMiddle } from '../../examples/recipes.mjs';
import { MAX_LAYERS } from '../../shared/model/layer.ts';
import { codesOf } from '../support/findings.ts';
import { hashFile, nbdinfoMap, qemuImg, qemuIo, runWell, temporaryFolder } from '../support/tools.ts';

let folder: string;
let hashes: Map<string, string>;
const chains: DiscoveredChain[] = [];

beforeEach(() => {
  folder = temporaryFolder();
  hashes = new Map();
});

afterEach(async () => {
  for (const chain of chains.splice(0)) await chain.close();
  expect(await openFilesBelow(folder)).toEqual([]);
  for (const [path, hash] of hashes) expect([path, await hashFile(path)]).toEqual([path, hash]);
});

const at = (name: string) => join(folder, name);

/** Descriptors of this process that lead below a folder. */
async function openFilesBelow(path: string): Promise<string[]> {
  const descriptors = await readdir('/proc/self/fd');
  const targets = await Promise.all(descriptors.map(fd => readlink(`/proc/self/fd/${fd}`).catch(() => '')));
  return targets.filter(target => target.startsWith(`${path}/`));
}

/** Discovers a chain and remembers every regular file beside it, to be found unchanged in the end. */
async function discover(files: string | readonly string[], more: Omit<ChainRequest, 'files'> = {}) {
  for (const entry of await readdir(folder, { withFileTypes: true }))
    if (entry.isFile()) hashes.set(at(entry.name), await hashFile(at(entry.name)));
  const chain = await discoverChain({ files: typeof files === 'string' ? [files] : files, ...more });
  chains.push(chain);
  return chain;
}

/** The depths that qemu-nbd tells of a layer alone, extent by extent. */
async function depthsOf(layer: DiscoveredChain['layers'][number]): Promise<number[]> {
  const server = await exportLayer(layer);
  const uri = `nbd+unix:///?socket=${server.address.endpoint.path}`;
  const extents = await nbdinfoMap(uri, 'qemu:allocation-depth');
  await server.stop();
  return extents.map(({ type }) => type);
}

/** An overlay over a name that need not exist. */
async function overlay(name: string, backing: string, format = 'qcow2', size = '1M'): Promise<string> {
  await qemuImg('create', '-q', '-u', '-f', 'qcow2', '-b', backing, '-F', format, at(name), size);
  return at(name);
}

async function image(name: string, size = '1M'): Promise<string> {
  await qemuImg('create', '-q', '-f', 'qcow2', at(name), size);
  return at(name);
}

const links = ({ info }: DiscoveredChain) => info.layers.map(({ backing }) => backing.status);
const lowest = ({ info }: DiscoveredChain) => info.layers[0]!;

describe('a whole chain', () => {
  it('is found from its top, base first', async () => {
    const paths = await makeChain(golden, folder);
    const chain = await discover(paths.at(-1)!);
    expect(chain.info.layers.map(({ path }) => path)).toEqual(paths);
    expect(chain.info.layers.map(({ index }) => index)).toEqual([0, 1, 2]);
    expect(links(chain)).toEqual(['none', 'opened', 'opened']);
    expect(chain.info).toMatchObject({ complete: true, size: 1310720, notes: [] });
    for (const [index, layer] of chain.layers.entries()) {
      const info = JSON.parse(await qemuImg('info', '--output=json', paths[index]!));
      expect(layer.info).toMatchObject({
        format: info.format,
        size: info['virtual-size'],
        clusterSize: info['cluster-size'],
        allocatedSize: info['actual-size'],
        qcow2: { version: 3, refcountBits: 16 },
      });
      expect(layer.info.backing.resolved).toBe(info['full-backing-filename'] ?? '');
      expect(layer.image?.geometry.clusterSize).toBe(65536);
    }
  });

  it('is served layer by layer with the descriptors that discovery opened', async () => {
    const paths = await makeChain(golden, folder);
    const chain = await discover(paths.at(-1)!);
    for (const path of paths) await rename(path, `${path}.moved`); // no name is needed any more
    const counts: number[] = [];
    for (const layer of chain.layers) {
      const server = await exportLayer(layer);
      const extents = await nbdinfoMap(
        `nbd+unix:///?socket=${server.address.endpoint.path}`,
        'qemu:allocation-depth',
      );
      counts.push(
        extents.filter(({ type }) => type === 1).reduce((sum, { length }) => sum + length / 65536, 0),
      );
      await server.stop();
    }
    expect(counts).toEqual([8, 4, 4]);
    for (const path of paths) await rename(`${path}.moved`, path);
  });

  it('is the one that was given, in any spelling, without a note', async () => {
    const paths = await makeChain(golden, folder);
    const chain = await discover([paths[0]!, join(folder, '.', 'mid.qcow2'), paths[2]!]);
    expect(links(chain)).toEqual(['none', 'opened', 'opened']);
    expect(chain.info.notes).toEqual([]);
    expect(chain.info.layers.map(({ formatSource }) => formatSource)).toEqual([
      'recorded',
      'recorded',
      'magic',
    ]);
  });

  it('warns of a short layer', async () => {
    const chain = await discover((await makeChain(shortMiddle, folder)).at(-1)!);
    expect(chain.info.findings).toMatchObject([
      { code: 'CHAIN_LAYER_SHORTER', layer: 1 },
      { code: 'CHAIN_LAYER_GROWN', layer: 1 },
    ]);
  });

  it('closes twice without harm', async () => {
    const chain = await discover(await image('a.qcow2'));
    await chain.close();
    await expect(chain.close()).resolves.toBeUndefined();
  });
});

describe('raw layers', () => {
  it('have the size that qemu serves', async () => {
    await writeFile(at('disk.raw'), Buffer.alloc(1000, 1));
    const chain = await discover(await overlay('top.qcow2', 'disk.raw', 'raw'));
    expect(lowest(chain)).toMatchObject({
      format: 'raw',
      formatSource: 'recorded',
      size: 1024,
      fileSize: 1000,
      clusterSize: 1,
    });
    expect(lowest(chain).qcow2).toBeUndefined();
  });

  it('stay raw when the guest wrote the header of an image into them', async () => {
    await writeFile(at('secret'), 'secret');
    await overlay('evil.qcow2', at('secret'), 'raw');
    await rename(at('evil.qcow2'), at('disk.raw'));
    const chain = await discover(await overlay('top.qcow2', 'disk.raw', 'raw'));
    expect(chain.info.layers.map(({ format }) => format)).toEqual(['raw', 'qcow2']);
    expect(lowest(chain).backing.status).toBe('none');
    expect(codesOf(chain.info.findings)).toContain('CHAIN_RAW_WITH_MAGIC');
    const given = await discover([at('disk.raw'), at('top.qcow2')]);
    expect(lowest(given)).toMatchObject({ format: 'raw', backing: { status: 'none' } });
  });

  it('are what a person says they are', async () => {
    const path = await overlay('top.qcow2', 'gone', 'raw');
    const raw = await discover(path, { format: 'raw' });
    expect(raw.info.layers).toMatchObject([
      { format: 'raw', formatSource: 'given', backing: { status: 'none' } },
    ]);
    await writeFile(at('noise'), 'noise');
    await expect(discover(at('noise'), { format: 'qcow2' })).rejects.toMatchObject({
      code: 'QCOW2_NOT_QCOW2',
    });
    expect((await discover(at('noise'))).info.layers).toMatchObject([
      { format: 'raw', formatSource: 'assumed' },
    ]);
  });
});

describe('a link that cannot be followed', () => {
  async function expectLowest(chain: DiscoveredChain, status: string, code: string, layers = 1) {
    expect(chain.info.layers).toHaveLength(layers);
    expect(lowest(chain).backing).toMatchObject({ status, error: { code } });
    expect(chain.info.complete).toBe(false);
  }

  it('leaves the layers above it: a missing file', async () => {
    const [base, , top] = await makeChain(golden, folder);
    await unlink(base!);
    const chain = await discover(top!);
    await expectLowest(chain, 'missing', 'CHAIN_FILE_MISSING', 2);
    expect(lowest(chain).backing).toMatchObject({
      resolved: base,
      recordedFormat: 'qcow2',
      error: { subject: base },
    });
  });

  it.each([
    ['a folder', async (path: string) => void (await mkdir(path))],
    ['a FIFO', async (path: string) => void (await runWell('mkfifo', [path]))],
    [
      'a socket',
      async (path: string) => {
        const server = createServer().listen(path);
        await once(server, 'listening');
        server.unref();
      },
    ],
  ])('leaves the layers above it: %s', async (_, make) => {
    await make(at('base'));
    for (const allowAll of [false, true])
      await expectLowest(
        await discover(await overlay('top.qcow2', 'base'), { allowAll }),
        'missing',
        'CHAIN_NOT_A_FILE',
      );
  });

  it('leaves the layers above it: a character device, with consent to everything', async () => {
    const top = await overlay('top.qcow2', '/dev/zero', 'raw');
    await expectLowest(await discover(top), 'needsConsent', 'CHAIN_CONSENT_NEEDED');
    expect(lowest(await discover(top)).backing.error?.advice).toContain('--allow');
    await expectLowest(await discover(top, { allowAll: true }), 'missing', 'CHAIN_NOT_A_FILE');
  });

  it('is cut where an image is its own backing file', async () => {
    const chain = await discover(await overlay('self.qcow2', 'self.qcow2'));
    await expectLowest(chain, 'cut', 'CHAIN_LOOP');
  });

  it('is cut where two overlays stand on each other, by whatever names', async () => {
    await overlay('a.qcow2', 'alias.qcow2');
    await overlay('b.qcow2', 'a.qcow2');
    await link(at('b.qcow2'), at('alias.qcow2'));
    await expectLowest(await discover(at('a.qcow2')), 'cut', 'CHAIN_LOOP', 2);
  });

  it('is cut at a depth that no real chain has', async () => {
    await overlay('0.qcow2', '1.qcow2');
    const bytes = await readFile(at('0.qcow2'));
    const place = bytes.indexOf('1.qcow2');
    for (let i = 1; i <= 300; i++) {
      const copy = Buffer.from(bytes);
      const name = `${i + 1}.qcow2`;
      copy.write(name, place);
      copy.writeUInt32BE(name.length, 16);
      await writeFile(at(`${i}.qcow2`), copy);
    }
    await expectLowest(await discover(at('0.qcow2')), 'cut', 'CHAIN_TOO_DEEP', MAX_LAYERS);
  });

  it('is cut where its layers list more snapshots than an image can list snapshots and bitmaps', async () => {
    // As many as qemu takes of one image, each of 40 bytes of zeros in a hole of the file.
    await overlay('0.qcow2', '1.qcow2');
    const bytes = await readFile(at('0.qcow2'));
    const place = bytes.indexOf('1.qcow2');
    bytes.writeUInt32BE(65_536, 60);
    bytes.writeBigUInt64BE(2n ** 24n, 64);
    for (let i = 0; i <= 3; i++) {
      bytes.write(`${i + 1}.qcow2`, place);
      await writeFile(at(`${i}.qcow2`), bytes);
      await truncate(at(`${i}.qcow2`), 2 ** 25);
    }
    await expectLowest(await discover(at('0.qcow2')), 'cut', 'CHAIN_TOO_MANY_ENTRIES', 2);
    const files = [2, 1, 0].map(i => at(`${i}.qcow2`));
    await expect(discoverChain({ files })).rejects.toMatchObject({ code: 'CHAIN_TOO_MANY_ENTRIES' });
  });

  it.each([
    'nbd://127.0.0.1:1/x',
    'nbd:unix:/s',
    'http://127.0.0.1:1/disk',
    'ssh://host/disk',
    'fat:/etc',
    'json:{"driver":"nbd","host":"127.0.0.1","port":"1"}',
    'json:{"driver":"qcow2","file":{"driver":"http","url":"http://127.0.0.1:1/"}}',
  ])('is refused, consent or not: %s', async name => {
    const chain = await discover(await overlay('top.qcow2', name, 'raw'), { allowAll: true });
    await expectLowest(chain, 'refused', 'CHAIN_PROTOCOL');
    expect(lowest(chain).backing).toMatchObject({ recorded: name, resolved: '' });
  });

  it('is refused where its format cannot be shown', async () => {
    await writeFile(at('disk.vmdk'), 'KDMV');
    await expectLowest(
      await discover(await overlay('top.qcow2', 'disk.vmdk', 'vmdk')),
      'refused',
      'CHAIN_FORMAT_UNSUPPORTED',
    );
  });

  it('leaves the layers above it where the file is not of the recorded format', async () => {
    await writeFile(at('base.qcow2'), 'noise');
    await expectLowest(
      await discover(await overlay('top.qcow2', 'base.qcow2')),
      'missing',
      'QCOW2_NOT_QCOW2',
    );
    await truncate(at('base.qcow2'), 0);
    await expectLowest(await discover(at('top.qcow2')), 'missing', 'QCOW2_NOT_QCOW2');
  });

  it('is followed by its bytes where the name is not UTF-8', async () => {
    const odd = Buffer.concat([Buffer.from(at('b')), Buffer.from([0xff, 0x0a])]);
    await rename(await image('plain.qcow2'), odd);
    const top = await overlay('top.qcow2', 'b??');
    const bytes = await readFile(top);
    const place = bytes.indexOf('b??');
    bytes[place + 1] = 0xff;
    bytes[place + 2] = 0x0a;
    await writeFile(top, bytes);
    const chain = await discoverChain({ files: [top] });
    chains.push(chain);
    expect(links(chain)).toEqual(['none', 'opened']);
    expect(lowest(chain)).toMatchObject({
      name: 'b\ufffd\n',
      notes: [expect.stringContaining('not valid UTF-8')],
    });
  });
});

describe('consent', () => {
  let elsewhere: string;

  beforeEach(async () => {
    elsewhere = temporaryFolder();
    await qemuImg('create', '-q', '-f', 'qcow2', join(elsewhere, 'base.qcow2'), '1M');
  });

  async function expectAsked(top: string, path: string) {
    const chain = await discover(top);
    expect(lowest(chain).backing).toMatchObject({
      status: 'needsConsent',
      resolved: path,
      error: { code: 'CHAIN_CONSENT_NEEDED', subject: path },
    });
    expect(chain.info.complete).toBe(false);
    for (const more of [{ allow: [path] }, { allowAll: true }])
      expect(links(await discover(top, more))).toEqual(['none', 'opened']);
    const other = await discover(top, { allow: [join(elsewhere, 'other'), elsewhere, '/'] });
    expect(lowest(other).backing.status).toBe('needsConsent');
  }

  it('is asked for another folder, absolute or relative', async () => {
    const base = join(elsewhere, 'base.qcow2');
    await expectAsked(await overlay('top.qcow2', base), base);
    await expectAsked(await overlay('top.qcow2', `../${elsewhere.split('/').at(-1)}/base.qcow2`), base);
  });

  it('is asked for a folder below', async () => {
    await mkdir(at('sub'));
    await rename(join(elsewhere, 'base.qcow2'), at('sub/base.qcow2'));
    await expectAsked(await overlay('top.qcow2', 'sub/base.qcow2'), at('sub/base.qcow2'));
  });

  it('is asked for where a link in the own folder leads', async () => {
    const base = join(elsewhere, 'base.qcow2');
    await symlink(base, at('hop'));
    await symlink('hop', at('base.qcow2'));
    await expectAsked(await overlay('top.qcow2', 'base.qcow2'), base);
  });

  it('is asked for a JSON description even of a file beside the image', async () => {
    await image('base.qcow2');
    const name = `json:{"driver":"qcow2","file":{"driver":"file","filename":"${at('base.qcow2')}"}}`;
    await expectAsked(await overlay('top.qcow2', name), at('base.qcow2'));
  });

  it('is asked for each path that an image may have made up', async () => {
    const top = await overlay('top.qcow2', '/etc/passwd', 'raw');
    const chain = await discover(top);
    expect(lowest(chain).backing).toMatchObject({ status: 'needsConsent', resolved: '/etc/passwd' });
  });

  it('is not asked for links within the own folder', async () => {
    await image('real.qcow2');
    await symlink('real.qcow2', at('one'));
    await symlink(at('one'), at('two'));
    const chain = await discover(await overlay('top.qcow2', './two'));
    expect(links(chain)).toEqual(['none', 'opened']);
  });

  it('is not asked for files beside the link by which an image was named', async () => {
    await overlay('top.qcow2', 'base.qcow2');
    await symlink(at('top.qcow2'), join(elsewhere, 'link.qcow2'));
    const chain = await discover(join(elsewhere, 'link.qcow2'));
    expect(lowest(chain).path).toBe(join(elsewhere, 'base.qcow2')); // relative names start there, as in qemu
    expect(links(chain)).toEqual(['none', 'opened']);
  });

  it('ends a circle of links', async () => {
    await symlink('b', at('a'));
    await symlink('a', at('b'));
    const top = await overlay('top.qcow2', 'a');
    for (const allowAll of [false, true])
      expect(lowest(await discover(top, { allowAll })).backing).toMatchObject({
        status: 'missing',
        error: { code: 'CHAIN_FILE_UNREADABLE' },
      });
  });
});

describe('an external data file', () => {
  async function withDataFile(name: string): Promise<string> {
    await qemuImg('create', '-q', '-f', 'qcow2', '-o', `data_file=${name}`, at('top.qcow2'), '1M');
    await qemuIo(at('top.qcow2'), 'write -P1 64k 64k');
    return at('top.qcow2');
  }

  it('is never opened before consent, though it lies beside the image, and no child starts', async () => {
    const top = await withDataFile(at('data.raw'));
    const chain = await discover(top);
    expect(chain.info.layers).toMatchObject([
      {
        dataFile: { recorded: at('data.raw'), resolved: at('data.raw'), status: 'needsConsent' },
        backing: { status: 'none' },
      },
    ]);
    expect(await openFilesBelow(folder)).toEqual([top]);
    await expect(exportLayer(chain.layers[0]!)).rejects.toMatchObject({ code: 'QEMU_DATA_FILE_CONSENT' });
  });

  it('is given to the child once consented to', async () => {
    const top = await withDataFile(at('data.raw'));
    const chain = await discover(top, { allow: [at('data.raw')] });
    expect(chain.info.layers[0]!.dataFile).toMatchObject({ status: 'opened' });
    expect((await openFilesBelow(folder)).sort()).toEqual([at('data.raw'), top]);
    await rename(at('data.raw'), at('moved.raw'));
    expect(await depthsOf(chain.layers[0]!)).toEqual([0, 1, 0]);
    await rename(at('moved.raw'), at('data.raw'));
  });

  it('that is missing leaves the layer', async () => {
    const top = await withDataFile(at('data.raw'));
    await unlink(at('data.raw'));
    const chain = await discover(top, { allowAll: true });
    expect(chain.info.layers[0]!.dataFile).toMatchObject({
      status: 'missing',
      error: { code: 'CHAIN_FILE_MISSING' },
    });
    expect(chain.info.layers[0]!.notes).toEqual([
      `Its data file ${at('data.raw')} cannot be opened: the map comes from its tables alone, and the data itself cannot be read.`,
    ]);
  });
});

describe('the marks in a header', () => {
  it.each([
    [1, 'QCOW2_DIRTY'],
    [2, 'QCOW2_MARKED_CORRUPT'],
  ])('of incompatible features %d become a hazard', async (bits, code) => {
    const path = await image('marked.qcow2');
    const file = await openFile(path, 'r+');
    await file.write(Buffer.of(bits), 0, 1, 79);
    await file.close();
    const { findings } = (await discover(path)).info;
    expect(findings).toMatchObject([{ code, severity: 'hazard', layer: 0 }]);
  });
});

describe('a program that writes to the image', () => {
  it('is named while it has the image open', async () => {
    const path = await image('live.qcow2');
    const writer = spawn('qemu-io', ['-f', 'qcow2', path], { stdio: ['pipe', 'pipe', 'ignore'] });
    const ended = once(writer, 'close');
    try {
      await once(writer.stdout, 'data'); // its prompt: the image is open
      const { written } = await discover(path);
      expect(await written).toEqual([[`qemu-io (process ${writer.pid})`]]);
    } finally {
      writer.stdin.end('quit\n');
      await ended;
    }
    hashes.clear(); // qemu-io may write what it likes
    expect(await (await discover(path)).written).toEqual([undefined]);
  });

  it('is not a program that only reads', async () => {
    const path = await image('read.qcow2');
    const reader = spawn('qemu-io', ['-r', '-f', 'qcow2', path], { stdio: ['pipe', 'pipe', 'ignore'] });
    const ended = once(reader, 'close');
    try {
      await once(reader.stdout, 'data');
      expect(await (await discover(path)).written).toEqual([undefined]);
    } finally {
      reader.stdin.end('quit\n');
      await ended;
    }
  });
});

describe('the order given', () => {
  it('wins over recorded links, with a finding', async () => {
    const [base, mid, top] = await makeChain(golden, folder);
    const chain = await discover([mid!, base!, top!]);
    expect(chain.info.layers.map(({ path }) => path)).toEqual([mid, base, top]);
    const order = chain.info.findings.filter(({ code }) => code === 'CHAIN_ORDER_DIFFERS');
    expect(order).toHaveLength(3);
    expect(order.map(({ what }) => what).join('\n')).toMatch(
      /makes .*mid.*the base.*records no backing file.*although it names mid/s,
    );
    expect(lowest(chain).backing).toMatchObject({ status: 'cut', error: { code: 'CHAIN_ORDER_GIVEN' } });
    expect(chain.info.complete).toBe(false);
  });

  it('holds each file once', async () => {
    const path = await image('a.qcow2');
    await symlink(path, at('b.qcow2'));
    await expect(discover([path, at('b.qcow2')])).rejects.toMatchObject({ code: 'CHAIN_FILE_TWICE' });
  });

  it('opens files wherever they lie: they were named', async () => {
    const elsewhere = temporaryFolder();
    const base = join(elsewhere, 'base.qcow2');
    await qemuImg('create', '-q', '-f', 'qcow2', base, '1M');
    const chain = await discover([base, await overlay('top.qcow2', base)]);
    expect(links(chain)).toEqual(['none', 'opened']);
    expect(chain.info.findings).toEqual([]);
  });
});

describe('a file that a person named', () => {
  it.each([
    ['CHAIN_FILE_MISSING', 'nothing', async () => {}],
    ['CHAIN_FILE_MISSING', 'a.qcow2/below', async () => void (await image('a.qcow2'))],
    ['CHAIN_NOT_A_FILE', '.', async () => {}],
    ['CHAIN_NOT_A_FILE', '/dev/null', async () => {}],
    ['CHAIN_FORMAT_UNSUPPORTED', 'a.vmdk', () => writeFile(at('a.vmdk'), 'KDMV')],
    ['CHAIN_FILE_UNREADABLE', 'loop', () => symlink('loop', at('loop'))],
  ])('is refused with %s: %s', async (code, name, make) => {
    await make();
    await expect(discover(resolve(folder, name))).rejects.toMatchObject({ code });
  });

  it('is refused when it is a FIFO, at once', async () => {
    await runWell('mkfifo', [at('fifo')]);
    await expect(discover(at('fifo'))).rejects.toMatchObject({
      code: 'CHAIN_NOT_A_FILE',
      subject: at('fifo'),
    });
  });

  it('may begin like a protocol or an option', async () => {
    for (const name of ['nbd:x', 'json:{}', '-r', 'a,b\nc']) {
      await image('plain.qcow2');
      await rename(at('plain.qcow2'), at(name));
      const chain = await discover(at(name));
      const server = await exportLayer(chain.layers[0]!);
      await server.stop();
      expect(lowest(chain).name).toBe(name);
    }
  });

  it('may be of version 1', async () => {
    await qemuImg('create', '-q', '-f', 'qcow', at('old.qcow'), '1M');
    await runWell('qemu-io', ['-f', 'qcow', '-c', 'write -P1 64k 64k', at('old.qcow')]);
    const chain = await discover(at('old.qcow'));
    expect(chain.info.layers).toMatchObject([{ format: 'qcow', size: 1048576 }]);
    expect(await depthsOf(chain.layers[0]!)).toEqual([0, 1, 0]);
  });

  it('is asked for when none is named', async () => {
    await expect(discover([])).rejects.toMatchObject({ code: 'CHAIN_NO_FILE' });
  });
});
