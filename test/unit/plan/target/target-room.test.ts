/** What a volume needs, and whether there is room. */
import { expect, it } from 'vitest';
import type { LayerTables } from '../../../../electron/plan/commit/commit-input.ts';
import type { FileRoom, TargetRoom } from '../../../../electron/plan/target/file-room.ts';
import { roomHazard, type Written, withVolume } from '../../../../electron/plan/target/target-room.ts';
import type { PlannedTarget, TargetSpace } from '../../../../shared/model/plan/plan.ts';

const MIB = 2 ** 20;

function space(imageEnd: readonly [least: number, most: number], fileLength = imageEnd): TargetSpace {
  const exact = imageEnd[0] === imageEnd[1] && fileLength[0] === fileLength[1];
  return {
    imageEnd: imageEnd[1],
    imageEndAtLeast: imageEnd[0],
    fileLength: fileLength[1],
    fileLengthAtLeast: fileLength[0],
    exact,
    why: exact ? [] : ['of the order'],
    possible: [],
  };
}

/** A job whose hazard is asked for. */
interface Job {
  readonly after: TargetSpace;
  /** Length of the target's file before. */
  readonly length: number;
  readonly device?: boolean;
  readonly room?: TargetRoom;
  readonly isRaw?: boolean;
  readonly written?: Written;
}

/** A file without holes, where so much is free. */
function file(free: number, length = MIB, stored = length): FileRoom {
  return { name: 'base', free, disk: 1, length, stored };
}

/** What the hazard of a job says; undefined where there is none. */
function hazard({ after, length, device = false, room = {}, isRaw = false, written }: Job) {
  const before = { imageEnd: MIB, fileLength: length };
  const info = { index: 0, name: 'base' };
  const layers = [{ info, ...(isRaw ? {} : { image: {} }) }] as unknown as LayerTables[];
  const sizes = { layer: 0, fileLengthBefore: length, sizeAfter: 16 * MIB };
  const target = { ...sizes, ...withVolume(after, before, device) } as unknown as PlannedTarget;
  const most = written ?? { data: 0, zeros: 0 };
  const found = roomHazard(layers, target, room, most, 'the image reads as before');
  expect(['PLAN_NO_ROOM', undefined]).toContain(found?.code);
  return found?.what;
}

it('counts what is in use before and after, and what is written on the way, also where it is given back', () => {
  const before = { imageEnd: 4 * MIB, fileLength: 4 * MIB };
  const need = (after: TargetSpace) => withVolume(after, before, false);
  expect(need(space([6 * MIB, 7 * MIB]))).toMatchObject({ volumeSizeAtLeast: 6 * MIB, volumeSize: 7 * MIB });
  expect(need(space([2 * MIB, 2 * MIB], [4 * MIB, 4 * MIB]))).toMatchObject({ volumeSize: 4 * MIB });
  expect(need(space([2 * MIB, 2 * MIB], [5 * MIB, 5 * MIB]))).toMatchObject({
    volumeSizeAtLeast: 5 * MIB,
    volumeSize: 5 * MIB,
    peak: 5 * MIB,
  });
  // The file ends inside its last cluster.
  expect(need(space([5 * MIB, 5 * MIB], [4.5 * MIB, 4.5 * MIB]))).toMatchObject({ peak: 5 * MIB });
});

it('leaves the length of a volume as it is, whatever a file would have', () => {
  const before = { imageEnd: MIB, fileLength: 8 * MIB };
  expect(withVolume(space([2 * MIB, 2 * MIB], [8 * MIB, 9 * MIB]), before, true)).toMatchObject({
    device: true,
    exact: true,
    why: [],
    fileLength: 8 * MIB,
    fileLengthAtLeast: 8 * MIB,
    // Nothing is written behind the end at least, and a mebibyte at most.
    volumeSizeAtLeast: 2 * MIB,
    volumeSize: 9 * MIB,
  });
});

it('warns of a volume that is too small, surely or perhaps, and of none that suffices', () => {
  const on = (after: TargetSpace) => hazard({ after, length: 4 * MIB, device: true });
  expect(on(space([4 * MIB, 4 * MIB]))).toBeUndefined();
  expect(on(space([5 * MIB, 5 * MIB]))).toMatch(
    /^"base" lies on a volume of 4 MiB and needs 5 MiB \(5,242,880 bytes\): .* and the image reads as before$/,
  );
  expect(on(space([3 * MIB, 5 * MIB]))).toContain('and may need up to 5 MiB');
});

it('warns of a file system with less room than the file gets longer', () => {
  const grown = space([3 * MIB, 5 * MIB]);
  const on = (after: TargetSpace, room: TargetRoom) => hazard({ after, length: MIB, room });
  expect(on(grown, { image: file(4 * MIB) })).toBeUndefined();
  expect(on(grown, { image: file(3 * MIB) })).toContain(
    '3 MiB are free where "base" lies, and its file may need up to 4 MiB more: ',
  );
  expect(on(space([5 * MIB, 5 * MIB]), { image: file(MIB) })).toContain('its file needs 4 MiB more: ');
  expect(on(grown, {})).toBeUndefined();
});

it('warns of data that goes into holes of the file, and takes no space for the length of a raw one', () => {
  const length = 8 * MIB;
  const written = { data: 4 * MIB, zeros: 0 };
  const kept = space([length, length]);
  for (const isRaw of [true, false]) {
    const job = { after: kept, length, isRaw, written };
    const on = (free: number, stored: number) =>
      hazard({ ...job, room: { image: file(free, length, stored) } });
    expect(on(3 * MIB, MIB)).toContain('its file may need up to 4 MiB more: ');
    expect(on(4 * MIB, MIB)).toBeUndefined();
    expect(on(MIB, 6 * MIB)).toContain('its file may need up to 2 MiB more: ');
    expect(on(MIB, length)).toBeUndefined();
  }
  const grows = { after: space([16 * MIB, 16 * MIB]), length, isRaw: true };
  const room = { image: file(MIB, length) };
  expect(hazard({ ...grows, room })).toBeUndefined();
  expect(hazard({ ...grows, room, written })).toContain('its file may need up to 4 MiB more: ');
  expect(hazard({ ...grows, room, written: { data: 0, zeros: 2 * MIB } })).toContain('up to 2 MiB more: ');
});

it('warns of an external data file by the file system that holds it, and adds up what lies on the same one', () => {
  const written = { data: 4 * MIB, zeros: 0 };
  const job = { after: space([2 * MIB, 2 * MIB]), length: MIB, written };
  const data = { ...file(3 * MIB, 16 * MIB, 0), name: 'data', disk: 2 };
  expect(hazard({ ...job, room: { image: file(MIB), dataFile: data } })).toMatch(
    /^3 MiB are free where "data" lies, and its file may need up to 4 MiB more: /,
  );
  expect(
    hazard({ ...job, room: { image: file(MIB), dataFile: { ...data, free: 4 * MIB } } }),
  ).toBeUndefined();
  const same = { ...data, free: 4 * MIB, disk: 1 };
  expect(hazard({ ...job, room: { image: file(4 * MIB), dataFile: same } })).toMatch(
    /^4 MiB are free where "data" lies, and its file may need up to 5 MiB more: /,
  );
  expect(hazard({ ...job, device: true, length: 4 * MIB, room: { dataFile: data } })).toContain(
    'where "data"',
  );
});
