/** The planned commit against real ones, done to random chains: every cluster, the bytes written, the file's length. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { PlannedQemu } from '../../shared/model/plan.ts';
import {
  chosenCommit,
  planFiles,
  plannedStates,
  realSpace,
  realStates,
  tracedBytes,
} from '../support/commit-proof.ts';
import { type ChainFeatures, randomChain, seedGroups } from '../support/images/random-chain.ts';
import { newerQemu } from '../support/newer-qemu.ts';
import { run, runWell, temporaryFolder } from '../support/tools.ts';

/** Chains for each version of qemu; by hand many more were run: docs/guide/plan.md. */
const CHAINS = Number(process.env.COWSCOPE_PLAN_CHAINS ?? 24);
const GROUP = 8;
const folder = temporaryFolder();

async function versionOf(qemuImg: string): Promise<PlannedQemu> {
  const [, major, minor, patch] = /(\d+)\.(\d+)\.(\d+)/.exec(await runWell(qemuImg, ['--version'])) ?? [];
  return { major: Number(major), minor: Number(minor), patch: Number(patch) };
}

/** Commits one random chain and compares; resolves to whether the file's size was predicted to the byte. */
async function proveCommit(seed: number, qemuImg: string, features: Partial<ChainFeatures>): Promise<void> {
  const own = join(folder, `${seed}-${Object.keys(features)}-${qemuImg.length}`);
  await mkdir(own);
  const chain = await randomChain(seed, own, features);
  const paths = chain.layers.map(({ path }) => path);
  const { target, top } = chosenCommit(chain);
  const recipe = JSON.stringify(chain.layers.map(layer => layer.recipe));
  const choice = { target, top, job: 'qemu-img' as const, qemu: await versionOf(qemuImg) };
  const plan = await planFiles(paths, choice);
  const committing = ['--trace', 'blk_co_pwritev', 'commit', '-b', paths[target]!, paths[top]!];
  const { code, stderr } = await run(qemuImg, committing, { cwd: own });
  const failure = plan.hazards.find(hazard => hazard.code === 'PLAN_JOB_FAILS');
  expect([code, failure === undefined], `${seed}: ${stderr} ${recipe}`).toEqual(
    code === 0 ? [0, true] : [1, false],
  );
  if (code !== 0) return;
  const { bytesCopied, bytesZeroed, zerosAsData } = plan;
  // What a target writes as data was sent to it as zeros.
  const sent = { bytesCopied: bytesCopied - zerosAsData, bytesZeroed: bytesZeroed + zerosAsData };
  expect(tracedBytes(stderr), `${seed} ${recipe}`).toEqual(sent);
  if (chain.layers[target]?.format === 'raw') return;
  expect(plannedStates(plan), `${seed} ${recipe}`).toEqual(realStates(paths[target]!));
  const real = await realSpace(paths[target]!);
  const { imageEnd, imageEndAtLeast, fileLength, fileLengthAtLeast, exact } = plan.target;
  if (exact) expect({ imageEnd, fileLength }, `${seed} ${recipe}`).toEqual(real);
  expect(real.imageEnd, `${seed} ${recipe}`).toBeLessThanOrEqual(imageEnd);
  expect(real.imageEnd, `${seed} ${recipe}`).toBeGreaterThanOrEqual(imageEndAtLeast);
  expect(real.fileLength, `${seed} ${recipe}`).toBeLessThanOrEqual(fileLength);
  expect(real.fileLength, `${seed} ${recipe}`).toBeGreaterThanOrEqual(fileLengthAtLeast);
}

describe('a planned commit is what qemu-img does', () => {
  it.each(seedGroups(CHAINS, GROUP))('to the cluster, on random chains from seed %i on', async first => {
    for (let seed = first; seed < first + GROUP; seed++) await proveCommit(seed, 'qemu-img', {});
  });

  it('with internal snapshots and bitmaps in the way', async () => {
    for (let seed = 1001; seed < 1001 + GROUP; seed++)
      await proveCommit(seed, 'qemu-img', { snapshots: true, bitmaps: true });
  });

  it('with a newer qemu-img too, which differs for subclusters', async context => {
    const newer = await newerQemu();
    if ('reason' in newer) return context.skip(newer.reason);
    for (let seed = 161; seed < 161 + GROUP; seed++) await proveCommit(seed, newer.qemuImg, {});
    expect(newer.version).toMatch(/ 10\./);
  });
});
