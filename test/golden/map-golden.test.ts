/** Our map against qemu-img on random chains with everything qcow2 has: data files, snapshots, bitmaps, all widths. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { mapWithoutHostHoles } from '../support/host-holes.ts';
import { randomChain, seedGroups } from '../support/random-chain.ts';
import { listed, withChain } from '../support/session.ts';
import { qemuImg, temporaryFolder } from '../support/tools.ts';

const folder = temporaryFolder();
const CHAINS = 300;
/** Chains in one test. */
const GROUP = 10;
/** Seeds of their own, apart from those of other tests. */
const FIRST_SEED = 1_000_000;

describe(`${CHAINS} random chains with data files, snapshots and bitmaps`, () => {
  const everything = { dataFile: true, snapshots: true, bitmaps: true };
  it.concurrent.each(seedGroups(CHAINS, GROUP))(
    'from seed %i on are mapped as qemu-img maps them',
    async first => {
      const own = join(folder, String(first));
      await mkdir(own);
      for (let seed = first; seed < first + GROUP; seed++) {
        const chain = await randomChain(FIRST_SEED + seed, own, everything);
        const expected = mapWithoutHostHoles(JSON.parse(await qemuImg('map', '--output=json', chain.top)));
        const rows = await withChain([chain.top], { witness: 'metadata' }, session =>
          listed(session, { spec: { list: 'qemu-img' }, layer: undefined }),
        );
        expect(rows, JSON.stringify(chain.layers.map(({ recipe }) => recipe))).toEqual(expected);
      }
    },
  );
});
