import { expect, it } from 'vitest';
import { contextSpec } from '../../../electron/service/contexts.ts';
import type { BitmapInfo, ChainInfo, LayerInfo } from '../../../shared/model/layer.ts';

function bitmap(name: string, unusable?: string): BitmapInfo {
  const plain = { name, granularity: 65536, inUse: unusable !== undefined, enabled: true };
  return unusable === undefined ? plain : { ...plain, unusable };
}

/** A chain, base first, of layers that have nothing but bitmaps. */
function chainWith(...bitmaps: readonly (readonly BitmapInfo[])[]): ChainInfo {
  const layers = bitmaps.map(
    (own, index) => ({ index, path: `/${index}`, qcow2: { bitmaps: own } }) as unknown as LayerInfo,
  );
  return { layers, size: 2 ** 20, complete: true, notes: [], findings: [] };
}

const chain = chainWith([bitmap('a'), bitmap('b')], [bitmap('b', 'it was not saved cleanly'), bitmap('c')]);
const found = (name: string, layer?: number) => {
  const { spec } = contextSpec(chain, `qemu:dirty-bitmap:${name}`, layer);
  return spec.context === 'bitmap' ? spec.bitmap : undefined;
};

it('finds a bitmap in the chain from the top down, and in one layer alone', () => {
  expect(found('a')).toEqual({ layer: 0, name: 'a' });
  expect(found('c')).toEqual({ layer: 1, name: 'c' });
  expect(found('b', 0)).toEqual({ layer: 0, name: 'b' });
});

it('never takes the bitmap of a lower layer for one above it that cannot be used', () => {
  expect(() => found('b')).toThrow(
    expect.objectContaining({
      code: 'BITMAP_UNUSABLE',
      subject: '/1',
      what: expect.stringContaining('not saved'),
    }),
  );
});

it('lists what there is where a context is not offered', () => {
  const advice =
    'there are base:allocation, qemu:allocation-depth, qemu:dirty-bitmap:c, qemu:dirty-bitmap:a, qemu:dirty-bitmap:b';
  for (const name of ['qemu:dirty-bitmap:d', 'qemu:dirty-bitmap:', 'base:', 'acme:x'])
    expect(() => contextSpec(chain, name, undefined)).toThrow(
      expect.objectContaining({ code: 'CONTEXT_NOT_OFFERED', advice }),
    );
  expect(() => found('c', 0)).toThrow(
    expect.objectContaining({
      advice: 'there are base:allocation, qemu:allocation-depth, qemu:dirty-bitmap:a, qemu:dirty-bitmap:b',
    }),
  );
});
