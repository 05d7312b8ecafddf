/** Planned rebases, drops and deletions of snapshots against those of the real qemu-img, on random chains. */
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { measureAllocation } from '../../electron/qcow2/layout/allocation.ts';
import { openQcow2 } from '../../electron/qcow2/read/image.ts';
import { runToEnd } from '../../electron/qcow2/read/sliced-work.ts';
import { planTarget } from '../../electron/service/plan/plan-target.ts';
import type { Plan, PlanChoice } from '../../shared/model/plan/plan.ts';
import { randomChain, seedGroups } from '../support/images/random-chain.ts';
import { newerQemu } from '../support/newer-qemu.ts';
import {
  plannedStates,
  realSpace,
  realStates,
  tracedBytes,
  versionOf,
} from '../support/plan/commit-proof.ts';
import { isAsPlanned, ProofTable } from '../support/plan/proof-table.ts';
import { openSource } from '../support/qcow2-reading.ts';
import { qemuImg, qemuIo, run, runWell, temporaryFolder } from '../support/tools.ts';

/** Chains for each kind of plan; by hand many more were run. */
const CHAINS = Number(process.env.COWSCOPE_PLAN_CHAINS ?? 6);
const folder = temporaryFolder();
const newer = await newerQemu();
const table = new ProofTable();
afterAll(() => table.print());

async function planned(files: string[], choice: Omit<PlanChoice, 'job'>): Promise<Plan> {
  const consent = { allow: [], allowAll: true };
  return planTarget({ kind: 'files', files }, consent, { job: 'qemu-img', withRanges: true, ...choice });
}

/** The guest's disk as bytes. */
async function contentOf(image: string): Promise<Buffer> {
  await qemuImg('convert', '-O', 'raw', image, `${image}.content`);
  return readFile(`${image}.content`);
}

async function newChain(name: string, seed: number, features = {}) {
  const own = join(folder, `${name}-${seed}`);
  await mkdir(own);
  return randomChain(seed, own, features);
}

async function expectInBounds({ operation, qemuVersion, target }: Plan, about: string): Promise<void> {
  const real = await realSpace(target.path);
  table.add(`${operation} by qemu ${qemuVersion}`, target, real);
  expect(isAsPlanned(target, real), `${JSON.stringify([target, real])} ${about}`).toBe(true);
  if (target.exact) expect(real, about).toEqual({ imageEnd: target.imageEnd, fileLength: target.fileLength });
}

async function proveRebase(seed: number, program: string, features = {}): Promise<Plan> {
  const { layers } = await newChain(`rebase${program.length}`, seed, features);
  const paths = layers.map(({ path }) => path);
  const target = layers.length - 1;
  const base = (seed % (target + 1)) - 1;
  const operation = base < 0 ? 'flatten' : 'rebase';
  const qemu = await versionOf(program);
  const plan = await planned(paths, { operation, ...(base < 0 ? {} : { base: `${base}` }), qemu });
  const about = `${seed} onto ${base}: ${JSON.stringify(layers.map(layer => layer.recipe))}`;
  const top = paths[target]!;
  const before = await contentOf(top);
  const onto = base < 0 ? ['-b', ''] : ['-b', paths[base]!, '-F', layers[base]!.format];
  const rebasing = ['--trace', 'blk_co_pwritev', 'rebase', '-f', 'qcow2', ...onto, top];
  const { stderr, code } = await run(program, rebasing);
  expect(code, `${stderr} ${about}`).toBe(0);
  expect(before.equals(await contentOf(top)), about).toBe(true);
  const traced = tracedBytes(stderr);
  expect(plan.bytesCopiedExact, about).toBe(true);
  // Zeros that the target cannot store as zeros were sent to it as such.
  expect(traced.bytesCopied + traced.bytesZeroed, about).toBe(plan.bytesCopied + plan.bytesZeroed);
  const real = realStates(top);
  expect(plannedStates(plan), about).toEqual(real);
  await expectInBounds(plan, about);
  return plan;
}

/** An unsafe rebase changes what is read in the ranges that the plan lists, and nowhere else. */
async function proveUnsafe(seed: number, features = {}): Promise<{ plan: Plan; changed: number }> {
  const { layers } = await newChain('unsafe', seed, features);
  const paths = layers.map(({ path }) => path);
  const target = layers.length - 1;
  const base = seed % target;
  const plan = await planned(paths, { operation: 'rebase', base: `${base}`, unsafe: true });
  const top = paths[target]!;
  const before = await contentOf(top);
  await qemuImg('rebase', '-u', '-f', 'qcow2', '-b', paths[base]!, '-F', layers[base]!.format, top);
  const after = await contentOf(top);
  const dangers = plan.hazards.filter(
    ({ code }) => code === 'PLAN_REBASE_LOSES_DATA' || code === 'PLAN_DATA_COMES_BACK',
  );
  const ranges = dangers.flatMap(({ guest }) => guest);
  const isAllListed = dangers.every(({ count, guest }) => count === guest.length);
  let changed = 0;
  for (let at = 0; at < before.length; at += 512) {
    if (before.subarray(at, at + 512).equals(after.subarray(at, at + 512))) continue;
    changed++;
    const isListed = ranges.some(([start, length]) => at >= start && at < start + length);
    if (isAllListed) expect(isListed, `${seed} at ${at}`).toBe(true);
  }
  await expectInBounds(plan, `${seed}`);
  return { plan, changed };
}

