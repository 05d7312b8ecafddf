/** `cowscope compare` as a person and a program run it. */
import { copyFile, mkdir, readFile, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { codesOf, cowscope, cowscopeJson } from '../support/cli.ts';
import { goldenChain } from '../support/images/chains.ts';
import { withSnapshots } from '../support/images/snapshots.ts';
import { startNbdkit, startQemu } from '../support/servers/nbd-server-process.ts';
import { qemuImg, qemuIo, run, runWell, temporaryFolder } from '../support/tools.ts';

const folder = temporaryFolder();

async function own(name: string): Promise<string> {
  const path = join(folder, name);
  await mkdir(path);
  return path;
}

async function goldenTop(name: string): Promise<string> {
  return (await goldenChain(await own(name)))[2]!;
}

/** An image of 1 MiB whose first `kib` hold `byte`. */
async function image(path: string, byte: number, kib = 256, ...create: readonly string[]): Promise<string> {
  await qemuImg('create', '-q', '-f', 'qcow2', ...create, path, '1M');
  await qemuIo(path, `write -P${byte} 0 ${kib}k`);
  return path;
}

describe('cowscope compare', () => {
  it('reads nothing where two layers of a chain share what they hold, and says what the upper one changed', async () => {
    const top = await goldenTop('layers');
    const { a, b, rows, verdict } = await cowscopeJson(
      ['compare', '--layer', '1', '--output', 'json', top],
      1,
    );
    expect([a.layers.length, b.layers.length, verdict]).toEqual([2, 3, 'mayDiffer']);
    // Every difference is where the top layer decides, or where it is longer than the layer below.
    for (const row of rows)
      expect(row.b.layer === 2 || row.kind === 'length' || row.b.layer === null).toBe(true);
    expect(rows.length).toBeGreaterThan(0);
  });

  it('compares an internal snapshot with the active disk', async () => {
    const top = await withSnapshots(await own('snapshot'));
    const args = ['compare', '--content', '--output', 'json', '--snapshot', 'first', top];
    const { rows } = await cowscopeJson(args, 1);
    expect(rows.map(({ start, length, kind }: Record<string, unknown>) => [start, length, kind])).toEqual([
      [131_072, 131_072, 'content'],
      [262_144, 131_072, 'content'],
    ]);
  });

  it('prints what is compared, every range, the sums and the outcome', async () => {
    const path = await own('text');
    const [a, b] = [await image(join(path, 'a.qcow2'), 1), await image(join(path, 'b.qcow2'), 2, 192)];
    const { stdout, code } = await cowscope(['compare', '--content', a, b]);
    expect(code).toBe(1);
    expect(stdout.replaceAll(`${path}/`, '').split('\n')).toEqual([
      'a  a.qcow2: 1 MiB',
      'b  b.qcow2: 1 MiB',
      '',
      '  0x0000_0000           192 KiB  content differs       data, layer 0 | data, layer 0',
      '  0x0003_0000            64 KiB  content differs       data, layer 0 | nothing stored',
      '',
      '  content differs           256 KiB  in 2 ranges',
      '  same                      768 KiB',
      '',
      'The disks differ, first at 0x0000_0000.',
      '',
    ]);
  });

  it('says what is left to compare where the content was not asked for', async () => {
    const path = await own('left');
    const [a, b] = [await image(join(path, 'a.qcow2'), 1), await image(join(path, 'b.qcow2'), 1)];
    const { stdout, code } = await cowscope(['compare', a, b]);
    expect(code).toBe(1);
    expect(stdout).toContain('The disks may differ: 256 KiB hold data that was not compared.');
    const whole = await cowscope(['compare', '--content', a, b]);
    expect([whole.code, whole.stdout.endsWith('\nThe disks are the same.\n')]).toEqual([0, true]);
  });

  it('counts what is stored otherwise only with --strict', async () => {
    const path = await own('strict');
    const a = await image(join(path, 'a.qcow2'), 0);
    const b = join(path, 'b.qcow2');
    await qemuImg('create', '-q', '-f', 'qcow2', b, '1M');
    expect((await cowscope(['compare', '--content', a, b])).code).toBe(0);
    expect((await cowscope(['compare', '--content', '--strict', a, b])).code).toBe(1);
  });

  it('reads an NBD export, and images that are compressed with zstd', async () => {
    const path = await own('nbd');
    const a = await image(join(path, 'a.qcow2'), 5);
    const zstd = join(path, 'zstd.qcow2');
    await qemuImg('convert', '-c', '-O', 'qcow2', '-o', 'compression_type=zstd', a, zstd);
    const server = await startQemu(['-f', 'qcow2', a]);
    try {
      for (const b of [server.uri(), zstd]) {
        const result = await cowscope(['compare', '--content', a, b]);
        expect([result.code, result.stderr], b).toEqual([0, '']);
      }
    } finally {
      await server.kill();
    }
  });

  it('reads an NBD export of a server that lets in one client at a time', async () => {
    const path = await own('single');
    const a = await image(join(path, 'a.qcow2'), 5);
    const server = await startQemu(['-e', '1', '-f', 'qcow2', a]);
    try {
      const result = await cowscope(['compare', '--content', a, server.uri()]);
      expect([result.code, result.stderr]).toEqual([0, '']);
    } finally {
      await server.kill();
    }
  });

  it('says why a server could not tell what an export holds', async () => {
    const path = await own('refusing');
    const a = await image(join(path, 'a.qcow2'), 5);
    const server = await startNbdkit([
      '--filter=error',
      'memory',
      '1M',
      'error-extents=EIO',
      'error-extents-rate=100%',
    ]);
    try {
      const result = await cowscope(['compare', '--content', a, server.uri()]);
      expect([result.code, codesOf(result)]).toEqual([2, ['NBD_IO_ERROR']]);
    } finally {
      await server.kill();
    }
  });

  it('takes data past the end of a file for zeros as qemu does, and says how much is lost', async () => {
    const path = await own('lost');
    const a = await image(join(path, 'a.qcow2'), 1);
    const short = join(path, 'short.qcow2');
    await copyFile(a, short);
    await truncate(short, (await readFile(short)).length - 100_000);
    const cut = await cowscope(['compare', '--content', '--output', 'json', a, short]);
    const real = await run('qemu-img', ['compare', a, short]);
    expect([cut.code, cut.stderr]).toEqual([real.code, '']);
    const { verdict, lost, firstContent, rows } = JSON.parse(cut.stdout);
    expect(real.stdout).toContain(`offset ${firstContent}!`);
    expect(verdict).toBe('different');
    expect(lost).toBeGreaterThan(0);
    expect(rows.filter(({ b }: { b: { lost?: true } }) => b.lost === true)).not.toEqual([]);

    // A copy that was made by qemu reads the same, zeros where the data is lost.
    const copy = join(path, 'copy.raw');
    await qemuImg('convert', '-O', 'raw', short, copy);
    const text = await cowscope(['compare', '--content', short, copy]);
    expect([text.code, (await run('qemu-img', ['compare', short, copy])).code]).toEqual([0, 0]);
    expect(text.stdout).toMatch(/are lost: they lie past the end of a file/);
    const csv = await cowscope(['compare', '--output', 'csv', short, a]);
    expect(csv.stdout).toMatch(/^start,length,kind,a_state,a_layer,a_lost,b_state,b_layer,b_lost\n/);
    expect(csv.stdout).toContain(',unreadable,0,yes,data,0,\n');
  });

  it('ends with 2 and names the cause where something cannot be read, also where the rest is the same', async () => {
    const path = await own('trouble');
    const a = await image(join(path, 'a.qcow2'), 1);
    const orphan = join(path, 'orphan.qcow2');
    await qemuImg('create', '-q', '-u', '-f', 'qcow2', '-b', 'none.qcow2', '-F', 'qcow2', orphan, '1M');
    const missing = await cowscope(['compare', a, orphan]);
    expect([missing.code, codesOf(missing)]).toEqual([2, ['CHAIN_FILE_MISSING']]);

    const secret = [
      '--object',
      'secret,id=s,data=x',
      '-o',
      'encrypt.format=luks,encrypt.iter-time=10,encrypt.key-secret=s',
    ];
    const luks = join(path, 'luks.qcow2');
    await qemuImg('create', '-q', '-f', 'qcow2', ...secret, luks, '1M');
    const opened = `driver=qcow2,encrypt.key-secret=s,file.filename=${luks}`;
    const object = secret.slice(0, 2);
    await runWell('qemu-io', [...object, '--image-opts', '-c', 'write -P1 0 64k', opened]);
    const encrypted = await cowscope(['compare', '--content', a, luks]);
    expect([encrypted.code, codesOf(encrypted)]).toEqual([2, ['CONTENT_ENCRYPTED']]);
  });

  it('ends with 2 where a disk cannot be opened, and with 64 where nothing is named to compare with', async () => {
    const path = await own('usage');
    const a = await image(join(path, 'a.qcow2'), 1);
    const gone = await cowscope(['compare', a, join(path, 'none.qcow2')]);
    expect([gone.code, codesOf(gone)]).toEqual([2, ['CHAIN_FILE_MISSING']]);
    const layer = await cowscope(['compare', '--layer', '7', a]);
    expect([layer.code, codesOf(layer)]).toEqual([2, ['LAYER_UNKNOWN']]);
    for (const args of [[a], [a, a, a], ['--layer', '0', '--with-layer', '0', a]]) {
      const wrong = await cowscope(['compare', ...args]);
      expect([wrong.code, codesOf(wrong)]).toEqual([64, ['USAGE']]);
    }
  });
});
