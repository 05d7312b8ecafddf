/** What `map` and `layers` say, and how they end, where a link of a chain is not as it should be. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { codesOf, complaints, cowscope, cowscopeJson } from '../support/cli.ts';
import { qemuImg, qemuIo, temporaryFolder } from '../support/tools.ts';

let folder: string;
beforeEach(() => {
  folder = temporaryFolder();
});

const at = (name: string) => join(folder, name);

async function overlay(name: string, backing: string): Promise<string> {
  await qemuImg('create', '-q', '-u', '-f', 'qcow2', '-b', backing, '-F', 'qcow2', at(name), '4M');
  return at(name);
}

/** A base with 1 MiB of data, and an overlay that records no format for it. */
async function unrecordedFormat(): Promise<string> {
  await qemuImg('create', '-q', '-f', 'qcow2', at('base.qcow2'), '4M');
  await qemuIo(at('base.qcow2'), 'write -P 2 1M 1M');
  const top = await overlay('top.qcow2', 'base.qcow2');
  const bytes = await readFile(top);
  bytes.writeUInt32BE(0x12345678, bytes.indexOf(Buffer.from('e2792aca', 'hex')));
  await writeFile(top, bytes);
  return top;
}

describe('a backing format that is not recorded', () => {
  it('ends map and layers with 3, until --backing-format decides', async () => {
    const top = await unrecordedFormat();
    for (const command of ['map', 'layers']) {
      const guessed = await cowscope([command, top]);
      expect([guessed.code, codesOf(guessed)]).toEqual([3, ['CHAIN_FORMAT_BY_CONTENT']]);
      expect(complaints(guessed)[0]).toContain(`qemu-img rebase -u -F qcow2 -b base.qcow2 ${top}`);
      for (const format of ['raw', 'qcow2']) {
        const decided = await cowscope([command, '--backing-format', format, top]);
        expect([decided.code, codesOf(decided)]).toEqual([0, []]);
      }
    }
  });

  it('is mapped as qemu-img does', async () => {
    const top = await unrecordedFormat();
    const ours = await cowscopeJson(['map', '--as', 'qemu-img', top], 3);
    expect(ours).toEqual(JSON.parse(await qemuImg('map', '--output=json', top)));
  });
});

describe('a missing backing file', () => {
  it('is found beside the image with --locate, and the offer is an option to copy', async () => {
    await mkdir(at('images'));
    await qemuImg('create', '-q', '-f', 'qcow2', at('images/base.qcow2'), '4M');
    await qemuIo(at('images/base.qcow2'), 'write -P 1 0 1M');
    const top = await overlay('images/snap.qcow2', 'images/base.qcow2');
    const missing = await cowscope(['map', '--totals', top]);
    expect([missing.code, codesOf(missing)]).toEqual([3, ['CHAIN_FILE_MISSING']]);
    const [line = ''] = complaints(missing);
    expect(line).toContain('lies beside the image');
    const [, option = '', file = ''] = /(--locate) (\S+);/.exec(line) ?? [];
    const located = await cowscopeJson(['map', '--output', 'json', option, file, top]);
    expect(located.rows[0]).toMatchObject({ start: 0, length: 2 ** 20, state: 'data', owner: 0 });
    const described = await cowscopeJson(['layers', '--output', 'json', option, file, top]);
    expect(described.layers[1].backing).toMatchObject({ located: true, resolved: at('images/base.qcow2') });
  });

  it('is missing in layers, too, with what would record the link', async () => {
    await qemuImg('create', '-q', '-f', 'qcow2', at('win11.qcow2'), '4M');
    const { stdout, code } = await cowscope(['layers', await overlay('top.qcow2', '/gone/win11.qcow2')]);
    expect(code).toBe(3);
    expect(stdout).toMatch(/beside it lies +\S*\/win11\.qcow2$/m);
    expect(stdout).toMatch(/to record it +qemu-img rebase -u -F qcow2 -b win11\.qcow2 \S*\/top\.qcow2$/m);
  });
});

describe('--locate', () => {
  it('is about links, so it goes with one file alone', async () => {
    const result = await cowscope(['map', '--locate', 'a', 'b', 'c']);
    expect([result.code, codesOf(result)]).toEqual([64, ['USAGE']]);
    const remote = await cowscope(['map', '--backing-format', 'raw', 'nbd://127.0.0.1:1/x']);
    expect([remote.code, codesOf(remote)]).toEqual([64, ['USAGE']]);
  });
});
