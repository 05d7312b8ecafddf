/** Our map against qemu-img and nbdinfo: on the demo chains and on random ones, by both witnesses. */
import { stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ListSpec } from '../../electron/engine/worker/protocol.ts';
import { ALL_FINDINGS, codesOf } from '../support/findings.ts';
import { GOLDEN_TABLE, type QemuMapRow, stateOverNbd } from '../support/golden-table.ts';
import {
  bitmapsChain,
  damagedChain,
  extendedL2Chain,
  goldenChain,
  shortMiddleChain,
} from '../support/images/chains.ts';
import { allocationWithoutHostHoles, mapWithoutHostHoles } from '../support/images/host-holes.ts';
import { randomChain, seedGroups } from '../support/images/random-chain.ts';
import { listed, withChain } from '../support/session.ts';
import {
  hashFile,
  makeFolder,
  type NbdinfoExtent,
  nbdinfoMap,
  qemuImg,
  run,
  startQemuNbd,
  temporaryFolder,
} from '../support/tools.ts';

const folder = temporaryFolder();
const RANDOM_CHAINS = 200;
/** Chains in one test. */
const GROUP = 10;
/** One chain in so many is also read by qemu-nbd, which costs a process a layer. */
const NBD_EVERY = 4;

const QEMU_IMG: ListSpec = { list: 'qemu-img', compressed: false };
const ALLOCATION: ListSpec = { list: 'nbdinfo', context: 'allocation' };
const DEPTH: ListSpec = { list: 'nbdinfo', context: 'depth' };

const folderNamed = (name: string) => makeFolder(folder, name);

/** What the peers say of a chain, with qemu's guess from host holes undone. */
async function peers(top: string) {
  const map = mapWithoutHostHoles(JSON.parse(await qemuImg('map', '--output=json', top)) as QemuMapRow[]);
  const server = await startQemuNbd(['-A', '-f', 'qcow2', top]);
  try {
    const allocation = allocationWithoutHostHoles(await nbdinfoMap(server.uri, 'base:allocation'));
    const depth = await nbdinfoMap(server.uri, 'qemu:allocation-depth');
    return { map, allocation, depth };
  } finally {
    await server.stop();
  }
}

async function compareWithPeers(top: string, witness: 'metadata' | 'nbd'): Promise<void> {
  const expected = await peers(top);
  await withChain([top], { witness }, async session => {
    const ours = (spec: ListSpec) => listed(session, { spec, layer: undefined });
    // Host offsets of qcow2 layers are in the image's own tables only.
    if (witness === 'metadata') expect(await ours(QEMU_IMG)).toEqual(expected.map);
    const allocation = (await ours(ALLOCATION)) as NbdinfoExtent[];
    expect(allocationWithoutHostHoles(allocation)).toEqual(expected.allocation);
    if (witness === 'metadata') expect(allocation.some(({ type }) => type === 2)).toBe(false);
    expect(await ours(DEPTH)).toEqual(expected.depth);
  });
}

describe.each([
  ['golden', goldenChain],
  ['short-middle', shortMiddleChain],
  ['bitmaps', bitmapsChain],
  ['extended-l2', extendedL2Chain],
])('the demo chain %s', (name, make) => {
  it.each(['metadata', 'nbd'] as const)(
    'by the %s witness prints what qemu-img and nbdinfo print',
    async witness => {
      const paths = await make(await folderNamed(`${name}-${witness}`));
      const before = await Promise.all(paths.map(hashFile));
      await compareWithPeers(paths.at(-1) as string, witness);
      expect(await Promise.all(paths.map(hashFile))).toEqual(before);
    },
  );
});

describe.each(['metadata', 'nbd'] as const)('the golden table by the %s witness', witness => {
  it('comes out cell by cell', async () => {
    const paths = await goldenChain(await folderNamed(`table-${witness}`));
    const names = ['base', 'mid', 'top'] as const;
    await withChain([paths.at(-1) as string], { witness }, async session => {
      const merged = (await listed(session, {
        spec: { list: 'map', format: 'json', hosts: false },
        layer: undefined,
      })) as MapRow[];
      const alone = await Promise.all(
        names.map(
          (_, layer) =>
            listed(session, { spec: { list: 'map', format: 'json', hosts: false }, layer }) as Promise<
              MapRow[]
            >,
        ),
      );
      for (const row of GOLDEN_TABLE) {
        for (let offset = row.offset; offset < row.offset + row.length; offset += 65536) {
          const guest = rowAt(merged, offset);
          expect(guest.owner, `owner at ${offset}`).toBe(
            row.owner === undefined ? null : names.indexOf(row.owner),
          );
          expect(guest.overrides.length > 0, `override at ${offset}`).toBe(row.overrides);
          names.forEach((name, layer) => {
            const state = row.states[name];
            const past = state === 'outOfRange';
            const found = past ? undefined : rowAt(alone[layer] as MapRow[], offset).state;
            if (!past)
              expect(found, `${name} at ${offset}`).toBe(witness === 'nbd' ? stateOverNbd(state) : state);
          });
          const zeroOverData = row.owner === 'mid' && row.states.mid !== 'data';
          expect(guest.holeOverrides === true, `hole that overrides at ${offset}`).toBe(zeroOverData);
        }
      }
    });
  });

  it('shows the zero cluster over data that an isolated export reports as a hole', async () => {
    const paths = await goldenChain(await folderNamed(`hole-${witness}`));
    await withChain([paths[1] as string], { witness }, async session => {
      const alone = (await listed(session, { spec: ALLOCATION, layer: 1 })) as NbdinfoExtent[];
      expect(
        alone.some(({ offset, length, type }) => type === 3 && offset <= 196608 && offset + length >= 393216),
      ).toBe(true);
      const merged = (await listed(session, {
        spec: { list: 'map', format: 'json', hosts: false },
        layer: undefined,
      })) as MapRow[];
      for (const offset of [196608, 262144, 327680])
        expect(rowAt(merged, offset)).toMatchObject({ owner: 1, holeOverrides: true, overrides: [0] });
    });
  });

  it('shows no owner past the end of a short middle layer, and the base’s data there as shadowed', async () => {
    const paths = await shortMiddleChain(await folderNamed(`short-${witness}`));
    await withChain([paths.at(-1) as string], { witness }, async session => {
      const rows = (await listed(session, {
        spec: { list: 'map', format: 'json', hosts: false },
        layer: undefined,
      })) as MapRow[];
      for (const offset of [524288, 1048575])
        expect(rowAt(rows, offset)).toMatchObject({ owner: null, state: 'outOfRange', shadows: [0] });
    });
  });
});