async function proveDelete(seed: number, features = {}): Promise<boolean> {
  const { layers, top } = await newChain('snapshot', seed, { snapshots: true, ...features });
  const name = layers.at(-1)?.snapshots[seed % 2];
  if (name === undefined) return false;
  const plan = await planned(
    layers.map(({ path }) => path),
    { operation: 'delete-snapshot', snapshot: name },
  );
  const allocated = () => {
    const reply = runToEnd(measureAllocation(openQcow2(openSource(top))));
    return reply.measured ? reply.allocation : undefined;
  };
  const before = allocated();
  const tableBefore = openQcow2(openSource(top)).snapshots.length;
  expect(await runWell('sh', ['-c', plan.commands[0]!])).toBe('');
  const clusterSize = layers.at(-1)!.clusterSize;
  const about = `${seed} ${name}`;
  const freed = before!.allocated - allocated()!.allocated;
  // The snapshot table may need a cluster less.
  expect(
    [plan.target.freedClusters * clusterSize, (plan.target.freedClusters + 1) * clusterSize],
    about,
  ).toContain(freed);
  expect(openQcow2(openSource(top)).snapshots.length).toBe(tableBefore - 1);
  await expectInBounds(plan, about);
  expect(plan.target.exact, `${plan.target.why} ${about}`).toBe(true);
  return true;
}

/** Chains of a test. */
const GROUP = 20;

describe.each(seedGroups(CHAINS, GROUP))(
  'a planned rebase of chains from %i on is what qemu-img does',
  first => {
    const seeds = Array.from({ length: Math.min(GROUP, CHAINS - first + 1) }, (_, i) => first + i);

    it('to the cluster and to the byte', async () => {
      for (const seed of seeds) await proveRebase(seed, 'qemu-img');
    });

    it('with a newer qemu-img, too', async context => {
      if ('reason' in newer) return context.skip(newer.reason);
      for (const seed of seeds) await proveRebase(seed, newer.qemuImg);
      expect(newer.version).toMatch(/ 10\./);
    });

    it('and an unsafe one changes only what is listed', async () => {
      let changed = 0;
      for (const seed of seeds) changed += (await proveUnsafe(seed)).changed;
      expect(changed).toBeGreaterThan(0);
    });

    it('a planned deletion of an internal snapshot frees the bytes that the plan names, and the file ends where the plan says', async () => {
      let deleted = 0;
      for (const seed of seeds)
        for (const other of [2 * seed - 1, 2 * seed]) if (await proveDelete(other)) deleted++;
      expect(deleted).toBeGreaterThan(0);
    });
  },
);

describe('a plan for layers with internal snapshots', () => {
  it('knows which clusters a rebase copies instead of overwriting them', async () => {
    let count = 0;
    for (let seed = 4001; seed < 4009; seed++) {
      const { target, hazards } = await proveRebase(seed, 'qemu-img', { snapshots: true });
      expect(target.exact, `${seed} ${target.why}`).toBe(true);
      if (hazards.some(({ code }) => code === 'PLAN_SNAPSHOTS_CHANGE')) count++;
    }
    expect(count).toBeGreaterThan(0);
  });
});

describe('a plan for layers with bitmaps', () => {
  it('knows what the deletion of a snapshot takes to store them again', async () => {
    let deleted = 0;
    for (let seed = 3101; seed < 3107; seed++) if (await proveDelete(seed, { bitmaps: true })) deleted++;
    expect(deleted).toBeGreaterThan(0);
  });

  it('knows what a rebase takes to store them again', async () => {
    let count = 0;
    for (let seed = 3001; seed < 3005; seed++) {
      const { target } = await proveRebase(seed, 'qemu-img', { bitmaps: true });
      expect(target.exact, `${seed} ${target.why}`).toBe(true);
      if (target.bitmapBytes > 0) count++;
    }
    expect(count).toBeGreaterThan(0);
  });

  it('knows what an unsafe rebase takes to store them again, which writes nothing else', async () => {
    let count = 0;
    for (let seed = 3001; seed < 3005; seed++) {
      const { plan } = await proveUnsafe(seed, { bitmaps: true });
      expect(plan.target.exact, `${seed} ${plan.target.why}`).toBe(true);
      if (plan.target.bitmapBytes > 0) count++;
    }
    expect(count).toBeGreaterThan(0);
  });
});

describe('a plan for an image that was not closed cleanly', () => {
  it('has room for the refcounts that qemu writes again', async () => {
    const own = join(folder, 'dirty');
    await mkdir(own);
    const [base, top] = [join(own, 'base'), join(own, 'top')];
    await qemuImg('create', '-q', '-f', 'qcow2', base, '8M');
    await qemuIo(base, 'write -P1 0 2M');
    await qemuImg('create', '-q', '-f', 'qcow2', '-o', 'lazy_refcounts=on', '-F', 'qcow2', '-b', base, top);
    await runWell('sh', [
      '-c',
      `qemu-io -f qcow2 -c 'write -q -P3 1M 200k' -c flush -c 'sigraise 9' ${top}; :`,
    ]);
    const plan = await planned([base, top], { operation: 'flatten' });
    expect(plan.target.why).toContain('it was not closed cleanly, so qemu repairs it first');
    await runWell('sh', ['-c', plan.commands[0]!]);
    await expectInBounds(plan, 'dirty');
  });
});
