/** One qemu-nbd for one layer: what it serves, what it opens, and that nothing of it is left behind. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { truncate } from 'node:fs/promises';
import { connect } from 'node:net';
import { constants, getPriority, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ExportSource } from '../../electron/qemu/blockdev-args.ts';
import { type ExportOptions, exportLayer, type LayerExport } from '../../electron/qemu/export-layer.ts';
import { folderMark, removeStaleFolders } from '../../electron/qemu/socket-folder.ts';
import { findQemuNbd, type QemuTool } from '../../electron/qemu/tools.ts';
import { bitmaps, makeChain } from '../../examples/recipes.mjs';
import {
  hashFile,
  nbdinfoMap,
  processesLeft,
  processesWith,
  qemuImg,
  qemuIo,
  run,
  runWell,
  temporaryFolder,
} from '../support/tools.ts';

let qemuNbd: QemuTool;
let bundleFolder: string;
const descriptors: number[] = [];
let folder: string;
const systemTmp = process.env.TMPDIR;

beforeAll(async () => {
  qemuNbd = (await findQemuNbd()) as QemuTool;
  bundleFolder = temporaryFolder();
});

beforeEach(() => {
  folder = temporaryFolder();
  // Socket folders go to a place of this test's own, so that what is left behind can be distinguished from other tests'.
  process.env.TMPDIR = temporaryFolder();
});

afterEach(() => {
  expect(readdirSync(tmpdir())).toEqual([]);
  process.env.TMPDIR = systemTmp;
  if (systemTmp === undefined) delete process.env.TMPDIR;
  for (const fd of descriptors.splice(0)) closeSync(fd);
});

/** A file opened as discovery does. */
function opened(path: string): number {
  const fd = openSync(path, 'r');
  descriptors.push(fd);
  return fd;
}

function layerOf(path: string, format: 'qcow2' | 'raw' = 'qcow2'): ExportSource {
  return { format, source: { fd: opened(path), path }, device: false };
}

function pokeByte(path: string, offset: number, value: number): void {
  const bytes = readFileSync(path);
  bytes[offset] = value;
  writeFileSync(path, bytes);
}

const uri = ({ address }: LayerExport) =>
  `nbd+unix:///${encodeURIComponent(address.exportName)}?socket=${address.endpoint.path}`;

const isAlive = (pid: number) => existsSync(`/proc/${pid}`);

async function serving<T>(
  layer: ExportSource,
  options: ExportOptions,
  task: (server: LayerExport) => Promise<T>,
): Promise<T> {
  const server = await exportLayer(layer, options);
  try {
    return await task(server);
  } finally {
    await server.stop();
    expect(isAlive(server.pid)).toBe(false);
  }
}

