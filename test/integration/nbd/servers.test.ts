/** The client against real servers: the same answer as nbdinfo for every context that they offer. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  type ConnectNbdOptions,
  connectNbd,
  type NbdConnection,
} from '../../../electron/nbd/client/client.ts';
import { listExports } from '../../../electron/nbd/client/list-exports.ts';
import { parseNbdUri } from '../../../electron/nbd/uri.ts';
import { EXPORT_FLAG } from '../../../electron/nbd/wire/protocol.ts';
import { bitmapsChain, extendedL2Chain, goldenChain, shortMiddleChain } from '../../support/images/chains.ts';
import { damageableImage, depthPatternChain, fragmentedImage } from '../../support/images/nbd-images.ts';
import { randomChain } from '../../support/images/random-chain.ts';
import {
  nbdinfoExtents,
  type PlainExtent,
  plainExtents,
  UNREADABLE_FLAGS,
  walkAll,
} from '../../support/nbd-status.ts';
import { type NewerQemu, type NoNewerQemu, newerQemu } from '../../support/newer-qemu.ts';
import { type ServerProcess, startNbdkit, startQemu } from '../../support/servers/nbd-server-process.ts';
import { makeFolder, qemuIo, runWell, temporaryFolder } from '../../support/tools.ts';

const folder = temporaryFolder();
const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

async function kept(starting: Promise<ServerProcess>): Promise<ServerProcess> {
  const server = await starting;
  stops.push(() => server.kill());
  return server;
}

async function connected(
  uri: string,
  options: ConnectNbdOptions = { contexts: 'offered' },
): Promise<NbdConnection> {
  const connection = await connectNbd(parseNbdUri(uri), options);
  stops.push(() => connection.close());
  return connection;
}

/** Compares long lists quickly, and shows the first difference alone. */
function expectSame(ours: readonly PlainExtent[], theirs: readonly PlainExtent[], about: string): void {
  const at = theirs.findIndex(({ offset, length, flags }, i) => {
    const extent = ours[i];
    return extent?.offset !== offset || extent.length !== length || extent.flags !== flags;
  });
  if (at >= 0) expect(ours[at], `${about}, extent ${at}`).toEqual(theirs[at]);
  expect(ours.length, about).toBe(theirs.length);
}

/** Compares every offered context, all asked for together, with what nbdinfo says of each alone. */
async function expectSameAsNbdinfo(uri: string, nbdinfo = 'nbdinfo'): Promise<NbdConnection> {
  const connection = await connected(uri);
  expect(connection.contexts.map(context => context.name)).toEqual(connection.offeredContexts);
  const batches = await walkAll(connection);
  for (const [index, { name }] of connection.contexts.entries()) {
    expectSame(plainExtents(batches, index), await nbdinfoExtents(uri, name, nbdinfo), name);
  }
  return connection;
}

const folderNamed = (name: string) => makeFolder(folder, name);

function alone(filename: string): string {
  return `json:${JSON.stringify({ driver: 'qcow2', backing: null, file: { driver: 'file', filename } })}`;
}

async function expectOneClusterLost(command: string): Promise<void> {
  const { path, damage } = await damageableImage(await folderNamed(`damage-${command.length}`));
  const sound = await kept(startQemu(['-A', '-f', 'qcow2', path], 'unix', command));
  const before = await walkAll(await expectSameAsNbdinfo(sound.uri()));
  await sound.kill();
  await damage();
  const uri = (await kept(startQemu(['-A', '-f', 'qcow2', path], 'unix', command))).uri();
  await expect(nbdinfoExtents(uri, 'base:allocation')).rejects.toThrow();
  const connection = await connected(uri);
  const after = await walkAll(connection);
  const bad = after.filter(batch => batch.unreadable !== undefined);
  expect(bad).toMatchObject([{ offset: 65_536, covered: 65_536, unreadable: { code: 'NBD_IO_ERROR' } }]);
  for (const index of [0, 1]) {
    const at = (batches: typeof after, cluster: number) =>
      plainExtents(batches, index).findLast(extent => extent.offset <= cluster * 65_536)?.flags;
    for (let cluster = 0; cluster < 131_072; cluster += cluster < 10 ? 1 : 4001) {
      expect(at(after, cluster)).toBe(cluster === 1 ? UNREADABLE_FLAGS : at(before, cluster));
    }
  }
  expect(connection.error).toBeUndefined();
}

