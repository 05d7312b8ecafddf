import { describe, expect, it } from 'vitest';
import { bitmapFindings } from '../../../../electron/chain/findings/bitmaps.ts';
import { snapshotFindings } from '../../../../electron/chain/findings/snapshots.ts';
import type { Qcow2Info } from '../../../../shared/model/layer.ts';

/** A layer with bitmaps of these names; a dash before one means that it does not record. */
function layer(...names: readonly string[]): { qcow2: Qcow2Info } {
  const bitmaps = names.map(name => ({
    name: name.replace(/^-/, ''),
    granularity: 65536,
    inUse: false,
    enabled: !name.startsWith('-'),
  }));
  return { qcow2: { bitmaps, snapshots: [] } as unknown as Qcow2Info };
}

const found = (layers: readonly { qcow2?: Qcow2Info }[]) =>
  bitmapFindings(layers).map(({ code, layer, count }) => [code, layer, count]);

describe('bitmapFindings', () => {
  it('tells of a layer that lacks a checkpoint which layers below and above have', () => {
    const layers = [layer('a'), layer('a'), layer(), layer('a', 'b')];
    expect(found(layers)).toEqual([['CHAIN_BITMAP_GAP', 2, 1]]);
    expect(bitmapFindings(layers)[0]?.what).toContain('"a"');
  });

  it('counts bitmaps of a lower layer that are not in the top', () => {
    const stale = Array.from({ length: 6 }, (_, i) => `stale-${i + 1}`);
    const layers = [layer(...stale), layer('good')];
    expect(found(layers)).toEqual([['CHAIN_BITMAPS_NOT_IN_TOP', 0, 6]]);
    expect(bitmapFindings(layers)[0]?.what).toContain('6 of its 6 dirty bitmaps');
    expect(bitmapFindings(layers)[0]?.what).toContain('and 1 more');
  });

  it('tells of bitmaps of the top layer that do not record, and of no others', () => {
    expect(found([layer('cp.1', '-cp.2', 'cp.10')])).toEqual([['CHAIN_BITMAP_DISABLED', 0, 1]]);
    expect(found([layer('-a'), layer('a')])).toEqual([]);
  });

  it('says nothing of a checkpoint that began in a higher layer, or of layers without bitmaps', () => {
    expect(found([layer(), layer('a'), layer('a', 'b')])).toEqual([]);
    expect(found([{}, layer(), layer()])).toEqual([]);
  });

  it('escapes names', () => {
    expect(bitmapFindings([layer('-a\x1b\u202e')])[0]?.what).toContain('"a\\x1b\\u{202e}"');
  });
});

describe('snapshotFindings', () => {
  it('tells of internal snapshots of a layer that others rest on', () => {
    const withSnapshots = (count: number) => ({
      qcow2: { bitmaps: [], snapshots: Array.from({ length: count }) } as unknown as Qcow2Info,
    });
    const findings = snapshotFindings([withSnapshots(2), withSnapshots(0), withSnapshots(1)]);
    expect(findings).toMatchObject([{ code: 'CHAIN_LOWER_SNAPSHOTS', severity: 'note', layer: 0, count: 2 }]);
  });
});