describe('exportLayer', () => {
  it('serves a layer alone: no backing file is needed, depth tells what is local', async () => {
    const base = join(folder, 'base.qcow2');
    const top = join(folder, 'top.qcow2');
    await qemuImg('create', '-q', '-f', 'qcow2', base, '1M');
    await qemuImg('create', '-q', '-f', 'qcow2', '-b', base, '-F', 'qcow2', top);
    await qemuIo(top, 'write -P1 64k 64k');
    await qemuImg('rebase', '-u', '-b', 'gone.qcow2', '-F', 'qcow2', top);
    const before = await hashFile(top);
    await serving(layerOf(top), {}, async server => {
      const depths = await nbdinfoMap(uri(server), 'qemu:allocation-depth');
      expect(depths.map(({ length, type }) => [length, type])).toEqual([
        [65536, 0],
        [65536, 1],
        [917504, 0],
      ]);
      expect(statSync(dirname(server.address.endpoint.path)).mode & 0o777).toBe(0o700);
      expect(JSON.parse(await runWell('nbdinfo', ['--json', uri(server)])).exports[0]).toMatchObject({
        is_read_only: true,
        can_multi_conn: true,
      });
    });
    expect(await hashFile(top)).toBe(before);
  });

  it.each([512, 4096, 65536, 2 ** 21])('serves clusters of %d bytes', async clusterSize => {
    const path = join(folder, 'image.qcow2');
    await qemuImg('create', '-q', '-f', 'qcow2', '-o', `cluster_size=${clusterSize}`, path, '8M');
    await qemuIo(path, 'write -P1 0 4M');
    await serving(layerOf(path), {}, async server => {
      expect((await nbdinfoMap(uri(server), 'qemu:allocation-depth'))[0]).toMatchObject({
        length: 4194304,
        type: 1,
      });
    });
  });

  it('serves a raw layer without depth', async () => {
    const path = join(folder, 'disk.raw');
    writeFileSync(path, Buffer.alloc(1000, 1));
    await serving(layerOf(path, 'raw'), {}, async server => {
      const info = JSON.parse(await runWell('nbdinfo', ['--json', uri(server)]));
      expect(info.exports[0]['export-size']).toBe(1024);
      expect(info.exports[0].contexts).toEqual(['base:allocation']);
    });
  });

  it('serves what a descriptor holds, whatever its name means by now', async () => {
    const path = join(folder, 'image.qcow2');
    await qemuImg('create', '-q', '-f', 'qcow2', path, '1M');
    const layer = layerOf(path);
    await qemuImg('create', '-q', '-f', 'qcow2', `${path}.other`, '7M');
    await runWell('mv', [`${path}.other`, path]);
    await serving(layer, {}, async server => {
      expect((await runWell('nbdinfo', ['--size', uri(server)])).trim()).toBe('1048576');
    });
  });

  it('serves several clients at once and a name with spaces', async () => {
    const path = join(folder, 'image.qcow2');
    await qemuImg('create', '-q', '-f', 'qcow2', path, '1M');
    await serving(layerOf(path), { exportName: 'a layer' }, async server => {
      const sizes = await Promise.all([1, 2, 3, 4].map(() => runWell('nbdinfo', ['--size', uri(server)])));
      expect(new Set(sizes)).toEqual(new Set(['1048576\n']));
    });
  });

  it('gives the child limits and ends it with this process', async () => {
    const path = join(folder, 'image.qcow2');
    await qemuImg('create', '-q', '-f', 'qcow2', path, '1M');
    await serving(layerOf(path), {}, async server => {
      const limits = readFileSync(`/proc/${server.pid}/limits`, 'utf8');
      expect(limits).toMatch(/Max address space\s+2147483648\s/);
      expect(limits).toMatch(/Max open files\s+128\s/);
      expect(limits).toMatch(/Max cpu time\s+7200\s/);
      expect(readFileSync(`/proc/${server.pid}/cmdline`, 'utf8')).not.toContain(folder);
    });
  });

  it('gives the child no network where the system allows namespaces', async () => {
    const path = join(folder, 'image.qcow2');
    await qemuImg('create', '-q', '-f', 'qcow2', path, '1M');
    const interfaces = (pid: number | 'self') =>
      [...readFileSync(`/proc/${pid}/net/dev`, 'utf8').matchAll(/^\s*(\S+):/gm)].map(match => match[1]);
    const namespaces = process.getuid?.() === 0 ? ['--net'] : ['--user', '--map-current-user', '--net'];
    const { code } = await run('unshare', [...namespaces, 'true']);
    await serving(layerOf(path), {}, async server => {
      expect(interfaces(qemuOf(server.pid))).toEqual(code === 0 ? ['lo'] : interfaces('self'));
    });
  });

  it('shows the child the system read-only and no other file, where bubblewrap is there and works', async () => {
    const path = join(folder, 'image.qcow2');
    await qemuImg('create', '-q', '-f', 'qcow2', path, '1M');
    const { code } = await run('bwrap', ['--unshare-pid', '--ro-bind', '/', '/', '--proc', '/proc', 'true']);
    await serving(layerOf(path), {}, async server => {
      const root = `/proc/${qemuOf(server.pid)}/root`;
      expect(existsSync(join(root, path))).toBe(code !== 0);
      expect(existsSync(join(root, server.address.endpoint.path))).toBe(true);
      if (code !== 0) return;
      expect(readdirSync(root).sort()).toEqual(
        ['bin', 'dev', 'etc', 'lib', 'lib64', 'proc', 'sbin', 'usr', tmpdir().split('/')[1]].sort(),
      );
      const mounts = readFileSync(`/proc/${qemuOf(server.pid)}/mountinfo`, 'utf8');
      expect(mounts).toMatch(/ \/usr ro[, ]/);
    });
  });

  it('ends everything a child has started when this process is killed, where bubblewrap is there', async () => {
    const path = join(folder, 'image.qcow2');
    await qemuImg('create', '-q', '-f', 'qcow2', path, '1M');
    await serving(layerOf(path), {}, async server => {
      const qemu = qemuOf(server.pid);
      process.kill(server.pid, 'SIGKILL');
      await server.exited;
      await expect.poll(() => existsSync(`/proc/${qemu}`)).toBe(false);
    });
  });
});

