/** Images of every other make: the golden chain, version 1, encrypted, raw data files; and what they say of themselves. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { recognizeFormat } from '../../electron/qcow2/read/probe-format.ts';
import { qcow2Info } from '../../electron/qcow2/read/qemu-info.ts';
import { GOLDEN_TABLE } from '../support/golden-table.ts';
import { goldenChain } from '../support/images/chains.ts';
import { mapWithoutHostHoles } from '../support/images/host-holes.ts';
import { randomChain } from '../support/images/random-chain.ts';
import { alone, asQemuMap, mapWhole, openSource, readImage, statesOf } from '../support/qcow2-reading.ts';
import { nbdinfoMap, qemuImg, qemuIo, runWell, startQemuNbd, temporaryFolder } from '../support/tools.ts';

const folder = temporaryFolder();

async function qemuMap(...args: string[]) {
  return mapWithoutHostHoles(JSON.parse(await qemuImg('map', '--output=json', ...args)));
}

it('tells every layer of the golden chain apart, cell by cell', async () => {
  const [base, mid, top] = (await goldenChain(folder)) as [string, string, string];
  for (const [layer, path] of Object.entries({ base, mid, top })) {
    const states = statesOf(readImage(path));
    for (const row of GOLDEN_TABLE) {
      const expected = row.states[layer as keyof typeof row.states];
      if (expected === 'outOfRange') continue;
      const found = states.find(
        ([start, length]) => start <= row.offset && row.offset + row.length <= start + length,
      );
      expect(found?.[2], `${layer} at ${row.offset}`).toBe(expected);
    }
  }
});

describe('version 1', () => {
  const io = (path: string, ...commands: string[]) =>
    runWell('qemu-io', ['-f', 'qcow', ...commands.flatMap(c => ['-c', c]), path]);

  async function expectSame(path: string): Promise<void> {
    const image = readImage(path);
    expect(recognizeFormat(openSource(path)).format).toBe('qcow');
    expect(image.header.version).toBe(1);
    const file = { driver: 'file', filename: path };
    const theirs = await qemuMap(`json:${JSON.stringify({ driver: 'qcow', backing: null, file })}`);
    expect(theirs.length).toBeGreaterThan(4);
    expect(asQemuMap(mapWhole(image))).toEqual(theirs);
    expect(mapWhole(image, { span: 2 ** 16 })).toEqual(mapWhole(image));
  }

  it('with data and compressed clusters', async () => {
    const path = join(folder, 'v1.qcow');
    await qemuImg('create', '-f', 'qcow', path, '9M');
    await io(path, 'write -P1 0 64k', 'write -P2 1M 4k', 'write -P3 8M 300k', 'write -P4 5M 512');
    await io(path, 'write -c -P5 3M 4k', 'write -c -P6 3076k 4k');
    await expectSame(path);
  });

  it('with the small clusters of an overlay', async () => {
    const base = join(folder, 'v1-base.raw');
    await qemuImg('create', '-f', 'raw', base, '2M');
    const path = join(folder, 'v1-small.qcow');
    await qemuImg('create', '-f', 'qcow', '-o', `backing_file=${base},backing_fmt=raw`, path);
    await io(path, 'write -P1 512 1k', 'write -P2 1M 700', 'write -P3 2096640 512');
    expect(readImage(path).geometry.clusterSize).toBe(512);
    await expectSame(path);
  });

  it('names its backing file', async () => {
    const base = join(folder, 'v1-base.raw');
    await qemuImg('create', '-f', 'raw', base, '1M');
    const path = join(folder, 'v1-over.qcow');
    await qemuImg('create', '-f', 'qcow', '-o', `backing_file=${base},backing_fmt=raw`, path);
    const image = readImage(path);
    expect(Buffer.from(image.backingFileBytes).toString()).toBe(base);
    expect(image.header.size).toBe(2 ** 20);
  });
});

/** qemu measures the machine's speed for a LUKS key and sometimes fails with any options: then it is run again. */
async function createEncrypted(...args: readonly string[]): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await qemuImg('create', '-f', 'qcow2', ...args);
      return;
    } catch (error) {
      if (tries === 20 || !String(error).includes('Unable to get accurate CPU usage')) throw error;
    }
  }
}

describe('encrypted images', () => {
  it.each(['luks', 'aes'])('%s is mapped without its key', async format => {
    const path = join(folder, `${format}.qcow2`);
    const secret = ['--object', 'secret,id=k,data=password'];
    const options = `encrypt.format=${format},encrypt.key-secret=k${format === 'luks' ? ',encrypt.iter-time=10' : ''}`;
    await createEncrypted(...secret, '-o', options, path, '4M');
    const spec = {
      driver: 'qcow2',
      encrypt: { format, 'key-secret': 'k' },
      file: { driver: 'file', filename: path },
    };
    const keyed = `json:${JSON.stringify(spec)}`;
    const commands = ['-c', 'write -P1 64k 128k', '-c', 'write -z 1M 64k', '-c', 'write -P2 3M 1k'];
    await runWell('qemu-io', [...secret, ...commands, keyed]);
    const image = readImage(path);
    expect(image.findings).toEqual([]);
    expect(qcow2Info(image).encryption).toBe(format);
    expect(asQemuMap(mapWhole(image))).toEqual(await qemuMap(...secret, keyed));
  });
});

