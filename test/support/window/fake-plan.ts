/** A plan as the window gets it: a commit of the middle of three layers. */

import { PlanPictureBuilder } from '../../../electron/plan/plan-picture.ts';
import { DATA, UNALLOCATED } from '../../../electron/qcow2/format/entry.ts';
import { makeFinding } from '../../../shared/model/finding.ts';
import type { Plan } from '../../../shared/model/plan/plan.ts';
import type { PlanReply } from '../../../shared/model/plan/plan-picture.ts';

const CLUSTER = 65_536;

/** The reply; `change` replaces parts of the plan. */
export function fakePlan(change: Partial<Plan> = {}): PlanReply {
  const builder = new PlanPictureBuilder({ before: 2 * CLUSTER, after: 2 * CLUSTER });
  builder.add(0, CLUSTER, DATA, DATA, false);
  builder.add(CLUSTER, 2 * CLUSTER, UNALLOCATED, DATA, true);
  return {
    planId: 1,
    plan: { ...PLAN, ...change },
    left: { hazards: 0, cases: 0 },
    picture: builder.finish(),
  };
}

const PLAN: Plan = {
  operation: 'commit',
  job: 'qemu-img',
  qemuVersion: '7.2.22',
  qemuVersionSource: 'machine',
  layers: ['base', 'mid', 'top'].map((name, index) => ({
    index,
    name: `${name}.qcow2`,
    path: `/images/${name}.qcow2`,
    format: 'qcow2',
    size: 2 * CLUSTER,
    role: (['target', 'committed', 'above'] as const)[index] ?? 'above',
    becomesInvalid: false,
  })),
  bytesCopied: CLUSTER,
  bytesCopiedExact: true,
  zerosAsData: 0,
  growthZeros: 0,
  bytesZeroed: 0,
  cases: [{ holders: [1], owner: 1, effect: 'allocated', bytes: CLUSTER }],
  target: {
    layer: 0,
    path: '/images/base.qcow2',
    sizeBefore: 2 * CLUSTER,
    sizeAfter: 2 * CLUSTER,
    imageEnd: 6 * CLUSTER,
    imageEndAtLeast: 6 * CLUSTER,
    imageEndBefore: 5 * CLUSTER,
    fileLength: 6 * CLUSTER,
    fileLengthAtLeast: 6 * CLUSTER,
    fileLengthBefore: 5 * CLUSTER,
    exact: true,
    why: [],
    possible: [{ imageEnd: 6 * CLUSTER, fileLength: 6 * CLUSTER, justOpened: true }],
    bitmapBytes: 0,
    device: false,
    volumeSize: 6 * CLUSTER,
    volumeSizeAtLeast: 6 * CLUSTER,
    peak: 6 * CLUSTER,
    newClusters: 1,
    newTables: 0,
    freedClusters: 0,
  },
  abort: ['The job keeps no record: run `qemu-img check` after an abort.'],
  hazards: [
    makeFinding({
      code: 'PLAN_DATA_COMES_BACK',
      severity: 'hazard',
      layer: 0,
      what: 'old data comes back\u202e',
      advice: 'make the shorter layer larger with `qemu-img resize`',
      guest: [[CLUSTER, CLUSTER]],
      bytesAtRisk: CLUSTER,
    }),
    makeFinding({
      code: 'PLAN_CHILDREN_SEARCHED',
      severity: 'note',
      layer: -1,
      what: 'other images on these files were looked for in "/images" alone',
      advice: 'name further folders with --store, or open them in the window',
    }),
  ],
  commands: ["qemu-img commit -p -f qcow2 -d '/images/mid.qcow2'", 'qemu-img rebase -u'],
  strip: { span: CLUSTER, before: ['data', 'unallocated'], after: ['data', 'data'], written: [false, true] },
};