describe('dirty bitmaps', () => {
  it('are exported, several at once, and those that cannot be are named', async () => {
    const path = join(folder, 'image.qcow2');
    await qemuImg('create', '-q', '-f', 'qcow2', path, '1M');
    for (const name of ['one', '-v', 'with space']) await qemuImg('bitmap', '--add', path, '--', name);
    await qemuIo(path, 'write -P1 64k 64k');
    const names = ['one', '-v', 'with space', 'bad \ufffd name'];
    await serving(layerOf(path), { bitmaps: names }, async server => {
      expect(server.bitmaps).toEqual(['one', '-v', 'with space']);
      expect(server.bitmapsLeft).toMatchObject([
        { name: 'bad \ufffd name', error: { code: 'QEMU_BITMAP_LEFT_OUT' } },
      ]);
      for (const name of server.bitmaps) {
        const extents = await nbdinfoMap(uri(server), `qemu:dirty-bitmap:${name}`);
        expect(extents.map(({ length, type }) => [length, type])).toEqual([
          [65536, 0],
          [65536, 1],
          [917504, 0],
        ]);
      }
    });
  });

  it('that were never closed are left out, and the others are not', async () => {
    const top = (await makeChain(bitmaps, folder)).at(-1) as string;
    const names = JSON.parse(await qemuImg('info', '--output=json', top))['format-specific'].data.bitmaps;
    const interrupted = names.find(({ flags }: { flags: string[] }) => flags.includes('in-use')).name;
    const all: string[] = names.map(({ name }: { name: string }) => name);
    expect(all.length).toBeGreaterThan(1);
    await serving(layerOf(top), { bitmaps: all }, async server => {
      expect(server.bitmaps).toEqual(all.filter(name => name !== interrupted));
      expect(server.bitmapsLeft).toMatchObject([
        {
          name: interrupted,
          error: { code: 'QEMU_BITMAP_REFUSED', what: expect.stringContaining('inconsistent') },
        },
      ]);
    });
  });

  it('that qemu refuses do not keep the layer from being served', async () => {
    const path = join(folder, 'image.qcow2');
    await qemuImg('create', '-q', '-f', 'qcow2', path, '1M');
    await serving(layerOf(path), { bitmaps: ['never there'] }, async server => {
      expect(server.bitmaps).toEqual([]);
      expect(server.bitmapsLeft).toMatchObject([
        {
          name: 'never there',
          error: { code: 'QEMU_BITMAP_REFUSED', what: expect.stringContaining('not found') },
        },
      ]);
      expect(await nbdinfoMap(uri(server), 'base:allocation')).toHaveLength(1);
    });
  });
});

