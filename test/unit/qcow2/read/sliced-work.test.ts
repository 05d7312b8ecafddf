/** Long tables are read in slices where a window is served, and come to the same. */
import { openSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { fileSource } from '../../../../electron/qcow2/read/file-source.ts';
import { openQcow2, openQcow2Sliced } from '../../../../electron/qcow2/read/image.ts';
import { qcow2Info, qcow2InfoSliced } from '../../../../electron/qcow2/read/qemu-info.ts';
import {
  mapSliced,
  runInSlices,
  runToEnd,
  type SlicedWork,
} from '../../../../electron/qcow2/read/sliced-work.ts';
import { writeQcow2 } from '../../../support/images/qcow2-builder.ts';
import { temporaryFolder } from '../../../support/tools.ts';

afterEach(() => void vi.restoreAllMocks());

function* counted(steps: number, done: number[]): SlicedWork<string> {
  for (let i = 0; i < steps; i++) {
    done.push(i);
    yield;
  }
  return 'all';
}

test('work done in one go runs to its end', () => {
  const done: number[] = [];
  expect(runToEnd(counted(3, done))).toBe('all');
  expect(done).toEqual([0, 1, 2]);
});

test('work in slices lets other things happen between two of them, and throws what it throws', async () => {
  let clock = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => {
    clock += 3;
    return clock;
  });
  const done: number[] = [];
  const seen: number[] = [];
  const working = runInSlices(counted(10, done));
  const watch = () => {
    seen.push(done.length);
    if (done.length < 10) setImmediate(watch);
  };
  setImmediate(watch);
  expect(await working).toBe('all');
  expect(seen.length).toBeGreaterThan(3);
  const failing = (function* (): SlicedWork<never> {
    yield;
    throw new RangeError('no');
  })();
  await expect(runInSlices(failing)).rejects.toThrow(RangeError);
});

test('an image with very many snapshots and bitmaps is described in many steps, as in one', () => {
  const count = 1000;
  const path = join(temporaryFolder(), 'many.qcow2');
  const fd = openSync(path, 'wx+');
  const { fileSize: size } = writeQcow2(fd, {
    size: 2 ** 20,
    clusterBits: 9,
    snapshots: Array.from({ length: count }, (_, i) => ({ id: String(i + 1), name: `taken ${i}` })),
    bitmaps: Array.from({ length: count }, (_, i) => ({ name: `bitmap ${i}` })),
  });
  const source = fileSource({ fd, size, path });
  const reading = openQcow2Sliced(source);
  let most = 0;
  for (let step = reading.next(); step.done !== true; step = reading.next()) most++;
  expect(most).toBeGreaterThanOrEqual(2 * Math.floor(count / 64));
  const image = openQcow2(source);
  expect([image.snapshots.length, image.bitmaps.length]).toEqual([count, count]);
  const describing = qcow2InfoSliced(image);
  let steps = 0;
  for (let step = describing.next(); ; step = describing.next()) {
    if (step.done === true) {
      expect(step.value).toEqual(qcow2Info(image));
      break;
    }
    steps++;
  }
  expect(steps).toBeGreaterThanOrEqual(Math.floor((4 * count) / 64) - 4);
  expect(runToEnd(mapSliced([1, 2], item => item * 2))).toEqual([2, 4]);
});
