/** Our map against qemu-img of two versions on random chains with everything qcow2 has: data files, snapshots, bitmaps, all widths. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ListSpec } from '../../electron/engine/worker/protocol.ts';
import { contextSpec } from '../../electron/service/contexts.ts';
import { BITMAP_PREFIX } from '../../shared/nbd-contexts.ts';
import { CHAIN_FEATURES, featuresOf } from '../support/images/chain-features.ts';
import { mapWithoutHostHoles } from '../support/images/host-holes.ts';
import { type RandomChain, randomChain, seedGroups } from '../support/images/random-chain.ts';
import { newerQemu } from '../support/newer-qemu.ts';
import { listed, withChain } from '../support/session.ts';
import {
  type NbdinfoExtent,
  nbdinfoMap,
  qemuImg,
  runWell,
  startQemuNbd,
  temporaryFolder,
} from '../support/tools.ts';

const folder = temporaryFolder();
/** COWSCOPE_CHAINS sets how many. */
const CHAINS = Number(process.env.COWSCOPE_CHAINS ?? 300);
/** COWSCOPE_CHAINS_BEFORE leaves out so many that come first, so that many chains can be compared in several runs. */
const BEFORE = Number(process.env.COWSCOPE_CHAINS_BEFORE ?? 0);
/** Chains in one test. */
const GROUP = 5;
/** One chain in so many is also compared with the newer qemu-img, and its bitmaps with nbdinfo. */
const PEERS_EVERY = 4;
/** Seeds that no other test uses. */
const FIRST_SEED = 1_000_000;

/** Without the newer qemu its form is not compared. */
const newer = await newerQemu();

/** What nbdinfo prints of each bitmap of a chain, by context name. Of equal names qemu-nbd serves the topmost bitmap. */
async function bitmapsOf({ layers, top }: RandomChain): Promise<[name: string, rows: NbdinfoExtent[]][]> {
  const bitmaps = [...new Set(layers.flatMap(layer => layer.bitmaps))];
  if (bitmaps.length === 0) return [];
  const server = await startQemuNbd(['-A', ...bitmaps.flatMap(name => ['-B', name]), '-f', 'qcow2', top]);
  try {
    const names = bitmaps.map(name => BITMAP_PREFIX + name);
    const found: [string, NbdinfoExtent[]][] = [];
    for (const name of names) found.push([name, await nbdinfoMap(server.uri, name)]);
    return found;
  } finally {
    await server.stop();
  }
}

/** How many chains have each feature. */
const found = new Map(CHAIN_FEATURES.map(feature => [feature, 0]));

describe(`${CHAINS} random chains with data files, snapshots and bitmaps`, () => {
  const everything = { dataFile: true, snapshots: true, bitmaps: true, farOffsets: true };
  it.concurrent.each(seedGroups(CHAINS, GROUP).map(first => first + BEFORE))(
    'from seed %i on are mapped as qemu-img maps them',
    async first => {
      const own = join(folder, String(first));
      await mkdir(own);
      for (let seed = first; seed < first + GROUP; seed++) {
        const chain = await randomChain(FIRST_SEED + seed, own, everything);
        const recipe = JSON.stringify(chain.layers.map(layer => layer.recipe));
        await withChain([chain.top], { witness: 'metadata' }, async session => {
          const ours = (spec: ListSpec) => listed(session, { spec, layer: undefined });
          const theirs = (text: string) => mapWithoutHostHoles(JSON.parse(text));
          expect(await ours({ list: 'qemu-img', compressed: false }), recipe).toEqual(
            theirs(await qemuImg('map', '--output=json', chain.top)),
          );
          for (const feature of await featuresOf(chain, session)) found.set(feature, found.get(feature)! + 1);
          if (seed % PEERS_EVERY !== 0) return;
          if ('qemuImg' in newer)
            expect(await ours({ list: 'qemu-img', compressed: true }), recipe).toEqual(
              theirs(await runWell(newer.qemuImg, ['map', '--output=json', chain.top])),
            );
          for (const [name, rows] of await bitmapsOf(chain))
            expect(await ours(contextSpec(session.chain, name, undefined).spec), recipe).toEqual(rows);
        });
      }
    },
  );
});

it.each(CHAIN_FEATURES)('among these chains are some with %s', feature => {
  expect(found.get(feature)).toBeGreaterThan(0);
});
