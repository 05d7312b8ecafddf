/** Whether there is room for what a job writes: on the target's volume, or on the file system with its file. */
import { type Finding, makeFinding } from '../../../shared/model/finding.ts';
import type { PlannedTarget, TargetSpace } from '../../../shared/model/plan/plan.ts';
import { formatCount, formatSize } from '../../../shared/text/offset.ts';
import type { LayerTables } from '../commit/commit-input.ts';

/** The target's file before a job. */
export interface FileBefore {
  readonly imageEnd: number;
  /** The size of the volume where the file is a device. */
  readonly fileLength: number;
}

/** What a job needs of the volume or the file system. */
export type TargetNeed = Pick<
  PlannedTarget,
  keyof TargetSpace | 'device' | 'volumeSize' | 'volumeSizeAtLeast' | 'peak'
>;

/**
 * The target after a job, with the size that a volume needs to hold it at any moment: the end of what is in use before and
 * after, and of what is written on the way. `space` is that of a file, which gets longer; a device does not.
 */
export function withVolume(space: TargetSpace, before: FileBefore, device: boolean): TargetNeed {
  const { imageEnd, imageEndAtLeast, fileLength, fileLengthAtLeast } = space;
  const written = (length: number) => (length > before.fileLength ? length : 0);
  const volumeSize = Math.max(imageEnd, before.imageEnd, written(fileLength));
  const volumeSizeAtLeast = Math.max(imageEndAtLeast, before.imageEnd, written(fileLengthAtLeast));
  const volume = { device, volumeSize, volumeSizeAtLeast };
  if (!device) return { ...space, ...volume, peak: Math.max(fileLength, imageEnd) };
  const exact = imageEnd === imageEndAtLeast;
  const length = before.fileLength;
  const why = exact ? [] : space.why;
  const possible = space.possible.map(size => ({ ...size, fileLength: length }));
  const kept = { fileLength: length, fileLengthAtLeast: length, exact, why, possible };
  return { ...space, ...kept, ...volume, peak: volumeSize };
}

/** What a commit leaves that ends early, and what other jobs leave: they write nothing that is read before their end. */
export type LeftBehind = 'the target is left half written' | 'the image reads as before';

/**
 * That the target's volume is too small, or the file system with its file too full; undefined where there is room. `left` is
 * what the job leaves when it ends because there is none.
 */
export function roomHazard(
  layers: readonly LayerTables[],
  target: PlannedTarget,
  free: number | undefined,
  left: LeftBehind,
): Finding | undefined {
  const name = JSON.stringify(layers[target.layer]?.info.name ?? '');
  // A raw file that gets longer takes no space there, and a job that makes a raw device longer fails before that.
  if (layers[target.layer]?.image === undefined) return undefined;
  const end = `qemu ends with "No space left on device" when it is full, and ${left}`;
  if (target.device) return smallVolume(name, target, end);
  return free === undefined ? undefined : fullDisk(name, target, free, end);
}

function smallVolume(name: string, target: PlannedTarget, end: string): Finding | undefined {
  const { volumeSize, volumeSizeAtLeast, fileLengthBefore } = target;
  if (volumeSize <= fileLengthBefore) return undefined;
  const needs = volumeSizeAtLeast > fileLengthBefore ? 'needs' : 'may need';
  const most = volumeSize === volumeSizeAtLeast ? '' : 'up to ';
  return noRoom(
    target,
    `${name} lies on a volume of ${formatSize(fileLengthBefore)} and ${needs} ${most}${formatSize(volumeSize)} (${formatCount(volumeSize)} bytes): ${end}`,
    `make the volume larger first, such as with \`lvextend -L ${volumeSize}b\``,
  );
}

function fullDisk(name: string, target: PlannedTarget, free: number, end: string): Finding | undefined {
  const { fileLength, fileLengthAtLeast, fileLengthBefore } = target;
  const grows = fileLength - fileLengthBefore;
  const growsAtLeast = fileLengthAtLeast - fileLengthBefore;
  if (grows <= free) return undefined;
  const gets = growsAtLeast > free ? 'gets' : 'may get';
  const most = grows === growsAtLeast ? '' : 'up to ';
  return noRoom(
    target,
    `${formatSize(free)} are free where ${name} lies, and its file ${gets} ${most}${formatSize(grows)} longer: ${end}`,
    'make room first',
  );
}

function noRoom({ layer }: PlannedTarget, what: string, advice: string): Finding {
  return makeFinding({ code: 'PLAN_NO_ROOM', severity: 'hazard', layer, what, advice });
}
