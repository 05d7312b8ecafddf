/** `cowscope layers` against qemu-img info --backing-chain and nbdinfo --list. */
import { open, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { ChainInfo, LayerInfo } from '../../shared/model/layer.ts';
import { codesOf, cowscope, cowscopeJson } from '../support/cli.ts';
import { bitmapsChain } from '../support/images/chains.ts';
import { startFakeServer } from '../support/servers/nbd-server.ts';
import { startNbdkit, startQemu } from '../support/servers/nbd-server-process.ts';
import { makeFolder, qemuImg, qemuIo, runWell, temporaryFolder } from '../support/tools.ts';

const folder = temporaryFolder();
const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

const folderNamed = (name: string) => makeFolder(folder, name);

const layersOf = async (...args: string[]): Promise<ChainInfo> =>
  cowscopeJson(['layers', '--output', 'json', ...args]);

/** Our description in the words of qemu-img info. */
function asQemuImg({ path, format, size, allocatedSize, clusterSize, backing, dataFile, qcow2 }: LayerInfo) {
  return {
    filename: path,
    format,
    'virtual-size': size,
    'actual-size': allocatedSize,
    'dirty-flag': qcow2?.dirty ?? false,
    ...(backing.status === 'none'
      ? {}
      : {
          'backing-filename': backing.recorded,
          'full-backing-filename': backing.resolved,
          'backing-filename-format': backing.recordedFormat,
        }),
    ...(qcow2 === undefined
      ? {}
      : {
          'cluster-size': clusterSize,
          ...(qcow2.encryption === 'none' ? {} : { encrypted: true }),
          ...(qcow2.snapshots.length === 0 ? {} : { snapshots: qcow2.snapshots.map(asQemuSnapshot) }),
          'format-specific': {
            type: 'qcow2',
            data:
              qcow2.version === 2
                ? { compat: '0.10', 'compression-type': 'zlib', 'refcount-bits': qcow2.refcountBits }
                : {
                    compat: '1.1',
                    'compression-type': qcow2.compressionType,
                    'lazy-refcounts': qcow2.lazyRefcounts,
                    'refcount-bits': qcow2.refcountBits,
                    corrupt: qcow2.corrupt,
                    'extended-l2': qcow2.extendedL2,
                    ...(dataFile === undefined
                      ? {}
                      : { 'data-file': qcow2.dataFile, 'data-file-raw': qcow2.dataFileRaw }),
                    ...(qcow2.bitmaps.length === 0
                      ? {}
                      : {
                          bitmaps: qcow2.bitmaps.map(({ name, granularity, inUse, enabled }) => ({
                            name,
                            granularity,
                            flags: [...(inUse ? ['in-use'] : []), ...(enabled ? ['auto'] : [])],
                          })),
                        }),
                  },
          },
        }),
  };
}

function asQemuSnapshot(snapshot: NonNullable<LayerInfo['qcow2']>['snapshots'][number]) {
  const { id, name, vmStateSize, date, dateNanoseconds, vmClock, icount } = snapshot;
  return {
    id,
    name,
    'vm-state-size': vmStateSize,
    'date-sec': date,
    'date-nsec': dateNanoseconds,
    'vm-clock-sec': Math.floor(Number(vmClock) / 1e9),
    'vm-clock-nsec': Number(vmClock) % 1e9,
    ...(icount === undefined ? {} : { icount }),
  };
}

/** qemu's list is top first and names files as they were reached. */
async function expectSameAsQemuImg(top: string, ...args: string[]): Promise<void> {
  const theirs = JSON.parse(await qemuImg('info', '--backing-chain', '--output=json', top)) as Record<
    string,
    unknown
  >[];
  const ours = (await layersOf(...args, top)).layers.toReversed().map(asQemuImg);
  expect(ours).toHaveLength(theirs.length);
  for (const [i, layer] of ours.entries()) {
    const { 'format-specific': specific, ...their } = theirs[i] as { 'format-specific'?: { data: object } };
    // A raw layer has nothing format-specific that any of us would show, and newer ones list the nodes below.
    const { children, ...rest } = their as Record<string, unknown>;
    expect(layer).toEqual({ ...rest, ...(layer.format === 'raw' ? {} : { 'format-specific': specific }) });
  }
}

describe('a chain', () => {
  it('is described as qemu-img info --backing-chain does, field by field', async () => {
    const own = await folderNamed('same');
    const at = (name: string) => join(own, name);
    const create = (name: string, options: string, ...more: string[]) =>
      qemuImg('create', '-q', '-f', 'qcow2', '-o', options, ...more, at(name));
    await qemuImg('create', '-q', '-f', 'raw', at('base.raw'), '1M');
    const over = (backing: string, format = 'qcow2') => ['-b', at(backing), '-F', format];
    await create('old.qcow2', 'compat=0.10', ...over('base.raw', 'raw'));
    await create(
      'zstd.qcow2',
      'compression_type=zstd,refcount_bits=1,cluster_size=512',
      ...over('old.qcow2'),
    );
    await create('lazy.qcow2', 'lazy_refcounts=on,refcount_bits=64', ...over('zstd.qcow2'));
    await create('sub.qcow2', 'extended_l2=on,cluster_size=2M', ...over('lazy.qcow2'));
    await create('data.qcow2', `data_file=${at('data.raw')}`, ...over('sub.qcow2'));
    await create('top.qcow2', 'cluster_size=4k', ...over('data.qcow2'));
    await qemuImg('snapshot', '-c', 'first', at('lazy.qcow2'));
    await qemuImg('snapshot', '-c', 'second one', at('lazy.qcow2'));
    await qemuImg('bitmap', '--add', '-g', '32k', at('sub.qcow2'), 'on');
    await qemuImg('bitmap', '--add', '--disable', at('sub.qcow2'), 'off');
    await qemuIo(at('top.qcow2'), 'write -P1 0 64k', 'flush');
    await expectSameAsQemuImg(at('top.qcow2'), '--allow', at('data.raw'));
  });

  it('is described as it was left behind: bitmaps in use, and names that are relative', async () => {
    const paths = await bitmapsChain(await folderNamed('in-use'));
    const { layers } = await layersOf(paths[1]!);
    const theirs = JSON.parse(await qemuImg('info', '--output=json', paths[1]!));
    const flags = ({ inUse, enabled }: { inUse: boolean; enabled: boolean }) =>
      [inUse && 'in-use', enabled && 'auto'].filter(flag => flag !== false);
    expect(layers[1]?.qcow2?.bitmaps.map(bitmap => [bitmap.name, flags(bitmap)])).toEqual(
      theirs['format-specific'].data.bitmaps.map(({ name, flags }: { name: string; flags: string[] }) => [
        name,
        flags,
      ]),
    );
    expect(layers[1]?.backing).toMatchObject({
      recorded: 'base.qcow2',
      resolved: paths[0],
      status: 'opened',
    });
    const { stdout, code } = await cowscope(['layers', paths[1]!]);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^ {4}bitmap +interrupted, one bit for 64 KiB, recording, cannot be used: it was not saved/m,
    );
    expect(stdout).toMatch(/^ {4}backing file +base\.qcow2 → \/.*\/base\.qcow2$/m);
  });

  it('is described further than that: extensions, features, places of tables, space', async () => {
    const own = await folderNamed('more');
    const path = join(own, 'image.qcow2');
    await qemuImg('create', '-q', '-f', 'qcow2', '-o', 'lazy_refcounts=on', path, '1G');
    await qemuImg('bitmap', '--add', path, 'b');
    await qemuIo(path, 'write -P1 0 192k', 'flush');
    const check = JSON.parse(await qemuImg('check', '--output=json', path));
    const { qcow2 } = (await layersOf(path)).layers[0]!;
    expect(qcow2?.details).toMatchObject({
      compatible: ['lazy refcounts'],
      autoclear: ['bitmaps'],
      extensions: [{ name: 'feature names' }, { name: 'bitmaps' }],
      space: { measured: true, allocation: { imageEnd: check['image-end-offset'], leaked: 0 } },
    });
    const { stdout } = await cowscope(['layers', path]);
    expect(stdout).toMatch(/^ {4}table +0x0001_0000 +64 KiB {2}refcount table$/m);
    expect(stdout).toMatch(/^ {4}extension +0x[0-9a-f_]+ +24 bytes {2}bitmaps \(0x23852875\)$/m);
    expect(stdout).toMatch(
      /^ {4}image ends at +0x[0-9a-f_]+ \(under 1 % of the virtual size\), .* in use, 0 bytes leaked$/m,
    );
    expect(stdout).toMatch(
      /^ {4}space +192 KiB data, 320 KiB tables, 192 KiB bitmaps, 128 KiB free inside$/m,
    );
  });

  it('says how each link was resolved, and why where it was not', async () => {
    const own = await folderNamed('links');
    const top = join(own, 'over.qcow2');
    await qemuImg('create', '-q', '-u', '-f', 'qcow2', '-b', 'nbd://192.0.2.1/x', '-F', 'raw', top, '1M');
    const refused = await cowscope(['layers', top]);
    expect([refused.code, codesOf(refused)]).toEqual([3, ['CHAIN_PROTOCOL']]);
    expect(refused.stdout).toMatch(/^ {4}backing file +nbd:\/\/192\.0\.2\.1\/x \(refused: /m);
    expect(refused.stdout).toContain(', incomplete\n');
  });

  it('ends with 3 for a data file that is missing, and with 0 for findings that are mere notes', async () => {
    const path = join(folder, 'partial.qcow2');
    const data = join(folder, 'partial.raw');
    await qemuImg('create', '-q', '-f', 'qcow2', '-o', `data_file=${data}`, path, '1M');
    await unlink(data);
    const missing = await cowscope(['layers', '--allow', data, path]);
    expect([missing.code, codesOf(missing)]).toEqual([3, ['CHAIN_FILE_MISSING']]);

    const odd = join(folder, 'odd.qcow2');
    await qemuImg('create', '-q', '-f', 'qcow2', odd, '1M');
    const file = await open(odd, 'r+');
    await file.write(Buffer.of(1), 0, 1, 31); // the last byte of the size
    await file.close();
    const noted = await cowscope(['layers', odd]);
    expect([noted.code, codesOf(noted)]).toEqual([0, []]);
    expect(noted.stdout).toMatch(/^ {4}note +Size is 1,048,577 bytes, not whole sectors/m);
  });
});

describe('an NBD server', () => {
  it('is described as nbdinfo --list does', async () => {
    const [base] = await bitmapsChain(await folderNamed('server'));
    const args = ['-A', '-B', 'b0', '-f', 'qcow2', '-x', 'the disk', '-D', 'a description', base!];
    const server = await startQemu(args);
    stops.push(() => server.kill());
    const told = JSON.parse(await runWell('nbdinfo', ['--list', '--json', server.uri()]));
    const [theirs] = told.exports;
    const document = await cowscopeJson(['layers', '--output', 'json', server.uri()]);
    expect(document).toMatchObject({
      encrypted: told.TLS,
      replies: told.structured ? 'structured' : 'simple',
    });
    const [ours] = document.exports;
    expect(ours).toMatchObject({
      name: theirs['export-name'],
      description: theirs.description,
      size: theirs['export-size'],
      contexts: theirs.contexts,
      blockSizes: [theirs.block_size_minimum, theirs.block_size_preferred, theirs.block_size_maximum],
    });
    const flagged = {
      READ_ONLY: 'is_read_only',
      CAN_MULTI_CONN: 'can_multi_conn',
      SEND_DF: 'can_df',
      SEND_FUA: 'can_fua',
      SEND_CACHE: 'can_cache',
      SEND_TRIM: 'can_trim',
      ROTATIONAL: 'is_rotational',
    };
    for (const [flag, key] of Object.entries(flagged))
      expect(ours.flags.includes(flag), flag).toBe(theirs[key]);
    const { stdout } = await cowscope(['layers', server.uri()]);
    expect(stdout).toMatch(/^1 export, no TLS, structured replies\n\n {2}the disk\n/);
    expect(stdout).toMatch(/^ {4}flags +HAS_FLAGS, READ_ONLY/m);
    expect(stdout).toMatch(/^ {4}block size +1 byte at least, 4 KiB preferred, 32 MiB at most$/m);
    expect(stdout).toMatch(
      /^ {4}context +qemu:dirty-bitmap:b0 \(what was written since the bitmap was started\)$/m,
    );
    // The address listed is one that can be opened.
    expect((await cowscopeJson(['map', '--output', 'json', ours.uri])).size).toBe(ours.size);
  });

  it('that refuses to list shows the export that was asked for; what cannot be asked about is named', async () => {
    const server = await startNbdkit(['memory', '1M']);
    stops.push(() => server.kill());
    expect((await cowscopeJson(['layers', '--output', 'json', server.uri()])).exports).toMatchObject([
      { name: '', size: 2 ** 20, contexts: ['base:allocation'] },
    ]);
    const broken = await startFakeServer({ exports: { good: { size: 4096 }, large: { size: 2n ** 63n } } });
    stops.push(() => broken.close());
    const result = await cowscope(['layers', '--output', 'json', broken.uri]);
    expect([result.code, codesOf(result)]).toEqual([3, ['NBD_EXPORT_TOO_LARGE']]);
    expect(JSON.parse(result.stdout).exports).toMatchObject([
      { name: 'good', size: 4096 },
      { name: 'large', size: -1 },
    ]);
  });
});
