/** A commit done to copies, beside its plan: what was predicted and what really happened. */
import { stat } from 'node:fs/promises';
import { expect } from 'vitest';
import { Qcow2Runs } from '../../../electron/plan/layers/layer-runs.ts';
import { FLAGS_OF_KIND } from '../../../electron/qcow2/format/entry.ts';
import { openQcow2 } from '../../../electron/qcow2/read/image.ts';
import { createMap } from '../../../electron/qcow2/read/map.ts';
import { planTarget } from '../../../electron/service/plan/plan-target.ts';
import { stateOf } from '../../../shared/extent/flags.ts';
import { WordSet } from '../../../shared/extent/page.ts';
import type { Plan, PlanJob, PlannedQemu } from '../../../shared/model/plan/plan.ts';
import type { RandomChain, RandomLayer } from '../images/random-chain.ts';
import { openSource } from '../qcow2-reading.ts';
import { run, runWell } from '../tools.ts';
import { isAsPlanned, type ProofTable, type RealSpace } from './proof-table.ts';

/** A range of a target in one state. */
export type StateRange = readonly [start: number, end: number, state: string];

/** What a commit is done with. */
export interface CommitChoice {
  readonly target: number;
  readonly top: number;
  readonly job: PlanJob;
  readonly qemu: PlannedQemu;
  readonly unmaps?: boolean;
}

/** The plan of a commit in a chain of files, base first, with the ranges of the target. */
export function planFiles(files: readonly string[], choice: CommitChoice): Promise<Plan> {
  const { target, top, job, qemu, unmaps } = choice;
  return planTarget(
    { kind: 'files', files },
    { allow: [], allowAll: true },
    { operation: 'commit', job, from: `${top}`, into: `${target}`, qemu, unmaps, withRanges: true },
  );
}

/** The ranges of a target after the job, as the plan has them. */
export function plannedStates({ ranges = [] }: Plan): StateRange[] {
  return joined(ranges.map(({ start, length, after }) => [start, start + length, after]));
}

/** The ranges of an image as our own reader finds them, which other tests compare with qemu. */
export function realStates(path: string): StateRange[] {
  const runs = new Qcow2Runs(createMap(openQcow2(openSource(path)), { words: new WordSet(), hosts: true }));
  const found: StateRange[] = [];
  for (let at = 0; at < runs.size; ) {
    const { end, kind } = runs.at(at);
    found.push([at, end, stateOf(FLAGS_OF_KIND[kind] as number)]);
    at = end;
  }
  return joined(found);
}

function joined(ranges: readonly StateRange[]): StateRange[] {
  const list: [number, number, string][] = [];
  for (const [start, end, state] of ranges) {
    const last = list.at(-1);
    if (last?.[1] === start && last[2] === state) last[1] = end;
    else list.push([start, end, state]);
  }
  return list;
}

/** Length of an image's file, and its end as qemu-img check tells it. */
export async function realSpace(path: string): Promise<RealSpace> {
  const { stdout } = await run('qemu-img', ['check', '--output=json', path]); // leaks have an exit code, too
  return { fileLength: (await stat(path)).size, imageEnd: JSON.parse(stdout)['image-end-offset'] };
}

/** Bytes of data and of zeros that a traced qemu-img wrote to the target. */
export function tracedBytes(trace: string): { bytesCopied: number; bytesZeroed: number } {
  const sums = { bytesCopied: 0, bytesZeroed: 0 };
  const ZERO_WRITE = 2;
  for (const [, bytes, flags] of trace.matchAll(/^blk_co_pwritev .* bytes (\d+) flags (0x[0-9a-f]+)$/gm))
    if (Number(flags) & ZERO_WRITE) sums.bytesZeroed += Number(bytes);
    else sums.bytesCopied += Number(bytes);
  return sums;
}

/** Which layers of a random chain are committed: every pair comes up over many seeds. */
export function chosenCommit({ seed, layers }: RandomChain): {
  readonly target: number;
  readonly top: number;
} {
  const count = layers.length;
  const top = count - 1 - (seed % 3 === 0 && count > 2 ? 1 : 0);
  return { target: (seed * 7) % top, top };
}

/** The version of a program of qemu. */
export async function versionOf(program: string): Promise<PlannedQemu> {
  const [, major, minor, patch] = /(\d+)\.(\d+)\.(\d+)/.exec(await runWell(program, ['--version'])) ?? [];
  return { major: Number(major), minor: Number(minor), patch: Number(patch) };
}

/** What a commit that was done came to. */
export interface DoneCommit {
  /** Its error; undefined where it ended well. */
  readonly failed: string | undefined;
  /** qemu's trace of its writes. */
  readonly trace: string;
}

/**
 * Expects that a commit came to what its plan says: success, bytes written, every cluster, image end and file length.
 * Notes in the table what the plan promised of the last two.
 */
export async function expectProved(
  plan: Plan,
  layers: readonly RandomLayer[],
  { failed, trace }: DoneCommit,
  table: ProofTable,
): Promise<void> {
  const target = layers[plan.target.layer] as RandomLayer;
  const committed = plan.layers.filter(({ role }) => role === 'committed').map(({ index }) => index);
  const about = `${plan.job} ${committed} into ${target.path}: ${JSON.stringify(layers.map(layer => layer.recipe))}`;
  const failure = plan.hazards.find(({ code }) => code === 'PLAN_JOB_FAILS');
  expect(failed === undefined, `${failed} ${about}`).toBe(failure === undefined);
  if (failed !== undefined) return;
  const { bytesCopied, bytesZeroed, zerosAsData } = plan;
  // Zeros that the target cannot store as zeros were sent to it as such, or as data.
  const traced = tracedBytes(trace);
  expect(traced.bytesCopied + traced.bytesZeroed, about).toBe(bytesCopied + bytesZeroed);
  expect(traced.bytesZeroed, about).toBeGreaterThanOrEqual(bytesZeroed);
  if (plan.bytesCopiedExact) expect(traced.bytesZeroed, about).toBeLessThanOrEqual(bytesZeroed + zerosAsData);
  if (target.format === 'raw') return;
  if (plan.bytesCopiedExact) expect(plannedStates(plan), about).toEqual(realStates(target.path));
  const real = await realSpace(target.path);
  table.add(wayOf(plan), plan.target, real);
  const { imageEnd, fileLength, exact } = plan.target;
  if (exact) expect({ imageEnd, fileLength }, about).toEqual(real);
  expect(isAsPlanned(plan.target, real), `${JSON.stringify([plan.target, real])} ${about}`).toBe(true);
}

function wayOf({ operation, job, qemuVersion }: Plan): string {
  return `${job === 'qemu-img' ? operation : `${job} ${operation}`} by qemu ${qemuVersion}`;
}
