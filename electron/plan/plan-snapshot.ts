/** Plans the deletion of an internal snapshot: what it gives back inside the file. Source: qcow2_snapshot_delete. */
import type { Allocation } from '../../shared/model/allocation.ts';
import { compareFindings, type Finding, makeFinding } from '../../shared/model/finding.ts';
import type { LayerInfo } from '../../shared/model/layer.ts';
import type { Plan, PlannedTarget, TargetSpace } from '../../shared/model/plan/plan.ts';
import { formatSize } from '../../shared/text/offset.ts';
import { INCOMPATIBLE_DIRTY } from '../qcow2/format/header.ts';
import { freedTableClusters, snapshotTableBytes } from '../qcow2/format/snapshot-table.ts';
import type { Qcow2Image } from '../qcow2/read/image.ts';
import type { SlicedWork } from '../qcow2/read/sliced-work.ts';
import { bitmapsOfKilledJob } from './bitmaps-of-killed-job.ts';
import { deleteSnapshotCommands, noCommand } from './commands.ts';
import type { CommitInput, LayerTables } from './commit/commit-input.ts';
import { keyNeeded } from './encryption.ts';
import { knownHazards, lockHazard } from './hazard-list.ts';
import { quotedName } from './layer-names.ts';
import { snapshotExtraBytes, versionText } from './qemu-versions.ts';
import { followDeletion } from './target/host/follow-deletion.ts';
import { bitmapClusters, rebuiltRefcounts, spaceBefore } from './target/target-result.ts';
import { roomHazard, withVolume } from './target/target-room.ts';
import { spaceAfter, spaceBetween } from './target/target-space.ts';
import { notWritable } from './target/write-refusal.ts';

/** The deletion of snapshot number `snapshot` of layer `target`. */
export interface SnapshotInput
  extends Pick<
    CommitInput,
    'layers' | 'target' | 'room' | 'refusals' | 'qemu' | 'qemuVersionSource' | 'findings'
  > {
  readonly snapshot: number;
  readonly image: Qcow2Image;
  readonly allocation: Allocation;
}

/** The plan. Throws QCOW2_READ_FAILED. */
export function* planSnapshotDelete(input: SnapshotInput): SlicedWork<Plan> {
  const { layers, target, image, allocation, snapshot } = input;
  const { info, device = false } = layers[target] as LayerTables;
  const { clusterSize } = image.geometry;
  const opened = openedLayers(input);
  const share = allocation.shares?.[snapshot];
  const freed = share === undefined ? undefined : (share.data + share.tables) / clusterSize;
  const followed = yield* followDeletion(image, allocation, snapshot, snapshotExtraBytes(input.qemu));
  const space = followed === undefined ? boundsOf(input, freed) : spaceBetween(followed);
  const result: PlannedTarget = {
    ...withVolume(space, allocation, device),
    layer: info.index,
    path: info.path,
    sizeBefore: info.size,
    sizeAfter: info.size,
    imageEndBefore: allocation.imageEnd,
    fileLengthBefore: allocation.fileLength,
    bitmapBytes: allocation.account.bitmaps,
    newClusters: 0,
    newTables: 0,
    freedClusters: freed ?? 0,
  };
  const { id = '', name = '' } = image.snapshots[snapshot] ?? {};
  return {
    operation: 'delete-snapshot',
    snapshot: { id, name },
    job: 'qemu-img',
    qemuVersion: versionText(input.qemu),
    qemuVersionSource: input.qemuVersionSource,
    layers: layers.map(({ info: { index, name, path, format, size } }) => ({
      index,
      name,
      path,
      format,
      size,
      role: index < target ? 'below' : index === target ? 'target' : 'above',
      becomesInvalid: false,
    })),
    bytesCopied: 0,
    bytesCopiedExact: true,
    zerosAsData: 0,
    growthZeros: 0,
    bytesZeroed: 0,
    cases: [],
    target: result,
    abort: [
      'After an abort or a crash, clusters that are in use may be counted as free, and the next write overwrites them: run `qemu-img check` before anything writes to the image.',
      ...bitmapsOfKilledJob('qemu-img', layers, [target]),
    ],
    hazards: hazards(input, result, freed === undefined ? undefined : freed * clusterSize),
    commands: isHidden(input) ? [] : deleteSnapshotCommands(opened, name),
  };
}