describe('an external data file', () => {
  async function withDataFile(): Promise<{ image: string; data: string }> {
    const image = join(folder, 'image.qcow2');
    const data = join(folder, 'data.raw');
    await qemuImg('create', '-q', '-f', 'qcow2', '-o', `data_file=${data}`, image, '1M');
    await qemuIo(image, 'write -P1 64k 64k');
    return { image, data };
  }

  it('keeps any child from starting before there is consent', async () => {
    const { image } = await withDataFile();
    const ran = join(folder, 'ran');
    const start = exportLayer(layerOf(image), { tool: { ...qemuNbd, prefix: () => ['touch', ran] } });
    await expect(start).rejects.toMatchObject({ code: 'QEMU_DATA_FILE_CONSENT', subject: image });
    expect(existsSync(ran)).toBe(false);
  });

  it('is the one that was consented to and never the one whose name is recorded', async () => {
    const { image, data } = await withDataFile();
    const consented = join(folder, 'consented.raw');
    await runWell('mv', [data, consented]);
    writeFileSync(data, 'what the image names by now');
    const layer = { ...layerOf(image), dataFile: { fd: opened(consented), device: false } };
    await serving(layer, {}, async server => {
      const depths = await nbdinfoMap(uri(server), 'qemu:allocation-depth');
      expect(depths.map(({ type }) => type)).toEqual([0, 1, 0]);
      const link = connect(server.address.endpoint.path);
      await once(link, 'data');
      expect(filesOf(qemuOf(server.pid))).toEqual(
        new Map([
          [image, 'read'],
          [consented, 'read'],
        ]),
      );
      link.destroy();
    });
  });

  /** Regular files that a process has open, and whether any of its descriptors could write. */
  function filesOf(pid: number): Map<string, 'read' | 'write'> {
    const files = new Map<string, 'read' | 'write'>();
    for (const fd of readdirSync(`/proc/${pid}/fd`)) {
      const path = readlinkSync(`/proc/${pid}/fd/${fd}`);
      if (!path.startsWith('/') || path.startsWith('/dev/')) continue;
      const flags = Number.parseInt(
        /^flags:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'utf8'))?.[1] ?? '',
        8,
      );
      files.set(path, (flags & 3) === 0 && files.get(path) !== 'write' ? 'read' : 'write');
    }
    return files;
  }
});

describe('a layer that cannot be served', () => {
  async function expectCode(layer: ExportSource, code: string, options: ExportOptions = {}) {
    await expect(exportLayer(layer, options)).rejects.toMatchObject({ code, subject: layer.source.path });
  }

  it('is reported as encrypted', async () => {
    const path = join(folder, 'image.qcow2');
    await qemuImg('create', '-q', '-f', 'qcow2', path, '1M');
    pokeByte(path, 35, 1); // crypt_method: AES
    await expectCode(layerOf(path), 'QEMU_ENCRYPTED');
  });

  it('is reported as locked, and served with locks ignored when that is asked for', async () => {
    const path = join(folder, 'image.qcow2');
    await qemuImg('create', '-q', '-f', 'qcow2', path, '1M');
    const writer = spawn('qemu-io', [path], { stdio: ['pipe', 'pipe', 'inherit'] });
    try {
      writer.stdin?.write('read 0 512\n');
      await once(writer.stdout as NonNullable<ChildProcess['stdout']>, 'data'); // it has the image open now
      await expectCode(layerOf(path), 'QEMU_IMAGE_LOCKED');
      await serving(layerOf(path), { forceShare: true }, async server => {
        expect(await nbdinfoMap(uri(server), 'base:allocation')).toHaveLength(1);
      });
    } finally {
      writer.stdin?.end();
      await once(writer, 'close');
    }
  });

  it('is reported with qemu’s own words when its header is refused', async () => {
    const path = join(folder, 'image.qcow2');
    await qemuImg('create', '-q', '-f', 'qcow2', path, '1M');
    pokeByte(path, 72, 0x80); // an incompatible feature that does not exist
    await expect(exportLayer(layerOf(path))).rejects.toMatchObject({
      code: 'QEMU_START_FAILED',
      what: expect.stringContaining('Unsupported qcow2 feature(s)'),
    });
  });

  it('is not even tried when it does not begin like an image', async () => {
    const path = join(folder, 'text');
    writeFileSync(path, 'hello');
    await expectCode(layerOf(path), 'QEMU_NOT_QCOW2');
    await truncate(path, 0);
    await expectCode(layerOf(path), 'QEMU_NOT_QCOW2');
  });

  it('is reported when the program is gone, hangs, exits at once or floods', async () => {
    const path = join(folder, 'image.qcow2');
    await qemuImg('create', '-q', '-f', 'qcow2', path, '1M');
    const sh = (body: string): QemuTool => ({ ...qemuNbd, prefix: () => ['sh', '-c', body], path: 'x' });
    await expectCode(layerOf(path), 'QEMU_START_FAILED', {
      tool: { ...qemuNbd, prefix: () => [], path: '/nowhere/qemu-nbd' },
    });
    await expectCode(layerOf(path), 'QEMU_START_FAILED', { tool: sh('exit 0') });
    await expectCode(layerOf(path), 'QEMU_START_FAILED', {
      tool: sh('head -c 5000000 /dev/zero >&2; exit 1'),
    });
    await expectCode(layerOf(path), 'QEMU_START_TIMEOUT', { tool: sh('exec sleep 60'), startTimeout: 200 });
  });

  it('is reported when no qemu-nbd is installed', async () => {
    const path = join(folder, 'image.raw');
    writeFileSync(path, 'x');
    const searchPath = process.env.PATH;
    process.env.PATH = folder;
    try {
      await expectCode(layerOf(path, 'raw'), 'QEMU_NBD_MISSING');
    } finally {
      process.env.PATH = searchPath;
    }
  });

  it('is reported when the folder for sockets is of no use', async () => {
    const path = join(folder, 'image.raw');
    writeFileSync(path, 'x');
    const kept = process.env.TMPDIR;
    for (const useless of [join(folder, 'missing'), `/tmp/${'x'.repeat(100)}`]) {
      process.env.TMPDIR = useless;
      await expect(exportLayer(layerOf(path, 'raw'))).rejects.toMatchObject({ code: 'QEMU_SOCKET_FOLDER' });
    }
    process.env.TMPDIR = kept;
  });
});

