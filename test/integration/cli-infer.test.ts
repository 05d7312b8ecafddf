/** `--infer`: images that lost their header or L1 table, read by the tables that are left, and what must not be inferred. */
import { copyFileSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { inferHeader, inferL1 } from '../../electron/qcow2/infer/infer-image.ts';
import { openQcow2 } from '../../electron/qcow2/read/image.ts';
import { runToEnd } from '../../electron/qcow2/read/sliced-work.ts';
import { codesOf, cowscope, cowscopeJson } from '../support/cli.ts';
import { schemaErrors } from '../support/json-schema.ts';
import { asQemuMap, type BuiltImage, buildImage, mapWhole, openSource } from '../support/qcow2-reading.ts';
import { hashFile, qemuImg, qemuIo, temporaryFolder } from '../support/tools.ts';

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);
const schema = JSON.parse(await readFile(new URL('../../docs/map.schema.json', import.meta.url), 'utf8'));

/** Overwrites bytes of a copy. */
function damagedCopy(path: string, name: string, offset: number, bytes: Uint8Array): string {
  copyFileSync(path, at(name));
  writeSync(openSync(at(name), 'r+'), bytes, 0, bytes.length, offset);
  return at(name);
}

const l1Of = (path: string) => Number(readFileSync(path).readBigUInt64BE(40));

beforeAll(async () => {
  await qemuImg('create', '-q', '-f', 'qcow2', at('base.qcow2'), '64M');
  await qemuIo(at('base.qcow2'), 'write -P 9 4M 1M');
  await qemuImg('create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', 'base.qcow2', at('top.qcow2'));
  await qemuIo(at('top.qcow2'), 'write -P 1 1M 192k', 'write -z 4M 64k');
});

