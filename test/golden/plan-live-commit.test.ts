/** The planned live commits against those of a real qemu, on random chains: every cluster, bytes written, file length. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type ChainFeatures, randomChain, seedGroups } from '../support/images/random-chain.ts';
import { newerQemu } from '../support/newer-qemu.ts';
import { expectProved, planFiles, versionOf } from '../support/plan/commit-proof.ts';
import { ProofTable } from '../support/plan/proof-table.ts';
import { commitLive } from '../support/servers/storage-daemon.ts';
import { temporaryFolder } from '../support/tools.ts';

/** Chains for each kind of job; by hand many more were run. */
const CHAINS = Number(process.env.COWSCOPE_PLAN_CHAINS ?? 8);
const folder = temporaryFolder();
const newer = await newerQemu();
const table = new ProofTable();
afterAll(() => table.print());

/** Compares one commit with that of qemu. False where the chain has too few layers for the job. */
async function proveLiveCommit(
  seed: number,
  job: 'live' | 'active',
  features: Partial<ChainFeatures> = {},
): Promise<boolean> {
  if ('reason' in newer) throw new Error(newer.reason);
  const own = join(folder, `${seed}-${job}`);
  await mkdir(own);
  const chain = await randomChain(seed, own, features);
  const { layers } = chain;
  const top = layers.length - (job === 'live' ? 2 : 1);
  if (top < 1) return false;
  const target = (seed * 5) % top;
  const discard = seed % 2 === 0 ? 'unmap' : 'ignore';
  const qemu = await versionOf(newer.qemuImg);
  const paths = layers.map(({ path }) => path);
  const plan = await planFiles(paths, { target, top, job, qemu, unmaps: discard === 'unmap' });
  const program = newer.qemuStorageDaemon;
  const { error, trace } = await commitLive({ program, layers, target, top, qmp: plan.qmp ?? [], discard });
  await expectProved(plan, layers, { failed: error, trace }, table);
  return true;
}

/** Compares the commits of these chains, and returns how many there were. */
async function proveLiveCommits(
  seeds: readonly number[],
  job: 'live' | 'active',
  features?: Partial<ChainFeatures>,
): Promise<number> {
  let proved = 0;
  for (const seed of seeds) if (await proveLiveCommit(seed, job, features)) proved++;
  return proved;
}

/** Chains of a test. */
const GROUP = 20;

describe.skipIf('reason' in newer).each(seedGroups(CHAINS, GROUP))(
  'a planned commit of chains from %i on is what a running qemu does',
  first => {
    const seeds = Array.from({ length: Math.min(GROUP, CHAINS - first + 1) }, (_, i) => first + i);

    it('in the middle of a chain', async () => {
      expect(await proveLiveCommits(seeds, 'live')).toBeGreaterThan(0);
    });

    it('of the top layer', async () => {
      expect(await proveLiveCommits(seeds, 'active')).toBeGreaterThan(0);
    });
  },
);

describe.skipIf('reason' in newer)('a planned commit into a target with subclusters', () => {
  it('stores no zeros beside compressed data that is still to be written over, on random chain 213', async () => {
    expect(await proveLiveCommit(213, 'active')).toBe(true);
  });

  it('gives zeros before the old end of a target that grows host space, on random chain 285', async () => {
    expect(await proveLiveCommit(285, 'live')).toBe(true);
  });
});

describe.skipIf('reason' in newer)('a planned commit into a target of version 2', () => {
  it('writes zeros as data to one cluster and then to the next, on random chain 295', async () => {
    expect(await proveLiveCommit(295, 'live')).toBe(true);
  });
});

describe.skipIf('reason' in newer)('a planned commit of chains with internal snapshots and bitmaps', () => {
  it.each(['live', 'active'] as const)('is what a running qemu does in a job of kind %s', async job => {
    const seeds = Array.from({ length: CHAINS / 2 }, (_, i) => 4001 + i);
    expect(await proveLiveCommits(seeds, job, { snapshots: true, bitmaps: true })).toBeGreaterThan(0);
  });
});