describe('the life of a child', () => {
  let layer: ExportSource;

  beforeEach(async () => {
    const path = join(folder, 'image.qcow2');
    await qemuImg('create', '-q', '-f', 'qcow2', path, '1M');
    layer = layerOf(path);
  });

  it('ends 200 times right after it has started', async () => {
    const listeners = process.listenerCount('exit');
    const pids: number[] = [];
    for (let i = 0; i < 200; i++) {
      const server = await exportLayer(layer, { tool: qemuNbd });
      pids.push(server.pid);
      await server.stop();
      expect(existsSync(dirname(server.address.endpoint.path))).toBe(false);
    }
    expect(pids.filter(isAlive)).toEqual([]);
    expect(process.listenerCount('exit')).toBe(listeners);
  });

  it('ends 200 times while it is starting', async () => {
    const started: number[] = [];
    for (let i = 0; i < 200; i++) {
      const cancel = new AbortController();
      const start = exportLayer(layer, { tool: qemuNbd, signal: cancel.signal });
      const timer = setTimeout(() => cancel.abort(), i % 16);
      const outcome = await start.catch((error: { code: string }) => error.code);
      clearTimeout(timer);
      if (typeof outcome === 'string') expect(outcome).toBe('CANCELLED');
      else {
        started.push(outcome.pid);
        await outcome.stop();
      }
      expect(readdirSync(tmpdir())).toEqual([]);
    }
    expect(started.filter(isAlive)).toEqual([]);
    expect(await children()).toEqual([]);
  });

  it('ends with the qemu-nbd that a wrapper script started and waits for', async () => {
    const script = join(folder, 'wrapper');
    writeFileSync(script, `#!/bin/sh\n'${qemuNbd.path}' "$@"\n`, { mode: 0o755 });
    const server = await exportLayer(layer, { tool: { ...qemuNbd, prefix: () => [], path: script } });
    await server.stop();
    expect(existsSync(server.address.endpoint.path)).toBe(false);
    const listed = await run('ps', ['-eo', 'stat=,args=']);
    const left = listed.stdout.split('\n').filter(line => line.includes(server.address.endpoint.path));
    expect(left.filter(line => !line.startsWith('Z'))).toEqual([]);
  });

  it('that a wrapper script started, and that a kill of this process leaves behind, ends with the next start', async () => {
    const script = join(folder, 'left');
    writeFileSync(script, `#!/bin/sh\n'${qemuNbd.path}' "$@"\n`, { mode: 0o755 });
    await startInParent(layer.source.path, 'process.kill(process.pid, "SIGKILL")', {
      COWSCOPE_QEMU_NBD: script,
    });
    const [left] = readdirSync(tmpdir()).filter(name => name.startsWith('cow-'));
    const path = join(tmpdir(), left!);
    expect(await processesWith(folderMark(path).COWSCOPE_SOCKET_FOLDER!)).not.toEqual([]);
    await removeStaleFolders();
    expect(await processesLeft(path)).toEqual([]);
    expect(existsSync(path)).toBe(false);
  });

  it('does not begin when it was cancelled before', async () => {
    const tool = { ...qemuNbd, prefix: () => ['touch', join(folder, 'ran')] };
    await expect(exportLayer(layer, { tool, signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'CANCELLED',
    });
    expect(existsSync(join(folder, 'ran'))).toBe(false);
  });

  it.each([
    [true, constants.priority.PRIORITY_BELOW_NORMAL],
    [false, getPriority()],
  ])('gives way to others where it is to: %s', async (lowPriority, priority) => {
    const server = await exportLayer(layer, { lowPriority });
    expect(getPriority(server.pid)).toBe(priority);
    await server.stop();
  });

  it('reports that another program ended it', async () => {
    const server = await exportLayer(layer);
    process.kill(server.pid, 'SIGKILL');
    expect(await server.exited).toMatchObject({ asked: false, error: { code: 'QEMU_NBD_DIED' } });
    expect(existsSync(server.address.endpoint.path)).toBe(false);
    await server.stop();
  });

  it('may be ended several times and tells that this was asked for', async () => {
    const server = await exportLayer(layer);
    await Promise.all([server.stop(), server.stop()]);
    await server.stop();
    expect(await server.exited).toEqual({ asked: true });
  });

  it('is ended by force when it does not listen', async () => {
    const server = await exportLayer(layer);
    process.kill(server.pid, 'SIGSTOP');
    await server.stop();
    expect(isAlive(server.pid)).toBe(false);
  });

  it.each([
    ['exits', 'process.exit(0)'],
    ['fails', 'throw new Error("on purpose")'],
    ['is killed', 'process.kill(process.pid, "SIGKILL")'],
  ])('ends with this process when that %s', async (how, code) => {
    const pid = await startInParent(layer.source.path, code);
    await expect.poll(() => isAlive(pid), { interval: 10 }).toBe(false);
    if (how === 'is killed')
      await runWell('find', [tmpdir(), '-mindepth', '1', '-prune', '-exec', 'rm', '-r', '{}', '+']);
  });
});

/** The pid of a server of `image` that another process of ours starts before it runs `code` and is gone. */
async function startInParent(image: string, code: string, env: Record<string, string> = {}): Promise<number> {
  const script = join(folder, 'parent.mjs');
  await runWell('cp', [await bundledExport(), join(folder, 'export.mjs')]);
  writeFileSync(
    script,
    `import { openSync } from 'node:fs';
     import { exportLayer } from './export.mjs';
     const source = { fd: openSync(${JSON.stringify(image)}, 'r'), path: 'image' };
     const server = await exportLayer({ format: 'qcow2', source, device: false });
     process.stdout.write(String(server.pid), () => { ${code}; });`,
  );
  const options = { env: { ...process.env, ...env } };
  const parent = spawn(process.execPath, [script], { ...options, stdio: ['ignore', 'pipe', 'ignore'] });
  let pid = '';
  parent.stdout.on('data', text => {
    pid += text;
  });
  await once(parent, 'close');
  expect(Number(pid)).toBeGreaterThan(0);
  return Number(pid);
}

/** The process of qemu-nbd itself: the one that was started, or the innermost that this one has started. */
function qemuOf(pid: number): number {
  const [child] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
  return child === undefined ? pid : qemuOf(Number(child));
}

/** Processes of ours that serve. */
async function children(): Promise<string[]> {
  const own = readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8')
    .split(' ')
    .filter(Boolean);
  return own.filter(pid => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('qemu-nbd'));
}

let bundled: Promise<string> | undefined;

/** The module under test as one file that plain Node runs. */
function bundledExport(): Promise<string> {
  bundled ??= bundleExport();
  return bundled;
}

async function bundleExport(): Promise<string> {
  const { build } = await import('vite');
  await build({
    configFile: false,
    logLevel: 'error',
    build: {
      ssr: 'electron/qemu/export-layer.ts',
      outDir: bundleFolder,
      emptyOutDir: false,
      rollupOptions: { output: { entryFileNames: 'export.mjs', codeSplitting: false } },
    },
  });
  return join(bundleFolder, 'export.mjs');
}
