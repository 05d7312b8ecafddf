/** What a volume needs, and whether there is room. */
import { expect, it } from 'vitest';
import type { LayerTables } from '../../../../electron/plan/commit/commit-input.ts';
import { roomHazard, withVolume } from '../../../../electron/plan/target/target-room.ts';
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

/** The hazard of a job with that outcome, in short. */
function hazard(after: TargetSpace, fileLength: number, device: boolean, free?: number, isRaw = false) {
  const before = { imageEnd: MIB, fileLength };
  const info = { index: 0, name: 'base' };
  const layers = [{ info, ...(isRaw ? {} : { image: {} }) }] as unknown as LayerTables[];
  const target = { layer: 0, fileLengthBefore: fileLength, ...withVolume(after, before, device) };
  return roomHazard(layers, target as unknown as PlannedTarget, free, 'the image reads as before')?.what;
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
});

it('leaves the length of a volume as it is, whatever a file would have', () => {
  const before = { imageEnd: MIB, fileLength: 8 * MIB };
  expect(withVolume(space([2 * MIB, 2 * MIB], [8 * MIB, 9 * MIB]), before, true)).toMatchObject({
    device: true,
    exact: true,
    why: [],
    fileLength: 8 * MIB,
    fileLengthAtLeast: 8 * MIB,
    volumeSize: 9 * MIB,
  });
});

it('warns of a volume that is too small, surely or perhaps, and of none that suffices', () => {
  expect(hazard(space([4 * MIB, 4 * MIB]), 4 * MIB, true)).toBeUndefined();
  expect(hazard(space([5 * MIB, 5 * MIB]), 4 * MIB, true)).toMatch(
    /^"base" lies on a volume of 4 MiB and needs 5 MiB \(5,242,880 bytes\): .* and the image reads as before$/,
  );
  expect(hazard(space([3 * MIB, 5 * MIB]), 4 * MIB, true)).toContain('and may need up to 5 MiB');
});

it('warns of a file system with less room than the file gets longer, and of none where a raw file lies', () => {
  const grown = space([3 * MIB, 5 * MIB]);
  expect(hazard(grown, MIB, false, 4 * MIB)).toBeUndefined();
  expect(hazard(grown, MIB, false, 3 * MIB)).toContain(
    '3 MiB are free where "base" lies, and its file may get up to 4 MiB longer',
  );
  expect(hazard(space([5 * MIB, 5 * MIB]), MIB, false, MIB)).toContain('its file gets 4 MiB longer');
  expect(hazard(grown, MIB, false)).toBeUndefined();
  expect(hazard(grown, MIB, false, MIB, true)).toBeUndefined();
});
