/** What the tracks of dirty bitmaps show, against what nbdinfo lists of the same bitmaps. */
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { BITMAP_COLUMN } from '../../shared/model/bitmap/bitmap-marks.ts';
import { BITMAP_PREFIX } from '../../shared/nbd-contexts.ts';
import { withChain } from '../support/session.ts';
import { nbdinfoMap, qemuImg, qemuIo, startQemuNbd, temporaryFolder } from '../support/tools.ts';

const folder = temporaryFolder();
const K64 = 65_536;
const SIZE = 16 * 2 ** 20;

/** By name the clusters of each bitmap that an image stores in which a bit is set. */
async function dirtyClusters(path: string, names: readonly string[]): Promise<Map<string, number[]>> {
  const server = await startQemuNbd(['-A', ...names.flatMap(name => ['-B', name]), '-f', 'qcow2', path]);
  try {
    const found = new Map<string, number[]>();
    for (const name of names) {
      const rows = await nbdinfoMap(server.uri, BITMAP_PREFIX + name);
      const dirty = rows.filter(({ type }) => type === 1);
      const clusters = dirty.flatMap(({ offset, length }) =>
        Array.from({ length: length / K64 }, (_, i) => offset / K64 + i),
      );
      found.set(name, clusters);
    }
    return found;
  } finally {
    await server.stop();
  }
}

it('tells each bitmap of every layer apart, also where another layer is read', async () => {
  const [base, top] = [join(folder, 'base.qcow2'), join(folder, 'top.qcow2')];
  await qemuImg('create', '-q', '-f', 'qcow2', base, String(SIZE));
  await qemuImg('bitmap', '--add', '-g', '64k', base, 'a');
  await qemuIo(base, 'write -P1 0 128k', 'write -P1 5M 64k');
  await qemuImg('bitmap', '--add', '-g', '64k', base, 'b');
  await qemuIo(base, 'write -P2 9M 192k');
  await qemuImg('create', '-q', '-f', 'qcow2', '-b', base, '-F', 'qcow2', top);
  await qemuImg('bitmap', '--add', '-g', '64k', top, 'a');
  await qemuIo(top, 'write -P3 0 1M', 'discard 15M 64k'); // hides what the base's bitmaps cover
  const [ofBase, ofTop] = [await dirtyClusters(base, ['a', 'b']), await dirtyClusters(top, ['a'])];
  expect(ofBase.get('a')).toContain(0);
  const expected = [
    { layer: 1, name: 'a', clusters: ofTop.get('a') },
    { layer: 0, name: 'a', clusters: ofBase.get('a') },
    { layer: 0, name: 'b', clusters: ofBase.get('b') },
  ];
  await withChain([top], { witness: 'metadata' }, async session => {
    const marks = await session.ask('bitmapMarks', { start: 0, end: SIZE, columns: SIZE / K64 });
    const shown = marks.map(({ layer, name, columns }) => ({
      layer,
      name,
      clusters: [...columns.keys()].filter(c => columns[c] === BITMAP_COLUMN.dirty),
    }));
    expect(shown).toEqual(expected);
    const sums = await session.ask('bitmapSums', {});
    expect(sums).toEqual(
      expected.map(({ layer, name, clusters }) => ({
        layer,
        name,
        dirty: (clusters?.length ?? 0) * K64,
        unknown: 0,
      })),
    );
    const { bitmaps } = await session.ask('totals', {});
    for (const { layer, name, dirty } of sums)
      expect(bitmaps).toContainEqual(expect.objectContaining({ layer, name, dirty }));
    // A part of the disk, in columns wider than a bit: a column is marked where any bit in it is.
    const part = await session.ask('bitmapMarks', { start: 4 * 2 ** 20, end: 8 * 2 ** 20, columns: 4 });
    expect(part.map(({ columns }) => [...columns])).toEqual([
      [0, 0, 0, 0],
      [0, 1, 0, 0],
      [0, 0, 0, 0],
    ]);
  });
});
