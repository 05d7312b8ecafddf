/** Whatever is wrong with an image's tables, every range that is lost is marked, and nothing else is. */
import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { STATES, stateIndexOf, UNREADABLE } from '../../shared/extent/flags.ts';
import { PRESENT, TILE_COLUMNS } from '../../shared/model/tile.ts';
import { type ClusterSpec, type ImageLayout, pokeU64, writeQcow2 } from '../support/images/qcow2-builder.ts';
import { openSession, planFiles } from '../support/merge-session.ts';
import { temporaryFolder } from '../support/tools.ts';

const COPIED = 1n << 63n;
const COMPRESSED = 1n << 62n;
/** Bits 9 to 55. */
const OFFSET = 0x00fffffffffffe00n;

/** Geometries with several L2 tables in a page and several pages in an L2 table. */
const GEOMETRIES = [
  { clusterBits: 9, clusters: 700 },
  { clusterBits: 16, clusters: 11_000 },
] as const;

const entry = fc.oneof(
  fc.constantFrom(
    COPIED | 0x200n,
    COPIED | 0x1234600n,
    COPIED | (1n << 40n),
    COPIED | (1n << 40n) | 1n,
    COMPRESSED | (1n << 40n),
    COMPRESSED | 0x400n,
    COPIED | 0x1fen,
    1n,
    0n,
  ),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
);

type Damage =
  | { readonly kind: 'entry'; readonly at: number; readonly value: bigint }
  | { readonly kind: 'table'; readonly at: number; readonly value: bigint }
  | { readonly kind: 'garbage'; readonly at: number; readonly seed: number }
  | { readonly kind: 'cut'; readonly share: number };

const damage: fc.Arbitrary<Damage> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('entry' as const), at: fc.nat(), value: entry }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('table' as const), at: fc.nat(), value: entry }) },
  fc.record({ kind: fc.constant('garbage' as const), at: fc.nat(), seed: fc.nat() }),
  fc.record({ kind: fc.constant('cut' as const), share: fc.double({ min: 0, max: 1, noNaN: true }) }),
);

/** Applies damage to an image of `l2Entries` entries a table and returns its length. */
function apply(fd: number, layout: ImageLayout, l2Entries: number, damages: readonly Damage[]): number {
  let length = layout.fileSize;
  const tables = [...layout.l2Offsets.keys()];
  for (const one of damages) {
    if (one.kind === 'cut') {
      length = Math.min(length, 112 + Math.floor(one.share * (layout.fileSize - 112)));
      continue;
    }
    const index = tables[one.at % tables.length]!;
    const table = layout.l2Offsets.get(index)!;
    if (one.kind === 'table') pokeU64(fd, layout.l1Offset + 8 * index, one.value);
    else if (one.kind === 'entry')
      pokeU64(fd, table + 8 * (Math.floor(one.at / tables.length) % l2Entries), one.value);
    else {
      const garbage = new Uint8Array(512).map((_, i) => (one.seed * (i + 1) * 2_654_435_761) >>> 13);
      writeSync(fd, garbage, 0, 512, table + 8 * (one.at % (l2Entries - 63)));
    }
  }
  ftruncateSync(fd, length);
  return length;
}

/** For each cluster of the guest whether what it held is lost: the format's rules one entry at a time. */
function lostClusters(file: Buffer, l1Offset: number, clusterBits: number, clusters: number): boolean[] {
  const clusterSize = 2 ** clusterBits;
  const l2Entries = clusterSize / 8;
  const read = (at: number) => (at + 8 <= file.length ? file.readBigUInt64BE(at) : undefined);
  return Array.from({ length: clusters }, (_, cluster) => {
    const l1 = read(l1Offset + 8 * Math.floor(cluster / l2Entries));
    if (l1 === undefined) return true;
    const table = Number(l1 & OFFSET);
    if (table === 0) return false;
    if (table % clusterSize !== 0 || table >= file.length) return true;
    const l2 = read(table + 8 * (cluster % l2Entries));
    if (l2 === undefined) return true;
    if (l2 & COMPRESSED) return (l2 & ((1n << BigInt(70 - clusterBits)) - 1n)) >= BigInt(file.length);
    const host = Number(l2 & OFFSET);
    if (host % clusterSize !== 0) return true;
    return (l2 & 1n) === 0n && host >= file.length;
  });
}

test.each(GEOMETRIES)(
  'in clusters of 2^$clusterBits bytes marks, totals and findings name exactly what is lost',
  async ({ clusterBits, clusters }) => {
    const folder = temporaryFolder();
    const clusterSize = 2 ** clusterBits;
    let images = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(damage, { minLength: 1, maxLength: 12 }), async damages => {
        const path = join(folder, `${images++}.qcow2`);
        const fd = openSync(path, 'wx+');
        const kinds: ClusterSpec[] = Array.from({ length: clusters }, (_, index) => ({
          index,
          kind: (['data', 'zeroHole', 'unallocated', 'data', 'zeroAllocated'] as const)[index % 5]!,
        })).filter(
          ({ index, kind }) => kind !== 'unallocated' && (clusterBits === 9 || index % 97 < 5),
        ) as ClusterSpec[];
        const layout = writeQcow2(fd, { size: clusters * clusterSize, clusterBits, clusters: kinds });
        apply(fd, layout, clusterSize / 8, damages);
        closeSync(fd);
        const lost = lostClusters(readFileSync(path), layout.l1Offset, clusterBits, clusters);
        const lostBytes = lost.filter(Boolean).length * clusterSize;

        const session = openSession(planFiles([path]));
        await session.read();
        const rows: { start: number; length: number; state: string; damaged?: true }[] = JSON.parse(
          await session.list({ list: 'map', format: 'json', hosts: false }),
        );
        const marked = new Array<boolean>(clusters).fill(false);
        for (const { start, length, state, damaged } of rows) {
          expect(state === 'unreadable').toBe(damaged === true);
          if (damaged) marked.fill(true, start / clusterSize, (start + length) / clusterSize);
        }
        expect(marked).toEqual(lost);

        const { states } = await session.ask('totals', {});
        expect(states[stateIndexOf(UNREADABLE)], STATES.join()).toBe(lostBytes);
        const corrupt = { severities: ['corruption'] as const };
        const { findings } = await session.ask('findings', { ...corrupt, skip: 0, most: 100 });
        expect(findings.reduce((sum, { bytesAtRisk }) => sum + bytesAtRisk, 0)).toBe(lostBytes);

        for (let tile = 0; tile * TILE_COLUMNS < clusters; tile += 3) {
          const reply = await session.ask('tiles', { level: clusterBits, first: tile, count: 1 });
          const guest = reply.tiles.find(({ track }) => track === 0)!;
          const shown = [...guest.present].map(bits => (bits & PRESENT.damaged) !== 0);
          const expected = lost.slice(tile * TILE_COLUMNS, (tile + 1) * TILE_COLUMNS);
          expect(shown.slice(0, expected.length)).toEqual(expected);
        }
        for (let cluster = 0; cluster < clusters; cluster += Math.ceil(clusters / 37)) {
          const start = cluster * clusterSize;
          const here = await session.ask('findings', { ...corrupt, skip: 0, most: 1, start, end: start + 1 });
          expect([cluster, here.total > 0]).toEqual([cluster, lost[cluster]]);
        }
      }),
      // An entry with a reserved bit among others of an overwritten table: it is damage, and what it names is still read.
      { numRuns: 40, examples: [[[{ kind: 'garbage', at: 0, seed: 11 }]]] },
    );
  },
);
