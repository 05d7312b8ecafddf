/** Which hazards a plan has where files may not be written to: what is opened for writing was tried with qemu-img 7.2. */
import { expect, it } from 'vitest';
import {
  isRefusalReason,
  notWritable,
  type WriteRefusal,
} from '../../../../electron/plan/target/write-refusal.ts';
import type { LayerInfo } from '../../../../shared/model/layer.ts';

const DENIED: WriteRefusal = { reason: 'EACCES' };
const IMMUTABLE: WriteRefusal = { reason: 'EPERM' };
const MOUNTED_READ_ONLY: WriteRefusal = { reason: 'EROFS' };

/** The layers base.qcow2, mid.qcow2 and top.qcow2, of which these may not be written to. */
function chainWith(refusals: readonly (WriteRefusal | undefined)[]) {
  const layers = ['base', 'mid', 'top'].map((name, index) => ({
    info: { name: `${name}.qcow2`, index } as LayerInfo,
  }));
  return { layers, refusals };
}

it('names each file that the job opens for writing, why it may not, and what comes of that', () => {
  expect(
    notWritable(chainWith([DENIED, undefined, MOUNTED_READ_ONLY]), { first: [0, 1], last: 2 }, 'qemu-img'),
  ).toMatchObject([
    {
      code: 'PLAN_NOT_WRITABLE',
      severity: 'hazard',
      layer: 0,
      what: '"base.qcow2" has to be written to, and this user may not write to it: qemu-img ends before anything is written',
    },
    {
      layer: 2,
      what: '"top.qcow2" has to be written to, and its file system is mounted read-only: everything is copied, and then the link of this image cannot be changed',
    },
  ]);
});

it('names the external data file where it is that which may not be written to', () => {
  const chain = chainWith([{ dataFile: 'data.raw', reason: 'EACCES' }]);
  expect(notWritable(chain, { first: [0] }, 'qemu-img')[0]?.what).toMatch(
    /^the data file "data\.raw" of "base\.qcow2" has to be written to/,
  );
});

it('says nothing of files that the job only reads, or that may be written to', () => {
  expect(notWritable(chainWith([DENIED, undefined]), { first: [1] }, 'qemu-img')).toEqual([]);
  expect(notWritable(chainWith([]), { first: [0, 1], last: 2 }, 'qemu-img')).toEqual([]);
});

it('names a layer once that is opened for several purposes', () => {
  expect(notWritable(chainWith([DENIED]), { first: [0, 0], last: 0 }, 'qemu-img')).toHaveLength(1);
});

it('takes no permission of this user for one of a running qemu, and what keeps all from writing for both', () => {
  expect(notWritable(chainWith([DENIED]), { first: [0] }, 'live')).toEqual([]);
  expect(notWritable(chainWith([IMMUTABLE]), { first: [0] }, 'live')).toMatchObject([
    {
      what: '"base.qcow2" has to be written to, and its attributes keep everything from changing it: the job ends before anything is written',
      advice: expect.stringContaining('lsattr'),
    },
  ]);
});

it('has words for the reasons that concern the file, and for no others', () => {
  expect(['EACCES', 'EPERM', 'EROFS'].every(isRefusalReason)).toBe(true);
  for (const other of ['ENOENT', 'toString', 'EIO', undefined, 13])
    expect(isRefusalReason(other)).toBe(false);
});
