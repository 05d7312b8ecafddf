/** `cowscope map` as a person and a script call it: the built program, real chains, every option and exit code. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, readFile, truncate, unlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { CLI, codesOf, complaints, cowscope, cowscopeJson } from '../support/cli.ts';
import { GOLDEN_TABLE } from '../support/golden-table.ts';
import {
  bitmapsChain,
  damagedChain,
  extendedL2Chain,
  goldenChain,
  shortMiddleChain,
} from '../support/images/chains.ts';
import { mapWithoutHostHoles } from '../support/images/host-holes.ts';
import { schemaErrors } from '../support/json-schema.ts';
import { type NewerQemu, newerQemu } from '../support/newer-qemu.ts';
import { hashFile, makeFolder, qemuImg, qemuIo, run, runWell, temporaryFolder } from '../support/tools.ts';

const folder = temporaryFolder();
const schema = JSON.parse(await readFile(new URL('../../docs/map.schema.json', import.meta.url), 'utf8'));

const folderNamed = (name: string) => makeFolder(folder, name);

interface Row {
  readonly start: number;
  readonly length: number;
  readonly owner: number | null;
  readonly state: string;
  readonly damaged?: true;
}

const plainRows = (rows: readonly Row[]) =>
  rows.map(({ start, length, owner, state }) => [start, length, owner, state]);

let golden: string[];
let goldenHashes: string[];
beforeAll(async () => {
  golden = await goldenChain(await folderNamed('golden'));
  goldenHashes = await Promise.all(golden.map(hashFile));
});

describe('the golden chain', () => {
  it('comes out as one document that keeps to its schema, row by row as the golden table', async () => {
    const document = await cowscopeJson(['map', '--output', 'json', golden[2]!]);
    expect(schemaErrors(schema, document)).toEqual([]);
    expect(document).toMatchObject({ witness: 'metadata', size: 1310720, complete: true, errors: [] });
    const names = ['base', 'mid', 'top'];
    const at = (offset: number) =>
      document.rows.find((row: Row) => row.start <= offset && offset < row.start + row.length);
    for (const { offset, length, owner, states, overrides } of GOLDEN_TABLE)
      for (let cluster = offset; cluster < offset + length; cluster += 65536) {
        const row = at(cluster);
        expect(row.owner, `${cluster}`).toBe(owner === undefined ? null : names.indexOf(owner));
        expect(row.overrides.length > 0, `${cluster}`).toBe(overrides);
        if (owner !== undefined) expect(row.state, `${cluster}`).toBe(states[owner]);
      }
    const { totals } = document;
    expect(Object.values<number>(totals.states).reduce((sum, bytes) => sum + bytes)).toBe(1310720);
    expect(totals.extents).toBe(document.rows.length);
    const owned = (layer: number | null) =>
      document.rows.reduce((sum: number, row: Row) => sum + (row.owner === layer ? row.length : 0), 0);
    expect(totals.owners.map((lane: { owned: number }) => lane.owned)).toEqual([
      owned(0),
      owned(1),
      owned(2),
    ]);
    expect(totals.unowned).toBe(owned(null));
    expect(await cowscopeJson(['map', '--output', 'json', '--totals', golden[2]!])).toEqual({
      ...document,
      rows: undefined,
    });
  });

  it('is drawn within 80 columns, then listed, then summed', async () => {
    const { stdout, stderr, code } = await cowscope(['map', golden[2]!]);
    expect(code).toBe(0);
    expect(stderr).toMatch(
      /^cowscope: note: mid\.qcow2: It is shorter \(1 MiB\) than the layer above \(1\.25 MiB\)/,
    );
    const [drawing = '', legend = '', rows = '', sums = ''] = stdout.split('\n\n');
    const lines = drawing.split('\n');
    for (const line of [...lines, ...legend.split('\n')]) expect(line.length).toBeLessThanOrEqual(80);
    const tracks = lines
      .filter(line => /^\S/.test(line))
      .map(line => line.slice(16).replaceAll(/(.)\1/g, '$1'));
    expect(tracks).toEqual([
      'DDDzZzCD..z.......D.', // past the end of a layer the guest reads zeros: nothing is stored there
      '..D...C...z.......D.',
      '.D.zZz..........xxxx',
      'DDDDDDDD........xxxx',
    ]);
    expect(lines[2]?.slice(16)).toBe('  vvvv000000vv');
    expect(legend).toContain(
      '0 zeros that hide data: Reads as zeros, but a lower layer still holds data here.',
    );
    expect(rows.split('\n')).toHaveLength(14);
    expect(rows).toMatch(
      /^0x0003_0000 +64 KiB +zero \(no space\) +mid\.qcow2 +hides base\.qcow2; zeros that hide data$/m,
    );
    expect(sums).toMatch(/^1\.25 MiB in 14 extents\n {2}data +320 KiB +25\.0 %$/m);
    expect((await cowscope(['map', '--totals', golden[2]!])).stdout).toBe(sums);
  });

  it('claims no more of zeros over NBD than qemu-nbd tells', async () => {
    const { stdout } = await cowscope(['map', '--witness', 'nbd', golden[2]!]);
    expect(stdout).toMatch(/^0x0003_0000 .* zero +mid\.qcow2 /m);
    expect(stdout).toMatch(/^z zero: Reads as zeros\.$/m);
    expect(stdout).not.toContain('no space');
  });

  it('is listed in lines of a terminal’s width, of which nothing is lost', async () => {
    const command = `stty cols 80; ${[process.execPath, CLI, 'map', golden[2]].join(' ')}`;
    const { NO_COLOR, FORCE_COLOR, COLUMNS, ...env } = process.env;
    const { stdout } = await run('script', ['-qec', command, '/dev/null'], {
      env: { ...env, NO_COLOR: '1' },
    });
    const lines = stdout.split(/\r?\n/).filter(line => !line.startsWith('cowscope: note: '));
    expect(lines.filter(line => line.length > 80)).toEqual([]);
    expect(lines).toContain(`${' '.repeat(29)}hides base.qcow2; zeros that hide data`);
    const words = (text: string) => text.split(/\s+/).filter(word => word !== '');
    const piped = (await cowscope(['map', golden[2]!])).stdout;
    expect(words(lines.join('\n'))).toEqual(words(piped));
  });

  it('is drawn as wide as COLUMNS says, in color where that is forced, and never where NO_COLOR is set', async () => {
    const { NO_COLOR, FORCE_COLOR, ...env } = process.env;
    const drawn = async (more: NodeJS.ProcessEnv) =>
      (await cowscope(['map', golden[2]!], { env: { ...env, ...more } })).stdout;
    const wide = (await drawn({ COLUMNS: '120', NO_COLOR: '1' })).split('\n');
    expect(wide[1]?.length).toBe(16 + 80);
    const colored = await drawn({ FORCE_COLOR: '1' });
    expect(colored).toContain('\x1b[');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the colors that are taken out
    expect(colored.replaceAll(/\x1b\[[\d;]*m/g, '')).toBe(await drawn({ COLUMNS: '80' }));
    expect(await drawn({ COLUMNS: 'x' })).not.toContain('\x1b');
  });

  it('is shown one layer at a time', async () => {
    const document = await cowscopeJson(['map', '--output', 'json', '--layer', '1', golden[2]!]);
    expect(schemaErrors(schema, document)).toEqual([]);
    expect(document).toMatchObject({ layer: 1, size: 1048576 });
    expect(plainRows(document.rows)).toEqual([
      [0, 65536, null, 'unallocated'],
      [65536, 65536, 1, 'data'],
      [131072, 65536, null, 'unallocated'],
      [196608, 65536, 1, 'zeroHole'],
      [262144, 65536, 1, 'zeroAllocated'],
      [327680, 65536, 1, 'zeroHole'],
      [393216, 655360, null, 'unallocated'],
    ]);
    const { stdout } = await cowscope(['map', '--layer', '1', golden[2]!]);
    expect(stdout).toContain('1 mid.qcow2');
    expect(stdout).not.toMatch(/guest|top\.qcow2|base\.qcow2|owned by/);
  });

  it('is the same from both witnesses, and the output says that they agree', async () => {
    const result = await cowscope(['map', '--totals', '--witness', 'both', golden[2]!]);
    expect(result.code).toBe(0);
    expect(result.stdout).toContain('\nThe two witnesses agree.\n');
    const document = await cowscopeJson(['map', '--output', 'json', '--witness', 'both', golden[2]!]);
    expect(schemaErrors(schema, document)).toEqual([]);
    expect(document.witness).toBe('both');
    expect(document.findings.map(({ code }: { code: string }) => code)).toEqual(['CHAIN_LAYER_GROWN']);
  });

  it('says which layers were not compared, and never that witnesses agree where one of them read nothing', async () => {
    const own = await folderNamed('uncompared');
    const [raw, over, capture] = [join(own, 'base.raw'), join(own, 'over.qcow2'), join(own, 'case.cowscope')];
    await writeFile(raw, Buffer.alloc(2 ** 20, 1));
    await qemuImg('create', '-q', '-f', 'qcow2', '-F', 'raw', '-b', raw, over);
    await qemuIo(over, 'write -P1 0 64k');
    const both = (...args: string[]) => cowscope(['map', '--totals', '--witness', 'both', ...args]);
    const mixed = await both(over);
    expect(mixed.stdout).toContain('\nThe two witnesses agree where both have read.\n');
    expect(mixed.stdout).toContain('  not compared: base.raw (qemu-nbd alone reads it)\n');
    const alone = await both('--format', 'raw', raw);
    expect(alone.stdout).toContain('\nThe two witnesses were not compared.\n');
    expect((await cowscope(['capture', '--show-paths', '-o', capture, golden[2]!])).code).toBe(0);
    const captured = await both(capture);
    expect([captured.code, codesOf(captured)]).toEqual([3, ['CAPTURE_NOT_SERVED']]);
    expect(captured.stdout).toContain('\nThe two witnesses were not compared.\n');
    expect(captured.stdout).not.toContain('agree');
  });

  it('is printed as qemu-img prints it, key by key and line by line', async () => {
    const theirs = await qemuImg('map', '--output=json', golden[2]!);
    const { stdout, code } = await cowscope(['map', '--as', 'qemu-img', golden[2]!]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual(mapWithoutHostHoles(JSON.parse(theirs)));
    expect(stdout.split('\n')[0]).toBe(theirs.split('\n')[0]);
    const alone = `json:${JSON.stringify({ driver: 'qcow2', backing: null, file: { driver: 'file', filename: golden[1] } })}`;
    expect(await cowscopeJson(['map', '--as', 'qemu-img', '--layer', '1', golden[2]!])).toEqual(
      mapWithoutHostHoles(JSON.parse(await qemuImg('map', '--output=json', alone))),
    );
  });

  it('is printed as qemu-img of another version prints it, by default as the installed one', async context => {
    const newer = await newerQemu();
    if ('reason' in newer) context.skip(newer.reason);
    const { qemuImg: newerImg } = newer as NewerQemu;
    const top = golden[2]!;
    const theirs = await runWell(newerImg, ['map', '--output=json', top]);
    const print = (options: readonly string[], env = process.env) =>
      cowscope(['map', '--as', 'qemu-img', ...options, top], { env });
    const { stdout } = await print(['--qemu-version', '8.2']);
    expect(JSON.parse(stdout)).toEqual(mapWithoutHostHoles(JSON.parse(theirs)));
    expect(stdout.split('\n')[0]).toBe(theirs.split('\n')[0]);
    expect((await print([], { PATH: dirname(newerImg) })).stdout).toBe(stdout);
    const usual = await print(['--qemu-version', '7.2.22']);
    expect(usual.stdout).toBe((await print([], { PATH: folder })).stdout);
    expect(usual.stdout).not.toContain('compressed');
    const empty = join(folder, 'empty.qcow2');
    await qemuImg('create', '-q', '-f', 'qcow2', empty, '0');
    expect((await cowscope(['map', '--as', 'qemu-img', '--qemu-version', '10.0', empty])).stdout).toBe(
      await runWell(newerImg, ['map', '--output=json', empty]),
    );
  });

  it('is followed in the order given, with a note where that contradicts the files', async () => {
    const same = await cowscope(['map', '--totals', ...golden]);
    expect(same.stderr).not.toContain('The order given');
    const turned = await cowscope(['map', '--output', 'json', golden[1]!, golden[0]!, golden[2]!]);
    const document = JSON.parse(turned.stdout);
    expect(document.layers.map(({ name }: { name: string }) => name)).toEqual([
      'mid.qcow2',
      'base.qcow2',
      'top.qcow2',
    ]);
    expect(document.findings[0]).toMatchObject({
      code: 'CHAIN_ORDER_DIFFERS',
      layer: -1,
      what: expect.stringMatching(/the order given .*mid\.qcow2 the base, although it names base\.qcow2/),
    });
    expect(document.rows[0]).toMatchObject({ owner: 1, state: 'data' });
    expect(document.complete).toBe(false);
    expect([turned.code, codesOf(turned)]).toEqual([3, ['CHAIN_ORDER_GIVEN']]);
    expect(document.errors).toMatchObject([{ code: 'CHAIN_ORDER_GIVEN' }]);
    const text = await cowscope(['map', '--totals', golden[1]!, golden[0]!, golden[2]!]);
    expect(text.stderr).toContain('cowscope: note: The order given');
  });

  it('is left byte for byte as it was', async () => {
    expect(await Promise.all(golden.map(hashFile))).toEqual(goldenHashes);
  });
});

describe('documents of all demo chains', () => {
  it.each([
    ['short-middle', shortMiddleChain, 0],
    ['bitmaps', bitmapsChain, 0],
    ['extended-l2', extendedL2Chain, 0],
    ['damaged', damagedChain, 3],
  ] as const)('keep to the schema: %s', async (name, make, code) => {
    const paths = await make(await folderNamed(`schema-${name}`));
    const hashes = await Promise.all(paths.map(hashFile));
    for (const witness of ['metadata', 'both']) {
      const args = ['map', '--output', 'json', '--witness', witness, paths.at(-1)!];
      expect(schemaErrors(schema, await cowscopeJson(args, code))).toEqual([]);
    }
    expect(await Promise.all(paths.map(hashFile))).toEqual(hashes);
  });

  it('are no documents of that schema where a key is wrong', async () => {
    const good = await cowscopeJson(['map', '--output', 'json', golden[2]!]);
    expect(schemaErrors(schema, { ...good, version: 1 })).toEqual(['$.version: not 2']);
    expect(schemaErrors(schema, { ...good, more: 1 })).toEqual(['$.more: not allowed']);
    expect(schemaErrors(schema, { ...good, rows: [{ ...good.rows[0], state: 'full' }] })).toHaveLength(1);
    expect(schemaErrors(schema, { ...good, rows: [{ ...good.rows[0], depth: 1 }] })).toHaveLength(1);
  });
});

describe('a short middle layer', () => {
  it('owns nothing past its end, and the base’s data there is shadowed', async () => {
    const paths = await shortMiddleChain(await folderNamed('short'));
    const { rows } = await cowscopeJson(['map', '--output', 'json', paths.at(-1)!]);
    expect(rows.at(-1)).toEqual({
      start: 524288,
      length: 524288,
      owner: null,
      state: 'outOfRange',
      overrides: [],
      shadows: [0],
    });
    const { stdout } = await cowscope(['map', paths.at(-1)!]);
    expect(stdout).toMatch(
      /^0x0008_0000 +512 KiB +nothing stored +- \(mid\.qcow2 ends\) base\.qcow2 hidden/m,
    );
    // Rows, sums and drawing call it alike: the disk itself does not end there.
    expect(stdout).toMatch(/^ {2}nothing stored, reads as zeros +\d+ KiB/m);
    expect(stdout).not.toMatch(/^ {2}past the end/m);
    expect(stdout).toMatch(/^ {4}of base\.qcow2 hidden by a shorter layer +512 KiB/m);
    expect(stdout).toContain('s hidden by a shorter layer: A layer above ends before this offset');
  });
});

describe('a chain with bitmaps', () => {
  it('shows dirty clusters under each track, apart from what they hide', async () => {
    const paths = await bitmapsChain(await folderNamed('dirty'));
    const { stdout } = await cowscope(['map', paths.at(-1)!]);
    const lines = stdout.split('\n').map(line => line.trimEnd());
    const top = lines.findIndex(line => line.startsWith('1 top.qcow2'));
    expect(lines[top + 1]?.trim()).toBe('0000');
    // One bitmap is in use: what it would tell of the rest is not known.
    expect(lines[top + 2]?.trim()).toBe(`~~~~^^^^^^^^^^^^${'~'.repeat(48)}`);
    expect(stdout).toContain('^ dirty: Marked as changed in a dirty bitmap.');
    expect(stdout).toContain('~ dirty or clean: not known:');
  });
});

describe('a damaged chain', () => {
  it('is mapped where it can be read; what is not is named, with exit code 3', async () => {
    const paths = await damagedChain(await folderNamed('damaged'));
    const codes = ['QCOW2_ENTRY_UNALIGNED', 'QCOW2_PAST_END'];
    const text = await cowscope(['map', paths.at(-1)!]);
    expect([text.code, codesOf(text)]).toEqual([3, codes]);
    expect(text.stdout).toMatch(/^guest +!!!!D/m);
    for (const line of complaints(text)) expect(line).toContain(`(${paths.at(-1)})`);
    const document = await cowscopeJson(['map', '--output', 'json', paths.at(-1)!], 3);
    expect(document.rows[0]).toMatchObject({ start: 0, length: 65536, owner: null, state: 'unreadable' });
    const lost = document.rows.filter(({ state }: Row) => state === 'unreadable');
    expect(lost).toMatchObject([
      { start: 0, length: 65536, owner: null, damaged: true },
      { start: 262144, length: 65536, owner: 1, damaged: true }, // its data lies past the end of the file
    ]);
    expect(document.rows.filter(({ damaged }: Row) => damaged)).toEqual(lost);
    expect(schemaErrors(schema, document)).toEqual([]);
    expect(document.errors).toEqual([]);
    expect(document.findings.map(({ code }: { code: string }) => code)).toEqual(codes);
    expect(document.findings[0]).toMatchObject({ severity: 'corruption', layer: 1, guest: [[0, 65536]] });
    const list = await cowscope(['map', '--as', 'qemu-img', paths.at(-1)!]);
    expect([list.code, codesOf(list)]).toEqual([3, codes]);
    expect(JSON.parse(list.stdout)[0].start).toBe(65536);
    // The base is sound, and alone it has no problem.
    expect(await cowscope(['map', '--layer', '0', paths.at(-1)!])).toMatchObject({ code: 0, stderr: '' });
  });

  it('read over NBD loses the same cluster, with a finding', async () => {
    const paths = await damagedChain(await folderNamed('damaged-nbd'));
    const result = await cowscope(['map', '--output', 'json', '--witness', 'nbd', paths.at(-1)!]);
    expect([result.code, codesOf(result)]).toEqual([3, ['NBD_IO_ERROR']]);
    const { errors, rows } = JSON.parse(result.stdout);
    expect(errors).toMatchObject([{ code: 'NBD_IO_ERROR', subject: paths.at(-1) }]);
    expect(errors[0].what).toMatch(/^64 KiB from 0x0000_0000 on could not be read/);
    expect(rows.filter(({ state }: Row) => state === 'unreadable')).toMatchObject([
      { start: 0, length: 65536 },
    ]);
  });
});

describe('a missing backing file', () => {
  it('is named, and the remaining layers are drawn, with exit code 3', async () => {
    const own = await folderNamed('missing');
    const paths = await goldenChain(own);
    await unlink(paths[0]!);
    const text = await cowscope(['map', paths[2]!]);
    expect([text.code, codesOf(text)]).toEqual([3, ['CHAIN_FILE_MISSING']]);
    expect(text.stderr).toContain(join(own, 'base.qcow2'));
    expect(text.stdout).toMatch(/^1 top\.qcow2 +\.\.\.\.DD/m);
    const document = await cowscopeJson(['map', '--output', 'json', paths[2]!], 3);
    expect(document).toMatchObject({ complete: false, errors: [{ code: 'CHAIN_FILE_MISSING' }] });
    // What the layers hide of the missing one is not known; a 0 would say that it is nothing.
    expect(document.totals).toMatchObject({ overrides: null, holeOverrides: null });
    expect(text.stdout).toMatch(/^ +overrides a lower layer +not known$/m);
    expect(text.stdout).not.toMatch(/overrides a lower layer +\d/);
    expect(schemaErrors(schema, document)).toEqual([]);
    const report = await cowscopeJson(['report', '--output', 'json', paths[2]!], 3);
    expect(report.totals).toEqual(document.totals);
    expect(await cowscope(['map', '--layer', '1', paths[2]!])).toMatchObject({ code: 0 });
    expect((await cowscope(['layers', paths[2]!])).code).toBe(3);
  });
});

describe('consent', () => {
  it('is needed for a backing file elsewhere, and given by --allow and --allow-all', async () => {
    const own = await folderNamed('elsewhere');
    const inside = join(own, 'inside');
    await mkdir(inside);
    const [base, top] = [join(own, 'base.qcow2'), join(inside, 'top.qcow2')];
    await qemuImg('create', '-q', '-f', 'qcow2', base, '1M');
    await qemuIo(base, 'write -P1 0 64k', 'flush');
    await qemuImg('create', '-q', '-f', 'qcow2', '-b', '../base.qcow2', '-F', 'qcow2', top);
    const asked = await cowscope(['map', '--output', 'json', top]);
    expect([asked.code, codesOf(asked)]).toEqual([3, ['CHAIN_CONSENT_NEEDED']]);
    expect(JSON.parse(asked.stdout).layers).toHaveLength(1);
    for (const consent of [['--allow', '../base.qcow2'], ['--allow-all']]) {
      const document = await cowscopeJson(['map', '--output', 'json', ...consent, 'top.qcow2'], 0, {
        cwd: inside,
      });
      expect(document.layers).toHaveLength(2);
      expect(document.rows[0]).toMatchObject({ owner: 0, state: 'data' });
    }
  });

  it('is not needed to map an image with a data file, only to have qemu-nbd read it or to tell that it is missing', async () => {
    const own = await folderNamed('data-file');
    const top = join(own, 'top.qcow2');
    const data = join(own, 'data.raw');
    await qemuImg('create', '-q', '-f', 'qcow2', '-o', `data_file=${data}`, top, '1M');
    await qemuIo(top, 'write -P1 64k 128k', 'flush');
    const expected = mapWithoutHostHoles(JSON.parse(await qemuImg('map', '--output=json', top)));
    const silent = await cowscope(['map', '--as', 'qemu-img', top]);
    expect([silent.code, JSON.parse(silent.stdout)]).toEqual([0, expected]);
    expect(silent.stderr).toBe(
      `cowscope: note: top.qcow2: Its data lies in the file ${data}, which was not opened: whether that holds all of it is not known.\n`,
    );
    const refused = await cowscope(['map', '--totals', '--witness', 'nbd', top]);
    expect([refused.code, codesOf(refused)]).toEqual([3, ['QEMU_DATA_FILE_CONSENT']]);
    const alone = await cowscope(['map', '--totals', '--witness', 'both', top]);
    expect([alone.code, codesOf(alone)]).toEqual([3, ['CHAIN_CONSENT_NEEDED']]);
    expect(alone.stdout).not.toContain('agree');
    const allowed = await cowscope(['map', '--totals', '--witness', 'both', '--allow', data, top]);
    expect(allowed).toMatchObject({ code: 0, stderr: '' });
    expect(allowed.stdout).toContain('The two witnesses agree.');
    await truncate(data, 65536);
    const unseen = await cowscope(['map', '--totals', top]);
    expect(unseen.code).toBe(0);
    expect(alone.stdout.startsWith(unseen.stdout)).toBe(true);
    const cut = await cowscope(['map', '--totals', '--allow', data, top]);
    expect([cut.code, codesOf(cut)]).toEqual([3, ['QCOW2_PAST_DATA_FILE_END']]);
    expect(complaints(cut)[0]).toContain('the data file ends at 0x0001_0000');
    await unlink(data);
    for (const witness of ['metadata', 'both']) {
      const missing = await cowscope(['map', '--totals', '--witness', witness, '--allow', data, top]);
      expect([missing.code, codesOf(missing)]).toEqual([3, ['CHAIN_FILE_MISSING']]);
      expect(missing.stdout.startsWith(unseen.stdout)).toBe(true);
    }
  });
});

describe('--format', () => {
  it('takes a qcow2 file as raw bytes, with a loud note', async () => {
    const result = await cowscope(['map', '--format', 'raw', '--totals', golden[0]!]);
    expect(result.code).toBe(0);
    expect(result.stderr).toMatch(/^cowscope: note: base\.qcow2: It is given as raw but begins like/);
    const refused = await cowscope(['map', '--format', 'qcow2', join(folder, 'no-image')]);
    expect([refused.code, codesOf(refused)]).toEqual([1, ['CHAIN_FILE_MISSING']]);
  });

  it('is not needed for a raw file: what it was taken for is said', async () => {
    const raw = join(folder, 'thousand.raw');
    await writeFile(raw, Buffer.alloc(1000, 7));
    const result = await cowscope(['map', '--as', 'qemu-img', raw]);
    expect(result.stderr).toMatch(/^cowscope: note: thousand\.raw: It has no magic .* raw disk\.\n$/);
    expect(JSON.parse(result.stdout)).toEqual(
      JSON.parse(await qemuImg('map', '--output=json', '-f', 'raw', raw)),
    );
  });
});

describe('--snapshot', () => {
  it('maps what the image held then, by id and by name', async () => {
    const path = join(folder, 'snapshots.qcow2');
    await qemuImg('create', '-q', '-f', 'qcow2', path, '1M');
    await qemuIo(path, 'write -P1 0 64k', 'flush');
    await qemuImg('snapshot', '-c', 'before', path);
    await qemuIo(path, 'write -P2 128k 64k', 'flush');
    const applied = join(folder, 'applied.qcow2');
    await copyFile(path, applied);
    await qemuImg('snapshot', '-a', 'before', applied);
    const expected = mapWithoutHostHoles(JSON.parse(await qemuImg('map', '--output=json', applied)));
    for (const name of ['1', 'before'])
      expect(await cowscopeJson(['map', '--as', 'qemu-img', '--snapshot', name, path])).toEqual(expected);
    const document = await cowscopeJson(['map', '--output', 'json', '--snapshot', 'before', path]);
    expect(schemaErrors(schema, document)).toEqual([]);
    expect(document.snapshot).toBe('before');
    const unknown = await cowscope(['map', '--snapshot', 'after', path]);
    expect([unknown.code, codesOf(unknown)]).toEqual([1, ['QCOW2_SNAPSHOT_UNKNOWN']]);
  });
});

describe('witnesses that differ', () => {
  it('are both quoted, with the range', async () => {
    // A qemu-nbd that serves another image than it was given: its descriptor 3 is exchanged on the way.
    const own = await folderNamed('differ');
    const [ours, theirs] = [join(own, 'ours.qcow2'), join(own, 'theirs.qcow2')];
    for (const path of [ours, theirs]) await qemuImg('create', '-q', '-f', 'qcow2', path, '1M');
    await qemuIo(ours, 'write -P1 128k 64k', 'flush');
    const wrapper = join(own, 'qemu-nbd');
    const script = `#!/bin/sh\n[ "$1" = --version ] && exec qemu-nbd --version\nexec 3<'${theirs}'\nexec qemu-nbd "$@"\n`;
    await writeFile(wrapper, script, { mode: 0o755 });
    const env = { ...process.env, COWSCOPE_QEMU_NBD: wrapper };
    const text = await cowscope(['map', '--totals', '--witness', 'both', ours], { env });
    expect(text.code).toBe(0);
    expect(text.stdout).toMatch(
      /The two witnesses differ:\n {2}0x0002_0000 +64 KiB {2}ours\.qcow2: .*say data.*says unallocated/,
    );
    const document = await cowscopeJson(['map', '--output', 'json', '--witness', 'both', ours], 0, { env });
    expect(schemaErrors(schema, document)).toEqual([]);
    expect(document.findings).toMatchObject([
      {
        code: 'WITNESSES_DIFFER',
        layer: 0,
        guest: [[131072, 65536]],
        witnesses: [
          { witness: 'metadata', answer: 'data' },
          { witness: 'nbd', answer: 'unallocated' },
        ],
      },
    ]);
  });
});

describe('an image that is in use', () => {
  it('is mapped by its tables at once, and by qemu-nbd with --force-share, and every command says that it is', async () => {
    const path = join(folder, 'in-use.qcow2');
    await qemuImg('create', '-q', '-f', 'qcow2', path, '1M');
    // It serves for writing, and holds the locks of a running guest.
    const server = spawn('qemu-nbd', ['-t', '-f', 'qcow2', '-k', join(temporaryFolder(), 's'), path], {
      stdio: 'ignore',
    });
    try {
      const map = (...args: string[]) => cowscope(['map', '--totals', ...args, path]);
      let locked = await map('--witness', 'nbd');
      for (let tries = 0; locked.code === 0 && tries < 50; tries++) locked = await map('--witness', 'nbd');
      expect([locked.code, codesOf(locked)]).toEqual([3, ['QEMU_IMAGE_LOCKED']]);
      const torn = { code: 0, stderr: expect.stringMatching(/^cowscope: note: .*open for writing.*\n$/) };
      expect(await map()).toMatchObject(torn);
      expect(await map('--witness', 'nbd', '--force-share')).toMatchObject(torn);
      for (const command of ['compare', 'layout', 'misread', 'partitions']) {
        const other = command === 'compare' ? [path] : [];
        expect(await cowscope([command, path, ...other]), command).toMatchObject(torn);
      }
    } finally {
      server.kill('SIGKILL');
      await once(server, 'close');
    }
  });
});

describe('names from outside', () => {
  it('cannot steer the terminal', async () => {
    const own = await folderNamed('names');
    const path = join(own, 'a\x1b]0;title\x07\nb.qcow2');
    await qemuImg('create', '-q', '-f', 'qcow2', path, '64k');
    await qemuImg('snapshot', '-c', 'evil\x1b[2J', path);
    for (const command of ['map', 'layers']) {
      const { stdout, stderr, code } = await cowscope([command, path]);
      expect(code).toBe(0);
      expect(stdout).toContain('\\x1b]0;');
      // biome-ignore lint/suspicious/noControlCharactersInRegex: the point of the test
      expect(stdout + stderr).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/);
    }
    expect((await cowscopeJson(['layers', '--output', 'json', path])).layers[0].path).toBe(path);
  });
});