describe('raw data files', () => {
  it('are local throughout, at the guest offset', async () => {
    const path = join(folder, 'raw-data.qcow2');
    const data = join(folder, 'raw-data.raw');
    await qemuImg('create', '-f', 'qcow2', '-o', `data_file=${data},data_file_raw=on`, path, '8M');
    await qemuIo(path, 'write -P1 64k 128k', 'write -z -u 1M 64k', 'discard 2M 64k');
    const image = readImage(path);
    expect(image.extensions.dataFile).toBe(data);
    expect(qcow2Info(image).dataFileRaw).toBe(true);
    expect(asQemuMap(mapWhole(image))).toEqual(await qemuMap(alone(path, data)));
  });
});

describe('what an image says of itself', () => {
  it('is what qemu-img info says', async () => {
    for (let seed = 9000; seed < 9016; seed++) {
      const chain = await randomChain(seed, folder, { snapshots: true, bitmaps: true });
      for (const layer of chain.layers.filter(({ format }) => format === 'qcow2')) {
        const image = readImage(layer.path);
        const info = qcow2Info(image);
        const theirs = JSON.parse(await qemuImg('info', '--output=json', layer.path));
        const data = theirs['format-specific'].data;
        expect(theirs['virtual-size']).toBe(image.header.size);
        expect(theirs['cluster-size']).toBe(info.clusterSize);
        expect(theirs['backing-filename'] ?? '').toBe(Buffer.from(image.backingFileBytes).toString());
        expect(theirs['backing-filename-format'] ?? '').toBe(image.extensions.backingFormat);
        expect(theirs['dirty-flag']).toBe(info.dirty);
        expect(data.compat).toBe(info.version === 2 ? '0.10' : '1.1');
        expect(data['compression-type']).toBe(info.compressionType);
        expect(data['refcount-bits']).toBe(info.refcountBits);
        expect(data['extended-l2'] ?? false).toBe(info.extendedL2);
        expect(data['lazy-refcounts'] ?? false).toBe(info.lazyRefcounts);
        expect(data.corrupt ?? false).toBe(info.corrupt);
        expect(theirs.snapshots ?? []).toEqual(
          image.snapshots.map(entry =>
            expect.objectContaining({
              id: entry.id,
              name: entry.name,
              'vm-state-size': entry.vmStateSize,
              'date-sec': entry.dateSeconds,
              'date-nsec': entry.dateNanoseconds,
            }),
          ),
        );
        expect(
          (data.bitmaps ?? []).map((b: { name: string; granularity: number }) => [b.name, b.granularity]),
        ).toEqual(info.bitmaps.map(bitmap => [bitmap.name, bitmap.granularity]));
      }
    }
  });
});

it('tells the images of other programs by their magic', async () => {
  for (const format of ['vdi', 'vmdk', 'vhdx', 'qed']) {
    const path = join(folder, `other.${format}`);
    await qemuImg('create', '-q', '-f', format, path, '1M');
    expect(recognizeFormat(openSource(path)).format).toBe(format);
  }
});

describe('the advice for a disk whose tables are not read', () => {
  it.each([
    ['vmdk', true],
    ['vdi', true],
    ['vpc', true],
    ['qed', true],
    ['parallels', true],
    ['vhdx', false],
  ] as const)(
    'of %s names the format as qemu does, and says whether its holes are reported',
    async (driver, tellsHoles) => {
      const path = join(folder, `disk.${driver}`);
      await qemuImg('create', '-q', '-f', driver, path, '64M');
      await runWell('qemu-io', ['-f', driver, '-c', 'write -P 1 8M 1M', path]);
      const { sentence } = recognizeFormat(openSource(path));
      const [, options = ''] =
        /`qemu-nbd --read-only --persistent --socket=SOCKET (.*) FILE`/.exec(sentence) ?? [];
      expect(options).toBe(`--format=${driver}`);
      expect(sentence).toContain(`-f ${driver} -O qcow2`);
      const { uri, stop } = await startQemuNbd([options, path]);
      try {
        const extents = await nbdinfoMap(uri, 'base:allocation');
        expect(extents.length > 1).toBe(tellsHoles);
        expect(sentence.includes('shows all of it as data')).toBe(!tellsHoles);
      } finally {
        await stop();
      }
    },
  );
});