interface MapRow {
  readonly start: number;
  readonly length: number;
  readonly owner: number | null;
  readonly state: string;
  readonly overrides: readonly number[];
  readonly shadows: readonly number[];
  readonly holeOverrides?: boolean;
}

function rowAt(rows: readonly MapRow[], offset: number): MapRow {
  const row = rows.find(({ start, length }) => start <= offset && offset < start + length);
  if (row === undefined) throw new Error(`no row holds ${offset}`);
  return row;
}

describe('a damaged chain', () => {
  it('is mapped where it can be read, where qemu-img gives up', async () => {
    const paths = await damagedChain(await folderNamed('damaged'));
    const top = paths.at(-1) as string;
    expect((await run('qemu-img', ['map', '--output=json', top])).code).not.toBe(0);
    await withChain([top], { witness: 'metadata' }, async session => {
      const rows = (await listed(session, {
        spec: { list: 'map', format: 'json', hosts: false },
        layer: undefined,
      })) as MapRow[];
      expect(rows[0]).toMatchObject({ start: 0, length: 65536, state: 'unreadable' });
      const lost = rows.filter(({ state }) => state === 'unreadable');
      expect(lost.map(({ start, length }) => [start, length])).toEqual([
        [0, 65536],
        [262144, 65536], // its data lies past the end of the file
      ]);
      const { findings } = await session.ask('findings', ALL_FINDINGS);
      expect(codesOf(findings)).toContain('QCOW2_ENTRY_UNALIGNED');
    });
  });

  it('whose file was cut is listed as qemu-img and nbdinfo list it: data past the end is theirs to answer', async () => {
    const path = join(await folderNamed('cut'), 'cut.qcow2');
    await qemuImg('create', '-q', '-f', 'qcow2', path, '1M');
    const writes = ['-c', 'write 0 128k', '-c', 'write 256k 64k', '-c', 'write -c 512k 64k'];
    await run('qemu-io', [...writes, path]);
    await truncate(path, (await stat(path)).size - 2 * 65536);
    await compareWithPeers(path, 'metadata');
    await withChain([path], { witness: 'metadata' }, async session => {
      await listed(session, { spec: QEMU_IMG, layer: undefined });
      const { findings } = await session.ask('findings', ALL_FINDINGS);
      expect(codesOf(findings)).toEqual(['QCOW2_PAST_END', 'QCOW2_CLUSTER_CUT']);
    });
  });

  it('over NBD loses one cluster and nothing else', async () => {
    const paths = await damagedChain(await folderNamed('damaged-nbd'));
    await withChain([paths.at(-1) as string], { witness: 'nbd' }, async session => {
      const rows = (await listed(session, {
        spec: { list: 'map', format: 'json', hosts: false },
        layer: undefined,
      })) as MapRow[];
      expect(rows.filter(({ state }) => state === 'unreadable')).toEqual([
        expect.objectContaining({ start: 0, length: 65536 }),
      ]);
    });
  });
});

describe('dirty bitmaps', () => {
  it.each(['metadata', 'nbd'] as const)('by the %s witness are those nbdinfo prints', async witness => {
    const paths = await bitmapsChain(await folderNamed(`dirty-${witness}`));
    const base = paths[0] as string;
    const server = await startQemuNbd(['-A', '-B', 'b0', '-B', 'b1', '-f', 'qcow2', base]);
    try {
      for (const name of ['b0', 'b1']) {
        const expected = await nbdinfoMap(server.uri, `qemu:dirty-bitmap:${name}`);
        const spec: ListSpec = { list: 'nbdinfo', context: 'bitmap', bitmap: { layer: 0, name } };
        expect(
          await withChain([base], { witness }, session => listed(session, { spec, layer: undefined })),
        ).toEqual(expected);
      }
    } finally {
      await server.stop();
    }
  });
});

describe(`${RANDOM_CHAINS} random chains`, () => {
  it.concurrent.each(seedGroups(RANDOM_CHAINS, GROUP))(
    'from seed %i on are mapped as qemu-img and nbdinfo map them',
    async first => {
      const own = await folderNamed(`random-${first}`);
      for (let seed = first; seed < first + GROUP; seed++) {
        const chain = await randomChain(seed, own);
        await compareWithPeers(chain.top, 'metadata');
        if (seed % NBD_EVERY === 0) await compareWithPeers(chain.top, 'nbd');
      }
    },
  );
});