describe.each(['unix', 'tcp'] as const)('qemu-nbd over %s', carrier => {
  it('agrees with nbdinfo on the golden chain and on its layers alone', async () => {
    const paths = await goldenChain(await folderNamed(`golden-${carrier}`));
    for (const path of paths) {
      await expectSameAsNbdinfo((await kept(startQemu(['-A', '-f', 'qcow2', path], carrier))).uri());
      await expectSameAsNbdinfo((await kept(startQemu(['-A', alone(path)], carrier))).uri());
    }
  });

  it('reads what qemu-io wrote', async () => {
    const [, , top] = await goldenChain(await folderNamed(`read-${carrier}`));
    const connection = await connected(
      (await kept(startQemu(['-f', 'qcow2', top as string], carrier))).uri(),
    );
    const bytes = await connection.read(0, connection.size);
    const at = (cluster: number) => bytes[cluster * 65_536 + 5];
    expect([0, 1, 2, 3, 4, 6, 7, 10, 18].map(at)).toEqual([1, 2, 3, 0, 0, 3, 1, 0, 3]);
    expect(bytes).toHaveLength(1280 * 1024);
  });
});

describe('qemu-nbd', () => {
  it('gives several bitmaps together with the other contexts', async () => {
    const [base] = await bitmapsChain(await folderNamed('bitmaps'));
    const server = await kept(startQemu(['-A', '-B', 'b1', '-B', 'b0', '-f', 'qcow2', base as string]));
    const connection = await expectSameAsNbdinfo(server.uri());
    expect(connection.contexts.map(context => context.name).sort()).toEqual([
      'base:allocation',
      'qemu:allocation-depth',
      'qemu:dirty-bitmap:b0',
      'qemu:dirty-bitmap:b1',
    ]);
  });

  it('is asked one request at a time, whatever it offers', async () => {
    const [base] = await goldenChain(await folderNamed('one-at-a-time'));
    for (const depth of [['-A'], []]) {
      const server = await kept(startQemu([...depth, '-f', 'qcow2', base as string]));
      expect((await connected(server.uri())).serialStatusRequests).toBe(true);
    }
  });

  it('cuts one context long before another (unequal coverage)', async () => {
    const path = await fragmentedImage(folder, 2 * 131_072);
    const server = await kept(startQemu(['-A', '-f', 'qcow2', path]));
    const connection = await expectSameAsNbdinfo(server.uri());
    const [allocation, depth] = await connection.blockStatus(0, connection.size);
    expect([allocation?.covered, depth?.covered]).toEqual([2 ** 26, 2 ** 27]);
    expect(allocation?.payload).toHaveLength(131_072 * 8);
  });

  it('gives the depths of four layers', async () => {
    const top = await depthPatternChain(await folderNamed('depths'));
    const connection = await expectSameAsNbdinfo((await kept(startQemu(['-A', '-f', 'qcow2', top]))).uri());
    const extents = plainExtents(await walkAll(connection, { contexts: [1] }), 1);
    const depths = extents.flatMap(({ length, flags }) => new Array<number>(length / 2 ** 20).fill(flags));
    expect(depths).toEqual([4, 1, 2, 3, 3, 1, 2, 0]);
  });

  it('agrees with nbdinfo on a short middle layer and on subclusters', async () => {
    for (const make of [shortMiddleChain, extendedL2Chain]) {
      for (const path of await make(await folderNamed(make.name))) {
        await expectSameAsNbdinfo((await kept(startQemu(['-A', '-f', 'qcow2', path]))).uri());
      }
    }
  });

  it('describes a raw file of 1000 bytes', async () => {
    const path = join(folder, 'thousand.raw');
    await writeFile(path, Buffer.alloc(1000, 7));
    const connection = await expectSameAsNbdinfo((await kept(startQemu(['-f', 'raw', path]))).uri());
    expect(connection.size).toBe(1024);
    expect(plainExtents(await walkAll(connection), 0)).toEqual([
      { offset: 0, length: 1000, flags: 0 },
      { offset: 1000, length: 24, flags: 3 },
    ]);
  });

  it('loses one cluster of 8 GiB to a damaged entry, where nbdinfo loses all', async () => {
    await expectOneClusterLost('qemu-nbd');
  });

  it('lists what it offers as nbdinfo --list does', async () => {
    const [base] = await bitmapsChain(await folderNamed('list'));
    const args = ['-A', '-B', 'b0', '-f', 'qcow2', '-x', 'the/disk', '-D', 'a description', base as string];
    const server = await kept(startQemu(args));
    const [listed] = (await listExports(parseNbdUri(server.uri()))).exports;
    const told = JSON.parse(await runWell('nbdinfo', ['--list', '--json', server.uri()])).exports[0];
    expect(listed).toMatchObject({
      name: told['export-name'],
      description: told.description,
      facts: {
        size: told['export-size'],
        contexts: told.contexts,
        blockSize: {
          minimum: told.block_size_minimum,
          preferred: told.block_size_preferred,
          maximum: told.block_size_maximum,
        },
      },
    });
    expect((listed?.facts?.flags ?? 0) & EXPORT_FLAG.readOnly).not.toBe(0);
    expect((await connected(listed?.uri as string)).size).toBe(told['export-size']);
  });

  it('refuses an export it does not have, and a bitmap it does not have', async () => {
    const [base] = await bitmapsChain(await folderNamed('refuse'));
    const server = await kept(startQemu(['-x', 'disk', '-f', 'qcow2', base as string]));
    await expect(connected(server.uri('other'))).rejects.toThrow(
      expect.objectContaining({ code: 'NBD_EXPORT_UNKNOWN' }),
    );
    const requiredContexts = ['qemu:dirty-bitmap:b0'];
    await expect(connected(server.uri('disk'), { requiredContexts })).rejects.toThrow(
      expect.objectContaining({ code: 'NBD_CONTEXT_NOT_OFFERED', advice: 'it offers "base:allocation"' }),
    );
  });
});

