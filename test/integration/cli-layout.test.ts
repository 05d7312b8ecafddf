/** `cowscope layout` as a person and a program run it. */
import { copyFile, readFile, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { codesOf, cowscope, cowscopeJson } from '../support/cli.ts';
import { setL2, small } from '../support/images/damaged/parts.ts';
import { schemaErrors } from '../support/json-schema.ts';
import { hashFile, qemuImg, qemuIo, temporaryFolder } from '../support/tools.ts';

const folder = temporaryFolder();
const base = join(folder, 'base.qcow2');
const top = join(folder, 'top.qcow2');
const schema = JSON.parse(
  await readFile(new URL('../../docs/formats/layout.schema.json', import.meta.url), 'utf8'),
);

beforeAll(async () => {
  await qemuImg('create', '-q', '-f', 'qcow2', base, '4M');
  await qemuIo(base, 'write 0 1M');
  await qemuImg('create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', 'base.qcow2', top);
  await qemuIo(top, 'write 2M 128k');
  await qemuImg('snapshot', '-c', 'before "it"', top);
  await qemuIo(top, 'write 2M 64k');
});

async function layoutJson(args: readonly string[], code = 0) {
  const document = await cowscopeJson(['layout', '--output', 'json', ...args], code);
  expect(schemaErrors(schema, document)).toEqual([]);
  return document;
}

describe('cowscope layout', () => {
  it('sums the file of the top layer, or of another one', async () => {
    const before = await hashFile(top);
    const document = await layoutJson([top]);
    expect(document).toMatchObject({ layer: 1, filename: top, clusterSize: 65_536, unknown: [] });
    expect(document.sums).toMatchObject({ data: 131_072, snapshotData: 65_536, leaked: 0, clash: 0 });
    const total = Object.values(document.sums as Record<string, number>).reduce(
      (sum, bytes) => sum + bytes,
      0,
    );
    expect(total).toBe((await stat(top)).size);
    expect(document).not.toHaveProperty('ranges');
    // The cluster that was written after the snapshot lies behind what the snapshot shares.
    const { ranges } = await layoutJson(['--ranges', top]);
    const pieces = ranges.filter(({ kind }: { kind: string }) => kind === 'data').length;
    expect(document.dataRuns).toBe(pieces);
    expect((await cowscope(['layout', top])).stdout).toContain(
      `\n  plain data lies in ${pieces === 1 ? '1 run' : `${pieces} runs`}\n`,
    );
    expect((await layoutJson(['--layer', '0', top])).sums.data).toBe(2 ** 20);
    expect(await hashFile(top)).toBe(before);
  });

  it('lists every range when asked to, without a gap', async () => {
    const { ranges, fileLength } = await layoutJson(['--ranges', top]);
    let end = 0;
    for (const { start, length } of ranges) {
      expect(start).toBe(end);
      end += length;
    }
    expect(end).toBe(fileLength);
    const { stdout } = await cowscope(['layout', '--ranges', top]);
    expect(stdout).toMatch(/^ {2}0x0000_0000 +64 KiB {2}header$/m);
    expect(stdout).toMatch(/^ {2}data of snapshots alone +64 KiB/m);
  });

  it('says who refers to a cluster, on the active disk and in snapshots', async () => {
    const { ranges } = await layoutJson(['--ranges', top]);
    const held = ranges.find(({ kind }: { kind: string }) => kind === 'snapshotData').start;
    const { cluster } = await layoutJson(['--owner', String(held + 5), top]);
    expect(cluster).toMatchObject({ start: held, kind: 'snapshotData', refcount: 1, references: 1 });
    expect(cluster.users[0].places).toEqual([
      { snapshot: 'before "it"', l1Index: 0, start: 2 * 2 ** 20, length: 65_536 },
    ]);
    const { stdout, code } = await cowscope(['layout', '--owner', `0x${held.toString(16)}`, top]);
    expect(stdout).toContain('guest 0x0020_0000, 64 KiB, of the snapshot "before \\"it\\"" (L1 entry 0)');
    expect(code).toBe(0);
  });

  it('says of a place that the file does not reach that it lies past its end', async () => {
    const { fileLength, clusterSize } = await layoutJson([top]);
    const { stdout } = await cowscope(['layout', '--owner', String(fileLength + clusterSize), top]);
    expect(stdout).toMatch(/^cluster \S+, 64 KiB: past the end of the file\n {2}refcount 0, 0 references\n$/);
  });

  it('says what it could not follow, and ends with 3', async () => {
    const cut = join(folder, 'cut.qcow2');
    await qemuImg('convert', '-O', 'qcow2', base, cut);
    const { ranges } = await layoutJson(['--ranges', cut]);
    await truncate(cut, ranges.find(({ kind }: { kind: string }) => kind === 'l2Table').start + 100);
    expect((await layoutJson([cut], 3)).unknown).toContain('the file ends inside an L2 table');
    expect(codesOf(await cowscope(['layout', cut]))).toContain('LAYOUT_INCOMPLETE');
  });

  it('refuses what has no clusters, a layer that is not there and an offset that is none', async () => {
    const raw = join(folder, 'disk.raw');
    await qemuImg('create', '-q', '-f', 'raw', raw, '1M');
    const refused = async (...args: string[]) => {
      const result = await cowscope(['layout', ...args]);
      return [result.code, ...codesOf(result)];
    };
    expect(await refused('--format', 'raw', raw)).toEqual([1, 'LAYOUT_NO_TABLES']);
    expect(await refused('--layer', '2', top)).toEqual([64, 'USAGE']);
    expect(await refused('--owner', 'there', top)).toEqual([64, 'USAGE']);
    expect(await refused('nbd://localhost')).toEqual([64, 'USAGE']);
  });
});

describe('a file that ends inside its last cluster', () => {
  it('has the sums of the file, and layers those of whole clusters: layout says by how much they differ', async () => {
    const path = join(folder, 'cut.qcow2');
    await copyFile(base, path);
    await truncate(path, (await stat(path)).size - 60 * 1024);
    const layout = await cowscope(['layout', path]);
    expect(layout.stdout).toContain(
      'the file ends 60 KiB before the last cluster does: the sums are of the file, not of whole clusters',
    );
    const { sums, fileLength, imageEnd } = await cowscopeJson(['layout', '--output', 'json', path]);
    const sum = Object.values<number>(sums).reduce((all, bytes) => all + bytes, 0);
    expect([sum, imageEnd - fileLength]).toEqual([fileLength, 60 * 1024]);
    expect((await cowscope(['layout', base])).stdout).not.toContain('before the last cluster');
  });
});

describe('leaked clusters', () => {
  it('are counted as in use, and layers says so', async () => {
    const image = small();
    setL2(image, 1, 0n);
    expect((await cowscope(['layers', image.path])).stdout).toMatch(/ counted as in use, 64 KiB leaked$/m);
    expect((await cowscope(['layers', small().path])).stdout).toMatch(/ \d+ KiB in use, 0 bytes leaked$/m);
  });
});