describe('--infer of a lost header', () => {
  it('marks every row and every fact, says that the backing file is not known, and changes nothing', async () => {
    const path = damagedCopy(at('top.qcow2'), 'lost.img', 0, Buffer.alloc(65_536, 'a log '));
    const before = await hashFile(path);
    const document = await cowscopeJson(['map', '--infer', '--output', 'json', path], 3);
    expect(schemaErrors(schema, document)).toEqual([]);
    expect(document).toMatchObject({ complete: false });
    expect(document.rows.map((row: { inferred?: string }) => row.inferred)).toEqual(
      document.rows.map(() => 'certain'),
    );
    expect(document.layers[0].inference).toMatchObject({ lost: 'header', readings: 1, isPartial: false });
    expect(document.errors[0].code).toBe('CHAIN_BACKING_UNKNOWN');
    const { stdout } = await cowscope(['layers', '--infer', path]);
    expect(stdout).toContain('qcow2, inferred from its tables');
    expect(stdout).toMatch(
      /inferred +cluster size: 64 KiB \(certain: the refcount table at 0x0001_0000 names/,
    );
    expect(stdout).toMatch(/inferred +virtual size: at least 4\.06 MiB .* \(guess: /);
    const check = await cowscopeJson(['check', '--infer', '--output', 'json', path], 1);
    expect(check.verdict).toBe('incomplete');
    expect(await hashFile(path)).toBe(before);
  });

  it('reads an image whose header has its magic and nothing else that is valid', async () => {
    const path = damagedCopy(at('top.qcow2'), 'half.qcow2', 4, Buffer.alloc(96, 0xee));
    expect((await cowscope(['map', path])).code).toBe(1);
    const document = await cowscopeJson(['map', '--infer', '--output', 'json', path], 3);
    expect(document.layers[0].inference).toMatchObject({ lost: 'header', confidence: 'certain' });
    expect(document.rows.some(({ state }: { state: string }) => state === 'data')).toBe(true);
  });

  it('is a layer of a chain where the backing file is named first', async () => {
    const path = damagedCopy(at('top.qcow2'), 'lost-top.img', 0, Buffer.alloc(512, 1));
    const document = await cowscopeJson(['map', '--infer', '--output', 'json', at('base.qcow2'), path], 3);
    expect(document.complete).toBe(true);
    const owners = document.rows.map(({ start, owner, state, inferred }: Record<string, unknown>) => [
      start,
      owner,
      state,
      inferred,
    ]);
    expect(owners).toEqual([
      [0, null, 'unallocated', 'certain'],
      [2 ** 20, 1, 'data', 'certain'],
      [2 ** 20 + 196_608, null, 'unallocated', 'certain'],
      [2 ** 22, 1, 'zeroHole', 'certain'],
    ]);
  });

  it('lies on the file that is located for it, and offers no command that qemu-img would refuse', async () => {
    const path = damagedCopy(at('top.qcow2'), 'located.img', 0, Buffer.alloc(512, 1));
    const args = ['layers', '--infer', '--locate', at('base.qcow2'), '--output', 'json', path];
    const document = await cowscopeJson(args, 3);
    expect(document.complete).toBe(true);
    expect(document.layers[1].backing).toMatchObject({ status: 'opened', located: true });
    expect(document.layers[1].backing.fix).toBeUndefined();
    expect(document.findings.map(({ code }: { code: string }) => code).sort()).toEqual([
      'CHAIN_LOCATED',
      'QCOW2_INFERRED',
    ]);
  });

  it('takes the fields behind a lost magic as they are, and follows the backing file', async () => {
    const path = damagedCopy(at('top.qcow2'), 'no-magic.qcow2', 0, new Uint8Array(8));
    const document = await cowscopeJson(['map', '--infer', '--output', 'json', path], 3);
    expect(document).toMatchObject({ complete: true, size: 2 ** 26 });
    expect(document.layers.map(({ name }: { name: string }) => name)).toEqual([
      'base.qcow2',
      'no-magic.qcow2',
    ]);
  });

  it('offers two readings where 8 and 16 bytes for an entry are as good, and calls both a guess', async () => {
    await qemuImg('create', '-q', '-f', 'qcow2', at('even.qcow2'), '16M');
    await qemuIo(at('even.qcow2'), 'write -P 1 0 64k', 'write -P 2 128k 64k');
    const path = damagedCopy(at('even.qcow2'), 'ambiguous.img', 0, new Uint8Array(512));
    const documents = [];
    for (const reading of ['1', '2'])
      documents.push(await cowscopeJson(['map', '--reading', reading, '--output', 'json', path], 3));
    expect(documents.map(({ layers }) => layers[0].inference)).toMatchObject([
      { reading: 1, readings: 2, confidence: 'guess' },
      { reading: 2, readings: 2, confidence: 'guess' },
    ]);
    expect(codesOf(await cowscope(['map', '--reading', '3', path]))).toEqual(['INFER_NO_READING']);
  });

  it.each([
    [12, 16, 1, 'certain'],
    // Counts of 8 bits for 64 KiB are counts of 4 bits for 32 KiB, too, and so on down to 1 bit for 8 KiB.
    [16, 8, 4, 'guess'],
  ])(
    'finds a refcount table elsewhere, of clusters of 2^%i bytes and %i bits',
    async (clusterBits, refcountBits, readings, confidence) => {
      const clusters = [0, 1, 5].map(index => ({ index, kind: 'data' as const }));
      const built = buildImage({ size: 2 ** 22, clusterBits, refcountBits, clusters });
      expect(built.refcountTableOffset).not.toBe(built.clusterSize);
      const truth = asQemuMap(mapWhole(openQcow2(built.source)));
      const path = damagedCopy(built.path, `elsewhere-${clusterBits}.img`, 0, new Uint8Array(512));
      const image = runToEnd(inferHeader(openSource(path), { reading: 1 }));
      expect(image?.inferred?.inference).toMatchObject({ confidence, readings });
      expect(image && asQemuMap(mapWhole(image))).toEqual(truth.slice(0, -1));
      expect((await cowscope(['map', '--infer', path])).stdout).toContain('data');
    },
  );

  it('is not applied without being asked for, and says how to ask', async () => {
    const path = damagedCopy(at('base.qcow2'), 'plain.img', 0, new Uint8Array(512));
    const { stderr } = await cowscope(['map', path]);
    expect(stderr).toContain('`cowscope map --infer` shows what its tables tell');
    expect(await cowscopeJson(['map', '--output', 'json', path], 3)).toMatchObject({
      layers: [{ format: 'raw' }],
    });
  });
});

describe('--infer of a lost L1 table', () => {
  it('shows ranges as unreadable where two tables can lie in any order, never as unallocated', async () => {
    await qemuImg('create', '-q', '-f', 'qcow2', at('two.qcow2'), '2G');
    await qemuIo(at('two.qcow2'), 'write -P 1 0 64k', 'write -P 2 1G 64k');
    const path = damagedCopy(at('two.qcow2'), 'two-lost.qcow2', l1Of(at('two.qcow2')), new Uint8Array(32));
    const document = await cowscopeJson(['map', '--infer', '--output', 'json', path], 3);
    expect(document.rows).toMatchObject([{ start: 0, length: 2 ** 31, state: 'unreadable', damaged: true }]);
    expect(document.layers[0].inference).toMatchObject({ lost: 'L1 table', isPartial: true, readings: 1 });
  });

  it('offers the order of the file as a guess where there are as many tables as places', async () => {
    await qemuImg('create', '-q', '-f', 'qcow2', at('full.qcow2'), '1G');
    await qemuIo(at('full.qcow2'), 'write -P 1 64k 64k', 'write -P 2 600M 64k');
    const path = damagedCopy(at('full.qcow2'), 'full-lost.qcow2', l1Of(at('full.qcow2')), new Uint8Array(16));
    const first = await cowscopeJson(['map', '--infer', '--output', 'json', path], 3);
    expect(first.layers[0].inference).toMatchObject({ reading: 1, readings: 2, isPartial: true });
    expect(first.rows.map(({ state }: { state: string }) => state)).toEqual(['unreadable']);
    const second = await cowscopeJson(['map', '--reading', '2', '--output', 'json', path], 3);
    expect(second.layers[0].inference).toMatchObject({ reading: 2, confidence: 'guess', isPartial: false });
    const withoutMark = ({ inferred: _, ...row }: Record<string, unknown>) => row;
    const truth = await cowscopeJson(['map', '--output', 'json', at('full.qcow2')]);
    expect(second.rows.map(withoutMark)).toEqual(truth.rows);
  });

  it('keeps the entries that are in place and finds the place of the only one that is not', async () => {
    await qemuImg('create', '-q', '-f', 'qcow2', at('part.qcow2'), '1G');
    await qemuIo(at('part.qcow2'), 'write -P 1 64k 64k', 'write -P 2 600M 64k');
    const path = damagedCopy(at('part.qcow2'), 'part-lost.qcow2', l1Of(at('part.qcow2')), new Uint8Array(8));
    const inferred = runToEnd(inferL1(openQcow2(openSource(path)), { reading: 1 }));
    expect(inferred?.inferred?.inference).toMatchObject({ confidence: 'certain', isPartial: false });
    const whole = mapWhole(openQcow2(openSource(at('part.qcow2'))));
    expect(inferred && asQemuMap(mapWhole(inferred))).toEqual(asQemuMap(whole));
  });

  it.each([0n, 512n + 65_536n])(
    'finds the table that a header with the L1 offset %d does not name',
    offset => {
      const clusters = [0, 8192].map(index => ({ index, kind: 'data' as const }));
      const { source, path } = buildImage({ size: 2 ** 30, clusters });
      const before = mapWhole(openQcow2(openSource(path)));
      const field = Buffer.alloc(8);
      field.writeBigUInt64BE(offset);
      writeSync(source.fd, field, 0, 8, 40);
      const inferred = runToEnd(inferL1(openQcow2(openSource(path)), { reading: 1 }));
      expect(inferred?.inferred?.inference).toMatchObject({
        confidence: 'likely',
        isPartial: false,
        tables: { found: 2, placed: 2 },
      });
      expect(inferred && mapWhole(inferred)).toEqual(before);
    },
  );

  it('takes no L2 table that was overwritten for a lost L1 table, nor the L1 table for an L2 table', () => {
    const over = (damage: (image: BuiltImage) => void) => {
      const clusters = [0, 1, 8192].map(index => ({ index, kind: 'data' as const }));
      const image = buildImage({ size: 2 ** 30, clusters });
      damage(image);
      return runToEnd(inferL1(openQcow2(openSource(image.path)), { reading: 1 }));
    };
    const overwrite = ({ source }: BuiltImage, offset: number, content: Uint8Array) =>
      writeSync(source.fd, content, 0, content.length, offset);
    const text = Buffer.alloc(65_536, 'a line of a log ');
    expect(over(image => overwrite(image, image.l2Offsets.get(0) as number, text))).toBeUndefined();
    expect(
      over(image => overwrite(image, image.l2Offsets.get(0) as number, Buffer.alloc(65_536))),
    ).toBeUndefined();
    expect(
      over(image => {
        for (const table of image.l2Offsets.values()) overwrite(image, table, text);
      }),
    ).toBeUndefined();
    // Without refcounts nothing tells tables from data.
    expect(over(image => overwrite(image, image.refcountBlockOffsets[0] as number, text))).toBeUndefined();
  });

  it("leaves the disk alone where a snapshot lost its L1 table, though the snapshot's table would fit in its place", () => {
    const image = buildImage({
      size: 2 ** 29,
      clusters: [{ index: 0, kind: 'data' }],
      snapshots: [
        { id: '1', name: 'one' },
        { id: '2', name: 'two', clusters: [{ index: 5, kind: 'data' }] },
      ],
    });
    const l1 = new Uint8Array(65_536);
    image.source.readAt(l1, image.l1Offset);
    writeSync(image.source.fd, l1, 0, l1.length, image.snapshotL1Offsets[1] as number);
    expect(runToEnd(inferL1(openQcow2(openSource(image.path)), { reading: 1 }))).toBeUndefined();
  });

  it('calls no place certain while tables may be those of a lost snapshot', () => {
    const image = buildImage({
      size: 2 ** 29,
      clusters: [{ index: 0, kind: 'data' }],
      snapshots: [{ id: '1', name: 'one', clusters: [{ index: 5, kind: 'data' }] }],
    });
    const { fd } = image.source;
    const zeros = Buffer.alloc(65_536);
    // The L1 table and the disk's only L2 table are gone: the table that is left is the snapshot's.
    for (const offset of [image.l1Offset, image.l2Offsets.get(0) as number])
      writeSync(fd, zeros, 0, 65_536, offset);
    writeSync(fd, Buffer.of(0, 0x80, 0, 1), 0, 4, 60);
    const inferred = runToEnd(inferL1(openQcow2(openSource(image.path)), { reading: 1 }));
    expect(inferred?.inferred?.inference).toMatchObject({
      confidence: 'guess',
      tables: { found: 1, placed: 1 },
    });
  });

  it('answers at once where a header claims more L1 entries than any table has', () => {
    const image = buildImage({ size: 2 ** 17, clusterBits: 9, clusters: [{ index: 0, kind: 'data' }] });
    writeSync(image.source.fd, Buffer.of(0x80), 0, 1, 36);
    writeSync(image.source.fd, Buffer.alloc(512), 0, 512, image.l1Offset);
    const work = inferL1(openQcow2(openSource(image.path)), { reading: 1 });
    let turns = 0;
    for (; turns < 1000 && work.next().done !== true; turns++);
    expect(turns).toBeLessThan(1000);
  });

  it('leaves an image alone that has its tables', async () => {
    const image = openQcow2(openSource(at('top.qcow2')));
    expect(runToEnd(inferL1(image, { reading: 1 }))).toBeUndefined();
    const plain = await cowscopeJson(['map', '--output', 'json', at('top.qcow2')]);
    expect(await cowscopeJson(['map', '--infer', '--output', 'json', at('top.qcow2')])).toEqual(plain);
  });
});

describe('what only looks like a table', () => {
  /** A disk whose guest holds a whole image, tables and all, at offsets that are valid here, too. */
  async function nested(): Promise<string> {
    await qemuImg('create', '-q', '-f', 'qcow2', at('inner.qcow2'), '64M');
    await qemuIo(at('inner.qcow2'), 'write -P 5 0 2M', 'write -P 6 20M 64k');
    writeFileSync(at('disk.raw'), readFileSync(at('inner.qcow2')));
    await qemuImg('convert', '-f', 'raw', '-O', 'qcow2', at('disk.raw'), at('outer.qcow2'));
    return at('outer.qcow2');
  }

  it('is data of the guest where a table names it, though the guest stores an image', async () => {
    const outer = await nested();
    const truth = asQemuMap(mapWhole(openQcow2(openSource(outer))));
    const noHeader = damagedCopy(outer, 'outer-header.img', 0, new Uint8Array(512));
    const noL1 = damagedCopy(outer, 'outer-l1.qcow2', l1Of(outer), new Uint8Array(8));
    const images = [
      runToEnd(inferHeader(openSource(noHeader), { reading: 1 })),
      runToEnd(inferL1(openQcow2(openSource(noL1)), { reading: 1 })),
    ];
    for (const image of images) {
      const certain = image?.inferred?.inference.confidence === 'certain';
      expect(image === undefined || !certain || image.inferred?.inference.isPartial).toBe(false);
      expect(image && asQemuMap(mapWhole(image)).slice(0, truth.length - 1)).toEqual(truth.slice(0, -1));
    }
  });
});
