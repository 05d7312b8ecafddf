/** Whether there is room for what a job writes: on the target's volume, or on the file system with its file. */
import { type Finding, makeFinding } from '../../../shared/model/finding.ts';
import type { PlannedTarget, TargetSpace } from '../../../shared/model/plan/plan.ts';
import { formatCount, formatSize } from '../../../shared/text/offset.ts';
import type { LayerTables } from '../commit/commit-input.ts';
import { quotedName } from '../layer-names.ts';
import type { FileRoom, TargetRoom } from './file-room.ts';

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

/** What a job writes to the target at most, in bytes: data, and zeros that take space in a file without tables. */
export interface Written {
  readonly data: number;
  readonly zeros: number;
}

/** What a commit leaves if it ends early, and what other jobs leave: those write nothing that is read before their end. */
export type LeftBehind = 'the target is left half written' | 'the image reads as before';

/**
 * The finding that the target's volume is too small, or the file system with its file too full; undefined where there is room. `left` is
 * what the job leaves when it ends because there is none.
 */
export function roomHazard(
  layers: readonly LayerTables[],
  target: PlannedTarget,
  room: TargetRoom,
  written: Written,
  left: LeftBehind,
): Finding | undefined {
  const tables = layers[target.layer];
  const end = `qemu ends with "No space left on device" when it is full, and ${left}`;
  const name = quotedName(layers, target.layer);
  // A job that makes a raw device longer fails before that.
  const volume = target.device && tables?.image !== undefined ? smallVolume(name, target, end) : undefined;
  return volume ?? fullDisk(target, needsOf(tables?.image === undefined, target, room, written), end);
}

/** What a file takes more than before, at least and at most. */
interface FileNeed extends FileRoom {
  readonly least: number;
  readonly most: number;
}

/** What the files of a target need, those of one file system together. */
function needsOf(
  isRaw: boolean,
  target: PlannedTarget,
  { image, dataFile }: TargetRoom,
  { data, zeros }: Written,
): readonly FileNeed[] {
  const { fileLengthBefore, fileLengthAtLeast, fileLength, sizeAfter } = target;
  // A file without tables takes space where data is written to its holes, and none for its length.
  const plain = (file: FileRoom, length: number): FileNeed => ({
    ...file,
    least: 0,
    most: Math.min(data + zeros, Math.max(0, length - file.stored)),
  });
  const withTables = (file: FileRoom): FileNeed => ({
    ...file,
    least: fileLengthAtLeast - fileLengthBefore,
    most:
      fileLength -
      fileLengthBefore +
      (dataFile === undefined ? Math.min(data, Math.max(0, file.length - file.stored)) : 0),
  });
  const own = image === undefined ? undefined : isRaw ? plain(image, fileLength) : withTables(image);
  const apart = dataFile === undefined ? undefined : plain(dataFile, Math.max(dataFile.length, sizeAfter));
  if (own === undefined || apart === undefined || own.disk !== apart.disk)
    return [own, apart].filter(need => need !== undefined);
  const [fuller] = apart.most > own.most ? [apart] : [own];
  return [{ ...fuller, least: own.least + apart.least, most: own.most + apart.most }];
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

function fullDisk(target: PlannedTarget, needs: readonly FileNeed[], end: string): Finding | undefined {
  const lacking = needs.find(({ most, free }) => most > free);
  if (lacking === undefined) return undefined;
  const { name, free, least, most } = lacking;
  const takes = least > free ? 'needs' : 'may need';
  const bound = least === most ? '' : 'up to ';
  return noRoom(
    target,
    `${formatSize(free)} are free where ${JSON.stringify(name)} lies, and its file ${takes} ${bound}${formatSize(most)} more: ${end}`,
    'make room first',
  );
}

function noRoom({ layer }: PlannedTarget, what: string, advice: string): Finding {
  return makeFinding({ code: 'PLAN_NO_ROOM', severity: 'hazard', layer, what, advice });
}
