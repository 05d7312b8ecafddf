/** The planned commit against real ones, done to random chains: every cluster, the bytes written, the file's length. */
import { copyFile, cp, mkdtemp, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type ChainFeatures, randomChain, seedGroups } from '../support/images/random-chain.ts';
import { newerQemu } from '../support/newer-qemu.ts';
import {
  chosenCommit,
  expectProved,
  planFiles,
  plannedStates,
  realSpace,
  realStates,
  versionOf,
} from '../support/plan/commit-proof.ts';
import { isAsPlanned, ProofTable, type RealSpace } from '../support/plan/proof-table.ts';
import { qemuImg, qemuIo, run, runWell, temporaryFolder } from '../support/tools.ts';

/** Chains for each version of qemu; by hand many more were run: docs/guide/plan.md. */
const CHAINS = Number(process.env.COWSCOPE_PLAN_CHAINS ?? 16);
const GROUP = 8;
/** Further runs of each commit whose size is a bound: none but by hand, where many were made. */
const RUNS = Number(process.env.COWSCOPE_PLAN_RUNS ?? 0);
const OLD = { major: 7, minor: 2 };
const folder = temporaryFolder();
const newer = await newerQemu();
const table = new ProofTable();
afterAll(() => table.print());

/** Two layers of one size that are made as told. */
async function manualChain(
  own: string,
  size: string,
  options: string,
  writes: { readonly base: readonly string[]; readonly top: readonly string[] },
): Promise<[base: string, top: string]> {
  const base = join(own, 'base.qcow2');
  const top = join(own, 'top.qcow2');
  await qemuImg('create', '-q', '-f', 'qcow2', '-o', options, base, size);
  await qemuIo(base, ...writes.base);
  await qemuImg('create', '-q', '-f', 'qcow2', '-b', base, '-F', 'qcow2', top);
  await qemuIo(top, ...writes.top);
  return [base, top];
}

/** Commits a copy of a chain whose files name each other by their names alone; undefined where the job fails. */
async function committedCopy(
  own: string,
  qemuImg: string,
  paths: readonly string[],
  target: number,
  top: number,
): Promise<RealSpace | undefined> {
  const copies = await mkdtemp(join(folder, 'copy-'));
  await cp(own, copies, { recursive: true });
  const [into, from] = [target, top].map(layer => join(copies, basename(paths[layer]!)));
  const { code } = await run(qemuImg, ['commit', '-b', into!, from!], { cwd: copies });
  const real = code === 0 ? await realSpace(into!) : undefined;
  await rm(copies, { recursive: true });
  return real;
}

/** Commits a random chain and compares. */
async function proveCommit(seed: number, qemuImg: string, features: Partial<ChainFeatures>): Promise<void> {
  const own = await mkdtemp(join(folder, `${seed}-`));
  const chain = await randomChain(seed, own, features);
  const paths = chain.layers.map(({ path }) => path);
  const { target, top } = chosenCommit(chain);
  const plan = await planFiles(paths, { target, top, job: 'qemu-img', qemu: await versionOf(qemuImg) });
  if (!plan.target.exact && RUNS > 0) {
    const reals: RealSpace[] = [];
    for (let count = 0; count < RUNS; count++) {
      const real = await committedCopy(own, qemuImg, paths, target, top);
      if (real !== undefined) reals.push(real);
    }
    const { why, exact } = plan.target;
    expect(
      reals.every(real => isAsPlanned(plan.target, real)),
      `${seed} ${exact} ${why}`,
    ).toBe(true);
    if (reals.length > 0)
      table.addRuns(`commit by qemu ${plan.qemuVersion}: ${why.join('; ')}`, plan.target, reals);
  }
  const committing = ['--trace', 'blk_co_pwritev', 'commit', '-b', paths[target]!, paths[top]!];
  const { code, stderr } = await run(qemuImg, committing, { cwd: own });
  await expectProved(plan, chain.layers, { failed: code === 0 ? undefined : stderr, trace: stderr }, table);
}