describe('random chains on qemu-nbd', () => {
  it.concurrent.each(Array.from({ length: 30 }, (_, i) => i))('agree with nbdinfo, batch %i', async batch => {
    for (let i = 0; i < 10; i++) {
      const { layers, seed } = await randomChain(5000 + batch * 10 + i, folder, { bitmaps: true });
      for (const { path, format } of layers.slice(1)) {
        const server = await startQemu(['-A', '-f', format, path]);
        const connection = await connectNbd(parseNbdUri(server.uri()));
        try {
          const together = await walkAll(connection);
          for (const [index, { name }] of connection.contexts.entries()) {
            const alone = await walkAll(connection, { contexts: [index] });
            expectSame(plainExtents(together, index), plainExtents(alone, index), `${seed} ${name}`);
            expectSame(
              plainExtents(together, index),
              await nbdinfoExtents(server.uri(), name),
              `${seed} ${name}`,
            );
          }
        } finally {
          await connection.close();
          await server.kill();
        }
      }
    }
  });
});

describe.each(['unix', 'tcp'] as const)('nbdkit over %s', carrier => {
  it.each([
    ['memory', ['memory', '3M']],
    ['sparse data', ['data', 'data=1 @65536 2*1000 @1048576 3', 'size=2M']],
    ['a pattern', ['pattern', '1M']],
    ['random sparse data', ['sparse-random', '64M', 'seed=4']],
    ['an export of 1 TiB', ['memory', '1T']],
    [
      'blocks of 4096 bytes',
      [
        '--filter=blocksize-policy',
        'memory',
        '1M',
        'blocksize-minimum=4096',
        'blocksize-preferred=65536',
        'blocksize-maximum=1M',
      ],
    ],
  ])('agrees with nbdinfo on %s', async (_, args) => {
    await expectSameAsNbdinfo((await kept(startNbdkit(args, carrier))).uri());
  });

  it('agrees with nbdinfo on 1 TiB with several requests in flight, as where it is far', async () => {
    const data = Array.from({ length: 600 }, (_, i) => `@${i * 1_700_000_000} ${i % 256}`).join(' ');
    const server = await kept(startNbdkit(['data', `data=${data}`, 'size=1T'], carrier));
    const connection = await connected(server.uri());
    expect(connection.serialStatusRequests).toBe(false);
    const far: NbdConnection = Object.create(connection, { roundTrip: { value: 1e6 } });
    const ours = plainExtents(await walkAll(far), 0);
    expectSame(ours, await nbdinfoExtents(server.uri(), 'base:allocation'), 'base:allocation');
  });

  it('reads bytes', async () => {
    const server = await kept(startNbdkit(['pattern', '80M'], carrier));
    const connection = await connected(server.uri());
    const bytes = Buffer.from(await connection.read(0, connection.size));
    for (let at = 0; at < bytes.length; at += 8 * 1001) expect(bytes.readBigUInt64BE(at)).toBe(BigInt(at));
  });

  it('refuses an export of 2^63 - 1 bytes', async () => {
    const server = await kept(startNbdkit(['memory', '9223372036854775807'], carrier));
    await expect(connected(server.uri())).rejects.toThrow(
      expect.objectContaining({ code: 'NBD_EXPORT_TOO_LARGE' }),
    );
  });

  it('says that a server of the old style is too old', async () => {
    const server = await kept(startNbdkit(['-o', 'memory', '1M'], carrier));
    await expect(connected(server.uri())).rejects.toThrow(expect.objectContaining({ code: 'NBD_OLD_STYLE' }));
  });

  it('says that a server without structured replies is too old', async () => {
    const server = await kept(startNbdkit(['--no-sr', 'memory', '1M'], carrier));
    await expect(connected(server.uri())).rejects.toThrow(
      expect.objectContaining({ code: 'NBD_NO_STRUCTURED_REPLIES' }),
    );
  });
});

