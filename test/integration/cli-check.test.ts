/** `cowscope check` as a program: verdicts, exit codes, and the document. */
import { truncateSync, writeSync } from 'node:fs';
import { copyFile, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { complaints, cowscope, cowscopeJson } from '../support/cli.ts';
import { pokeU64 } from '../support/images/qcow2-builder.ts';
import { schemaErrors } from '../support/json-schema.ts';
import { buildImage } from '../support/qcow2-reading.ts';
import { hashFile, qemuImg, qemuIo, run, temporaryFolder } from '../support/tools.ts';

const folder = temporaryFolder();
const schema = JSON.parse(
  await readFile(new URL('../../docs/formats/check.schema.json', import.meta.url), 'utf8'),
);

/** The document of a check, which fits its schema. */
async function checkJson(args: readonly string[], code = 0) {
  const document = await cowscopeJson(args, code);
  expect(schemaErrors(schema, document)).toEqual([]);
  return document;
}

const at = (name: string) => join(folder, name);

beforeAll(async () => {
  await qemuImg('create', '-q', '-f', 'qcow2', at('base.qcow2'), '4M');
  await qemuIo(at('base.qcow2'), 'write -P1 0 1M');
  await qemuImg('create', '-q', '-f', 'qcow2', '-b', at('base.qcow2'), '-F', 'qcow2', at('top.qcow2'));
  await qemuIo(at('top.qcow2'), 'write -P2 512k 128k', 'write -z 2M 64k');
});

/** An image with leaks, and one with a cluster that two guest clusters share. */
function leaking(): string {
  const clusters = [3, 5].map(index => ({ index, kind: 'data' as const }));
  const { path, source, l2Offsets } = buildImage({ size: 2 ** 20, clusters });
  pokeU64(source.fd, (l2Offsets.get(0) as number) + 3 * 8, 0n);
  return path;
}

describe('cowscope check', () => {
  it('of a clean chain ends with 0 and prints the numbers of qemu-img check for every layer', async () => {
    const document = await checkJson(['check', '--output', 'json', at('top.qcow2')]);
    expect(document).toMatchObject({ schema: 'cowscope.check', version: 1, verdict: 'clean', findings: [] });
    for (const [i, name] of ['base.qcow2', 'top.qcow2'].entries()) {
      const theirs = JSON.parse(await qemuImg('check', '--output=json', at(name)));
      expect(document.layers[i]).toMatchObject({ ...theirs, layer: i, corruptions: 0, leaks: 0 });
    }
    expect(document).toMatchObject({ filename: at('top.qcow2'), format: 'qcow2', leaks: 0 });
    const left = document.layers[1].checks.filter(({ done }: { done: boolean }) => !done);
    expect(left).toEqual(
      ['compressed data', 'reading of all data', 'comparison with qemu-nbd'].map(name => ({
        name,
        done: false,
        why: 'a check of all data does this: cowscope check --deep',
        missing: false,
      })),
    );
    expect((await cowscope(['check', at('base.qcow2')])).stdout).toContain(
      '\n  not checked: compressed data, reading of all data, comparison with qemu-nbd (a check of all data does this: cowscope check --deep)\n',
    );
  });

  it('ends with 3 for leaks only, as qemu-img check', async () => {
    const path = leaking();
    expect((await run('qemu-img', ['check', path])).code).toBe(3);
    const { code, stdout } = await cowscope(['check', path]);
    expect(code).toBe(3);
    expect(stdout).toMatch(/^verdict: leaks\n/);
    expect(stdout).toContain(
      'leak QCOW2_LEAKED: 1 cluster (64 KiB) is counted as used, and nothing refers to it.',
    );
  });

  it('does not call leaks what may be the data of a table that was lost, and prints how to keep it', async () => {
    const path = at('emptied.qcow2');
    await qemuImg('create', '-q', '-f', 'qcow2', path, '1M');
    await qemuIo(path, 'write 0 128k');
    const { layers } = await cowscopeJson(['layers', '--output', 'json', path]);
    const { offset } = layers[0].qcow2.details.tables.find(
      ({ name }: { name: string }) => name === 'active L1 table',
    );
    const file = await open(path, 'r+');
    await file.write(new Uint8Array(8), 0, 8, offset);
    await file.close();
    expect((await run('qemu-img', ['check', path])).code).toBe(3);
    const { code, stdout } = await cowscope(['check', path]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^verdict: incomplete\n/);
    expect(stdout).toContain(
      'not checked: clusters that nothing refers to (what was lost may lie in them: QCOW2_ORPHAN_TABLE)',
    );
    expect(stdout).toContain('to keep the evidence: ');
  });

  it('ends with 2 for corruption in a lower layer, and writes to no image', async () => {
    await copyFile(at('top.qcow2'), at('over-cut.qcow2'));
    await copyFile(at('base.qcow2'), at('cut.qcow2'));
    truncateSync(at('cut.qcow2'), 8 * 65_536);
    await qemuImg('rebase', '-q', '-u', '-F', 'qcow2', '-b', at('cut.qcow2'), at('over-cut.qcow2'));
    const before = await hashFile(at('cut.qcow2'));
    const document = await checkJson(['check', '--output', 'json', at('over-cut.qcow2')], 2);
    expect(document.layers.map(({ verdict }: { verdict: string }) => verdict)).toEqual(['corrupt', 'clean']);
    expect(document.findings[0]).toMatchObject({ code: 'QCOW2_PAST_END', layer: 0 });
    expect(await hashFile(at('cut.qcow2'))).toBe(before);
  });

  it('ends with 1 where a layer is missing and nothing else is wrong', async () => {
    await copyFile(at('top.qcow2'), at('alone.qcow2'));
    await qemuImg('rebase', '-q', '-u', '-F', 'qcow2', '-b', at('gone.qcow2'), at('alone.qcow2'));
    const result = await cowscope(['check', at('alone.qcow2')]);
    expect(result.code).toBe(1);
    expect(result.stdout).toMatch(/^verdict: incomplete/);
    expect(complaints(result)).toHaveLength(1);
  });

  it('says how much of the disk is in a layer whose backing file is missing', async () => {
    await copyFile(at('top.qcow2'), at('lone.qcow2'));
    await qemuImg('rebase', '-u', '-F', 'qcow2', '-b', at('gone.qcow2'), at('lone.qcow2'));
    const { stdout } = await cowscope(['check', at('lone.qcow2')]);
    expect(stdout).toContain(
      "no such file; 128 KiB of the disk's 4 MiB are in this layer, and what the rest holds is not known",
    );
  });

  it('ends with 1 where no format is recorded for a backing file that looks like an image', async () => {
    const top = buildImage({ size: 2 ** 22, clusters: [], backingFile: at('base.qcow2') }).path;
    const args = ['--allow-all', top];
    const { code, stdout } = await cowscope(['check', ...args]);
    expect([code, stdout.split('\n')[0]]).toEqual([1, 'verdict: incomplete, 2 layers']);
    expect(stdout).toContain('not checked: format of base.qcow2 (no format is recorded for it');
    expect((await cowscope(['check', '--backing-format', 'qcow2', ...args])).code).toBe(0);
  });

  it('says how damage probably came about, and that this does not follow from it', async () => {
    const { path, source, l2Offsets } = buildImage({
      size: 2 ** 20,
      clusters: [{ index: 3, kind: 'data' }],
    });
    writeSync(source.fd, new Uint8Array(65_536), 0, 65_536, l2Offsets.get(0));
    const { stdout } = await cowscope(['check', path]);
    expect(stdout).toContain(
      '    how it came about: note QCOW2_LIKELY_CAUSE: Likely cause: the table was in use and then zeroed or punched: 1 cluster is counted that nothing refers to',
    );
  });

  it('reads and decompresses all data with --deep', async () => {
    const { path, source, l2Offsets } = buildImage({
      size: 2 ** 20,
      clusters: [{ index: 0, kind: 'compressed', content: new Uint8Array(65_536).fill(1) }],
    });
    const sound = await checkJson(['check', '--deep', '--output', 'json', path]);
    expect(sound.layers[0].checks.filter(({ done }: { done: boolean }) => !done)).toEqual([]);
    expect(sound.layers[0].checks).toContainEqual({ name: 'comparison with qemu-nbd', done: true });
    pokeU64(source.fd, (l2Offsets.get(0) as number) + 65_536, -1n);
    expect(await checkJson(['check', '--output', 'json', path])).toMatchObject({ verdict: 'clean' });
    const damaged = await checkJson(['check', '--deep', '--output', 'json', path], 2);
    expect(damaged.findings).toMatchObject([{ code: 'QCOW2_STREAM_DAMAGED', guest: [[0, 65_536]] }]);
  });

  it('prints commands that a shell takes as they are, whatever the file is called', async () => {
    const path = at("it's a $(disk).qcow2");
    await copyFile(leaking(), path);
    const { stdout } = await cowscope(['check', path]);
    const command = /qemu-img: (qemu-img check .+)$/m.exec(stdout)?.[1] as string;
    await copyFile(path, `${path}.copy`);
    expect((await run('sh', ['-c', command])).code).toBe(3);
  });

  it('checks the tables of an image whose data file it may not open, and misses the data only with --deep', async () => {
    await qemuImg(
      'create',
      '-q',
      '-f',
      'qcow2',
      '-o',
      `data_file=${at('data.raw')}`,
      at('tables.qcow2'),
      '1M',
    );
    const result = await cowscope(['check', at('tables.qcow2')]);
    expect([result.code, result.stdout]).toEqual([0, expect.stringContaining('not checked: data file of')]);
    expect((await cowscope(['check', '--deep', at('tables.qcow2')])).code).toBe(1);
    expect((await cowscope(['check', '--deep', '--allow-all', at('tables.qcow2')])).code).toBe(0);
  });

  it('has nothing to check in a raw file or an NBD export', async () => {
    await qemuImg('create', '-q', '-f', 'raw', at('disk.raw'), '1M');
    expect((await cowscope(['check', '--format', 'raw', at('disk.raw')])).code).toBe(0);
    expect((await cowscope(['check', 'nbd://localhost:1/none'])).code).toBe(64);
  });
});