describe('a planned commit is what qemu-img does', () => {
  it.each(seedGroups(CHAINS, GROUP))('to the cluster, on random chains from seed %i on', async first => {
    for (let seed = first; seed < first + GROUP; seed++) await proveCommit(seed, 'qemu-img', {});
  });

  // 58, 263, 278: version 2 grows within its last cluster. 418: growing makes L2 tables before requests for lower ones.
  it.each([58, 263, 278, 418])('where a target grows, on random chain %i', async seed => {
    await proveCommit(seed, 'qemu-img', {});
  });

  it('with internal snapshots and bitmaps in the way', async () => {
    for (let seed = 1001; seed < 1001 + GROUP / 2; seed++)
      await proveCommit(seed, 'qemu-img', { snapshots: true, bitmaps: true });
  });

  it('with internal snapshots, whose clusters are not overwritten', async () => {
    const versions = ['qemu-img', ...('reason' in newer ? [] : [newer.qemuImg])];
    for (const program of versions)
      for (let seed = 4001; seed <= 4000 + CHAINS / 4; seed++)
        await proveCommit(seed, program, { snapshots: true });
  });

  it('with bitmaps, which are stored again when the target is closed', async () => {
    const versions = ['qemu-img', ...('reason' in newer ? [] : [newer.qemuImg])];
    for (const program of versions)
      for (let seed = 3001; seed < 3001 + GROUP / 2; seed++)
        await proveCommit(seed, program, { bitmaps: true });
  });

  it('with data in files apart', async () => {
    for (let seed = 2001; seed < 2001 + GROUP / 2; seed++)
      await proveCommit(seed, 'qemu-img', { dataFile: true });
  });

  it('with an encrypted target, which takes up to 32 clusters at a time', async () => {
    const own = await mkdtemp(join(folder, 'encrypted-'));
    const [base, top] = [join(own, 'base.qcow2'), join(own, 'top.qcow2')];
    const secret = ['--object', 'secret,id=key0,data=key'];
    const unlocked = `driver=qcow2,encrypt.key-secret=key0,discard=unmap,file.filename=${base}`;
    const options = 'encrypt.format=luks,encrypt.key-secret=key0,encrypt.iter-time=10,cluster_size=4k';
    await qemuImg('create', '-q', ...secret, '-f', 'qcow2', '-o', options, base, '4M');
    // 50 clusters are free: 32 of the 256 that come fit in there.
    const commands = ['write -P1 0 200k', 'write -P1 1M 4k', 'discard 0 200k'].flatMap(text => ['-c', text]);
    await runWell('qemu-io', [...secret, '--image-opts', unlocked, ...commands]);
    await qemuImg('create', '-q', '-u', '-f', 'qcow2', '-F', 'qcow2', '-b', base, top, '4M');
    const chain = `driver=qcow2,file.filename=${top},backing.driver=qcow2,backing.encrypt.key-secret=key0,backing.file.filename=${base}`;
    await runWell('qemu-io', [...secret, '--image-opts', chain, '-c', 'write -P2 2M 1M']);
    const { target } = await planFiles([base, top], { target: 0, top: 1, job: 'qemu-img', qemu: OLD });
    const { size } = await stat(base);
    await qemuImg('commit', '-q', ...secret, '--image-opts', chain);
    const { exact, fileLength, fileLengthBefore } = target;
    expect({ exact, fileLength, fileLengthBefore }).toEqual({
      exact: true,
      fileLength: (await stat(base)).size,
      fileLengthBefore: size,
    });
    expect(fileLength - fileLengthBefore).toBe((256 - 32) * 4096);
  });

  it('which fails where zeros behind the old end would begin inside a compressed cluster', async () => {
    const own = await mkdtemp(join(folder, 'compressed-end-'));
    const files = ['base', 'mid', 'top'].map(name => join(own, name));
    const [base, mid, top] = files as [string, string, string];
    await qemuImg('create', '-q', '-f', 'qcow2', base, '128k');
    const onto = ['-f', 'qcow2', '-F', 'qcow2', '-b'];
    await qemuImg('create', '-q', ...onto, base, '-o', 'extended_l2=on,cluster_size=64k', mid, '34k');
    await qemuIo(mid, 'write -c -P1 0 34k');
    await qemuImg('create', '-q', ...onto, mid, top, '128k');
    await qemuIo(top, 'write -P2 64k 64k');
    const { hazards } = await planFiles(files, { target: 1, top: 2, job: 'qemu-img', qemu: OLD });
    const { code, stderr } = await run('qemu-img', ['commit', top]);
    expect([code, stderr]).toEqual([1, expect.stringContaining('Operation not supported')]);
    expect(hazards.find(hazard => hazard.code === 'PLAN_JOB_FAILS')?.what).toContain(
      'inside a compressed cluster',
    );
  });

  it('where the refcount table has to be made larger', async () => {
    const own = await mkdtemp(join(folder, 'refcounts-'));
    const layers = await manualChain(own, '4M', 'cluster_size=512,refcount_bits=64', {
      base: ['write -P1 0 1536k'],
      top: ['write -P2 2M 512k'],
    });
    const plan = await planFiles(layers, { target: 0, top: 1, job: 'qemu-img', qemu: OLD });
    await qemuImg('commit', '-d', layers[1]);
    const { imageEnd, fileLength, exact } = plan.target;
    expect({ exact, imageEnd, fileLength }).toEqual({ exact: true, ...(await realSpace(layers[0])) });
    expect(imageEnd).toBeGreaterThan(64 * 64 * 512); // more than the old table's 64 blocks of 64 refcounts count
  });

  it('and two runs end differently where the plan has a bound for the order of requests', async () => {
    const own = await mkdtemp(join(folder, 'order-'));
    // A free cluster: taken where the single cluster is written first, passed over where the pair is.
    const [base, top] = await manualChain(own, '4M', 'cluster_size=64k', {
      base: ['write -P1 0 192k', 'discard 64k 64k'],
      top: ['write -P3 256k 64k', 'write -P3 512k 128k'],
    });
    const { target } = await planFiles([base, top], { target: 0, top: 1, job: 'qemu-img', qemu: OLD });
    expect(target.exact).toBe(false);
    const found = new Set<number>();
    for (let run = 0; run < 100 && found.size < 2; run++) {
      const copy = join(own, `copy-${run}.qcow2`);
      await copyFile(base, copy);
      await qemuImg('rebase', '-u', '-b', copy, '-F', 'qcow2', top);
      await qemuImg('commit', '-d', top);
      found.add((await realSpace(copy)).imageEnd);
    }
    expect([...found].sort((a, b) => a - b)).toEqual([target.imageEndAtLeast, target.imageEnd]);
  });
});