describe('a newer qemu-nbd, with extended headers', () => {
  let newer: NewerQemu | NoNewerQemu;
  beforeAll(async () => {
    newer = await newerQemu();
  }, 600_000);

  function present(context: { skip(reason: string): never }): NewerQemu {
    return 'reason' in newer ? context.skip(newer.reason) : newer;
  }

  it('agrees with the newer nbdinfo on chains, bitmaps and subclusters', async context => {
    const { qemuNbd, nbdinfo } = present(context);
    for (const make of [goldenChain, shortMiddleChain, extendedL2Chain, bitmapsChain]) {
      for (const path of await make(await folderNamed(`newer-${make.name}`))) {
        const bitmaps = path.endsWith('base.qcow2') && make === bitmapsChain ? ['-B', 'b0', '-B', 'b1'] : [];
        const server = await kept(startQemu(['-A', ...bitmaps, '-f', 'qcow2', path], 'unix', qemuNbd));
        const connection = await expectSameAsNbdinfo(server.uri(), nbdinfo);
        expect(connection).toMatchObject({ extendedHeaders: true, statusFilter: true });
      }
    }
  });

  it('describes a large empty image in one extent', async context => {
    const { qemuNbd } = present(context);
    const path = join(folder, 'empty.qcow2');
    await runWell('qemu-img', ['create', '-q', '-f', 'qcow2', path, '40G']);
    await qemuIo(path, 'write -P1 30G 64k', 'flush');
    const connection = await connected(
      (await kept(startQemu(['-A', '-f', 'qcow2', path], 'unix', qemuNbd))).uri(),
    );
    const [allocation] = await connection.blockStatus(0, connection.size);
    expect(allocation).toMatchObject({ wide: true, covered: 40 * 2 ** 30 });
    expect(allocation?.payload).toHaveLength(48);
    expect(plainExtents(await walkAll(connection), 1).map(({ offset }) => offset / 2 ** 30)).toEqual([
      0,
      30,
      30 + 2 ** -14,
    ]);
  });

  it('loses one cluster to a damaged entry', async context => {
    await expectOneClusterLost(present(context).qemuNbd);
  });

  it('is asked about the context that lags alone', async context => {
    const { qemuNbd, nbdinfo } = present(context);
    const path = await fragmentedImage(folder, 3 * 131_072);
    const server = await kept(startQemu(['-A', '-f', 'qcow2', path], 'unix', qemuNbd));
    const connection = await expectSameAsNbdinfo(server.uri(), nbdinfo);
    const asked: (readonly number[] | undefined)[] = [];
    const spied: NbdConnection = {
      ...connection,
      blockStatus(offset, length, options) {
        asked.push(options?.contexts);
        return connection.blockStatus(offset, length, options);
      },
    };
    await walkAll(spied);
    // 64 MiB at first, then the rest: twice 131,072 extents of one, of which a reply has the first half.
    expect(asked).toEqual([[0, 1], [0, 1], [0]]);
  });
});
