/** Plans of jobs that open files for writing which this user may not write to: as the modes of the files say, root or not. */
import { chmod, mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { planTarget } from '../../electron/service/plan/plan-target.ts';
import type { PlanChoice } from '../../shared/model/plan/plan.ts';
import { hashFile, qemuImg, qemuIo, temporaryFolder } from '../support/tools.ts';

vi.mock('node:fs/promises', async original => {
  const real = await original<typeof import('node:fs/promises')>();
  const access = async (path: string) => {
    const { mode } = await real.stat(path);
    if ((mode & 0o200) === 0) throw Object.assign(new Error('not permitted'), { code: 'EACCES' });
  };
  return { ...real, access };
});

const folder = temporaryFolder();

/** A chain of three layers with data in each, the one of this number read-only. */
async function chainWith(readOnly: number): Promise<string> {
  const own = await mkdtemp(join(folder, 'chain-'));
  const paths = ['base', 'mid', 'top'].map(name => join(own, `${name}.qcow2`));
  for (const [i, path] of paths.entries()) {
    const below = i === 0 ? [] : ['-b', paths[i - 1] as string, '-F', 'qcow2'];
    await qemuImg('create', '-q', '-f', 'qcow2', ...below, path, '1M');
    await qemuIo(path, `write -P${i + 1} ${i * 64}k 64k`);
  }
  await chmod(paths[readOnly] as string, 0o444);
  return paths[2] as string;
}

/** The layers of which a plan says that they may not be written to. */
async function closedLayers(top: string, choice: Pick<PlanChoice, 'operation'> & Partial<PlanChoice>) {
  const target = { kind: 'files', files: [top] } as const;
  const plan = await planTarget(target, { allow: [], allowAll: true }, { job: 'qemu-img', ...choice });
  return plan.hazards.filter(({ code }) => code === 'PLAN_NOT_WRITABLE').map(({ layer }) => layer);
}

const COMMIT_TOP = { operation: 'commit' } as const;
const COMMIT_ALL = { operation: 'commit', into: '0' } as const;
const COMMIT_MID = { operation: 'commit', from: '1', into: '0' } as const;
const REBASE = { operation: 'rebase', base: '0' } as const;
const FLATTEN = { operation: 'flatten' } as const;
const DROP = { operation: 'drop', from: '1' } as const;

it.each([
  ['base', 0, [COMMIT_ALL, COMMIT_MID], [COMMIT_TOP, REBASE, FLATTEN, DROP]],
  ['middle', 1, [COMMIT_TOP, COMMIT_MID], [COMMIT_ALL, REBASE, FLATTEN, DROP]],
  ['top', 2, [COMMIT_TOP, COMMIT_ALL, COMMIT_MID, REBASE, FLATTEN, DROP], []],
] as const)(
  'warns where the %s is read-only and the job opens it for writing',
  async (_, layer, warned, others) => {
    const top = await chainWith(layer);
    const before = await hashFile(top);
    for (const choice of warned) expect(await closedLayers(top, choice)).toEqual([layer]);
    for (const choice of others) expect(await closedLayers(top, choice)).toEqual([]);
    expect(await hashFile(top)).toBe(before);
  },
);