describe.skipIf('reason' in newer)('a planned commit is what a newer qemu-img does', () => {
  it.each(seedGroups(Math.ceil(CHAINS / 3), GROUP))(
    'which differs for subclusters, on random chains from number %i on',
    async first => {
      if ('reason' in newer) return;
      const end = Math.min(first + GROUP, Math.ceil(CHAINS / 3) + 1);
      for (let number = first; number < end; number++) await proveCommit(160 + number, newer.qemuImg, {});
      expect(newer.version).toMatch(/ 10\./);
    },
  );

  it('which stores zeros first, and copies them with data of a cluster that a snapshot shares', async () => {
    if ('reason' in newer) return;
    const own = await mkdtemp(join(folder, 'shared-'));
    const [base, top] = await manualChain(own, '1M', 'cluster_size=256k,extended_l2=on', {
      base: ['write -P1 0 256k'],
      top: ['write -P2 0 64k', 'write -z 64k 64k'],
    });
    await qemuImg('snapshot', '-c', 'shared', base);
    const qemu = await versionOf(newer.qemuImg);
    const plan = await planFiles([base, top], { target: 0, top: 1, job: 'qemu-img', qemu });
    await runWell(newer.qemuImg, ['commit', '-q', '-d', top]);
    expect(plannedStates(plan)).toEqual(realStates(base));
    expect([plannedStates(plan)[0], plan.bytesCopiedExact]).toEqual([[0, 262_144, 'data'], true]);
  });
});