/** The file where it could not be followed cluster by cluster. */
function boundsOf({ image, allocation, snapshot }: SnapshotInput, freed: number | undefined): TargetSpace {
  const { clusterSize } = image.geometry;
  const { snapshotsOffset } = image.header;
  const shorter = freedTableClusters(image.snapshots, snapshotsOffset, clusterSize)[snapshot] ?? 0;
  const alone = freed === undefined ? undefined : freed - shorter;
  const tableClusters = Math.ceil(snapshotTableBytes(image.snapshots, snapshotsOffset) / clusterSize);
  const isDirty = (image.header.incompatible & INCOMPATIBLE_DIRTY) !== 0n;
  const why = [
    image.bitmaps.length > 0
      ? 'its bitmaps are written again'
      : isDirty
        ? 'it was not closed cleanly, so qemu repairs it first'
        : 'its refcounts are wrong or cannot be read',
  ];
  if (alone === undefined) why.push('what the snapshot alone holds is not known');
  const bitmaps = bitmapClusters(image, image.header.size) + allocation.account.bitmaps / clusterSize;
  const rebuilt = isDirty ? rebuiltRefcounts(image, allocation.imageEnd) : 0;
  return spaceAfter(spaceBefore(image, allocation), {
    added: 0,
    mayAdd: tableClusters + bitmaps + rebuilt,
    freed: 0,
    mayFree: tableClusters + bitmaps + rebuilt + (alone ?? allocation.account.snapshots / clusterSize),
    writesData: true,
    writesParts: true,
    fillsTaken: false,
    whyInexact: why,
  });
}

/** True where another snapshot of the same name comes first: qemu-img finds snapshots by name alone, and would delete that one. */
function isHidden({ image, snapshot }: SnapshotInput): boolean {
  const name = image.snapshots[snapshot]?.name;
  return image.snapshots.findIndex(other => other.name === name) !== snapshot;
}

/** What qemu-img opens: the image and all below it. */
function openedLayers({ layers, target }: SnapshotInput): readonly LayerInfo[] {
  return layers.slice(0, target + 1).map(layer => layer.info);
}

function hazards(input: SnapshotInput, result: PlannedTarget, freed?: number): Finding[] {
  const { layers, target, findings, allocation, image, snapshot } = input;
  const inside = freed === undefined ? '' : `: ${formatSize(freed)} become free inside it`;
  const name = JSON.stringify(image.snapshots[snapshot]?.name ?? '');
  const found = [
    ...(isHidden(input) ? [hiddenByName(input)] : []),
    makeFinding({
      code: 'PLAN_FILE_KEEPS_LENGTH',
      severity: 'note',
      layer: target,
      what: `the file of ${quotedName(layers, target)} does not get shorter when ${name} is deleted${inside}, beside ${formatSize(allocation.account.free)} that are free already`,
      advice: 'a copy with `qemu-img convert` is as small as the disk needs',
    }),
  ];
  const others = [
    lockHazard(findings(), layers, 'qemu-img'),
    keyNeeded(
      openedLayers(input),
      layers.map(({ info }) => info),
    ),
    roomHazard(layers, result, input.room, { data: 0, zeros: 0 }, 'the image reads as before'),
    noCommand(layers.slice(target, target + 1)),
    ...notWritable(input, { first: [target] }, 'qemu-img'),
  ];
  return [
    ...knownHazards(findings(), target),
    ...found,
    ...others.filter(finding => finding !== undefined),
  ].sort(compareFindings);
}

function hiddenByName({ target, image, snapshot }: SnapshotInput): Finding {
  const { id, name } = image.snapshots[snapshot] ?? { id: '', name: '' };
  return makeFinding({
    code: 'PLAN_SNAPSHOT_SAME_NAME',
    severity: 'hazard',
    layer: target,
    what: `qemu-img finds snapshots by name alone: asked to delete ${JSON.stringify(name)}, it deletes another one than that with the id ${JSON.stringify(id)}`,
    advice: 'delete it in a running qemu by its id, with blockdev-snapshot-delete-internal-sync',
  });
}
