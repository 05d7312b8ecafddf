/** The planned commit against real ones, done to random chains: every cluster, the bytes written, the file's length. */
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { chosenCommit, expectProved, planFiles, versionOf } from '../support/commit-proof.ts';
import { type ChainFeatures, randomChain, seedGroups } from '../support/images/random-chain.ts';
import { newerQemu } from '../support/newer-qemu.ts';
import { run, temporaryFolder } from '../support/tools.ts';

/** Chains for each version of qemu; by hand many more were run: docs/guide/plan.md. */
const CHAINS = Number(process.env.COWSCOPE_PLAN_CHAINS ?? 16);
const GROUP = 8;
const folder = temporaryFolder();

/** Commits a random chain and compares. */
async function proveCommit(seed: number, qemuImg: string, features: Partial<ChainFeatures>): Promise<void> {
  const own = await mkdtemp(join(folder, `${seed}-`));
  const chain = await randomChain(seed, own, features);
  const paths = chain.layers.map(({ path }) => path);
  const { target, top } = chosenCommit(chain);
  const plan = await planFiles(paths, { target, top, job: 'qemu-img', qemu: await versionOf(qemuImg) });
  const committing = ['--trace', 'blk_co_pwritev', 'commit', '-b', paths[target]!, paths[top]!];
  const { code, stderr } = await run(qemuImg, committing, { cwd: own });
  await expectProved(plan, chain.layers, { failed: code === 0 ? undefined : stderr, trace: stderr });
}

describe('a planned commit is what qemu-img does', () => {
  it.each(seedGroups(CHAINS, GROUP))('to the cluster, on random chains from seed %i on', async first => {
    for (let seed = first; seed < first + GROUP; seed++) await proveCommit(seed, 'qemu-img', {});
  });

  // 58, 263, 278: version 2 grows within its last cluster. 418: growing makes L2 tables before requests for lower ones.
  it.each([58, 263, 278, 418])('where a target grows, on random chain %i', async seed => {
    await proveCommit(seed, 'qemu-img', {});
    expect(seed).toBeGreaterThan(0);
  });

  it('with internal snapshots and bitmaps in the way', async () => {
    for (let seed = 1001; seed < 1001 + GROUP / 2; seed++)
      await proveCommit(seed, 'qemu-img', { snapshots: true, bitmaps: true });
    expect(GROUP).toBeGreaterThan(0);
  });

  it('with data in files apart', async () => {
    for (let seed = 2001; seed < 2001 + GROUP / 2; seed++)
      await proveCommit(seed, 'qemu-img', { dataFile: true });
    expect(GROUP).toBeGreaterThan(0);
  });

  it('with a newer qemu-img too, which differs for subclusters', async context => {
    const newer = await newerQemu();
    if ('reason' in newer) return context.skip(newer.reason);
    for (let seed = 161; seed < 161 + CHAINS / 3; seed++) await proveCommit(seed, newer.qemuImg, {});
    expect(newer.version).toMatch(/ 10\./);
  });
});
