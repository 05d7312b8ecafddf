/** The check of images whose clusters lie in long runs, at the places where a run ends, against `qemu-img check`. */
import { ftruncateSync, unlinkSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { checkImage } from '../../electron/qcow2/check/engine.ts';
import { openQcow2 } from '../../electron/qcow2/read/image.ts';
import { runToEnd } from '../../electron/qcow2/read/sliced-work.ts';
import { readBytes } from '../../electron/qcow2/read/source.ts';
import type { CheckCounts } from '../../shared/model/check.ts';
import { checkByQemu, numbersOf, numbersOfQemu } from '../support/check-numbers.ts';
import { Chance } from '../support/images/damage.ts';
import { pokeU64 } from '../support/images/qcow2-builder.ts';
import { writeAt } from '../support/images/qcow2-builder-parts.ts';
import type { ImageSpec, SimpleKind } from '../support/images/qcow2-spec.ts';
import { type BuiltImage, buildImage } from '../support/qcow2-reading.ts';

/** Images of each kind. */
const COUNT = 24;
const COPIED = 1n << 63n;
const KINDS: readonly SimpleKind[] = ['data', 'data', 'zeroAllocated', 'unallocated', 'zeroHole'];

function numbers({ source }: BuiltImage, maxChunks?: number): Record<string, number> {
  const options = { layer: 0, ...(maxChunks === undefined ? {} : { maxChunks }) };
  return numbersOf(runToEnd(checkImage(openQcow2(source), options)).counts as CheckCounts);
}

async function expectAgreement(image: BuiltImage, what: unknown): Promise<void> {
  const expected = numbersOfQemu((await checkByQemu(image.path)) ?? {});
  expect([what, numbers(image)]).toEqual([what, expected]);
  expect([what, numbers(image, 1)]).toEqual([what, expected]);
  unlinkSync(image.path);
}

/** Long runs of `clusters` clusters, with a few holes and zeros among them. */
function runsOf(
  chance: Chance,
  clusterBits: number,
  clusters: number,
  more: Partial<ImageSpec> = {},
): ImageSpec {
  const seed = chance.below(1000);
  const stretch = chance.of([1, 2, 5, 60, 700]);
  const kindAt = (index: number) =>
    KINDS[(Math.floor(index / stretch) * 7 + seed) % KINDS.length] as SimpleKind;
  return { size: clusters * 2 ** clusterBits, clusterBits, clusters: kindAt, ...more };
}

/** Changes entries, refcounts or the length of the file, all so that qemu reads on as before. */
function disturb(image: BuiltImage, chance: Chance): string {
  const { source, l2Offsets, clusterSize, refcountBlockOffsets } = image;
  const { fd } = source;
  const tables = [...l2Offsets.values()];
  const entries = clusterSize / 8;
  const place = () => chance.of(tables) + 8 * chance.of([0, 1, 2, chance.below(entries), entries - 1]);
  const entryAt = (at: number) => new DataView(readBytes(source, at, 8).slice().buffer).getBigUint64(0);
  const at = place();
  const entry = entryAt(at);
  const near = chance.of([at + 8, at - 8, place()]);
  const isInTable = tables.includes(near - (near % clusterSize));
  switch (chance.below(7)) {
    case 0:
      if (isInTable) pokeU64(fd, near, entry);
      return `entry at ${at} repeated at ${near}`;
    case 1:
      if (entry > 1n) pokeU64(fd, at, entry ^ COPIED);
      return `copied flag at ${at}`;
    case 2:
      pokeU64(fd, at, 0n);
      return `entry at ${at} cleared`;
    case 3: {
      const target = BigInt(chance.of([image.l1Offset, refcountBlockOffsets[0] as number, ...tables]));
      pokeU64(fd, at, COPIED | target);
      return `entry at ${at} names the table at ${target}`;
    }
    case 4: {
      const last = Math.ceil(source.currentSize() / clusterSize) * clusterSize;
      pokeU64(fd, at, COPIED | BigInt(last - clusterSize * chance.below(3)));
      return `entry at ${at} names the end of the file`;
    }
    case 5: {
      const block = chance.of(refcountBlockOffsets);
      const byte = block + chance.of([0, chance.below(64), chance.below(clusterSize)]);
      writeAt(fd, Uint8Array.of(chance.of([0, 1, 2, 0xff])), byte);
      return `refcounts at ${byte}`;
    }
    default:
      ftruncateSync(fd, image.fileSize - chance.below(clusterSize));
      return 'the last cluster is cut';
  }
}

describe('the check of long runs', () => {
  it('counts as qemu-img check where runs are repeated, broken and lead onto tables', async () => {
    for (let seed = 0; seed < COUNT; seed++) {
      const chance = new Chance(7_000 + seed);
      const l2Together = chance.once(2);
      const refcountBits = chance.of([1, 2, 4, 8, 16, 32, 64]);
      const image = buildImage(runsOf(chance, chance.of([9, 10]), 900, { l2Together, refcountBits }));
      const done = Array.from({ length: chance.below(6) }, () => disturb(image, chance));
      await expectAgreement(image, [seed, refcountBits, done]);
    }
  });

  it('counts as qemu-img check where snapshots share runs of the disk', async () => {
    for (let seed = 0; seed < COUNT; seed++) {
      const chance = new Chance(8_000 + seed);
      const snapshots = Array.from({ length: 1 + chance.below(20) }, (_, i) => ({
        id: `${i}`,
        name: `s${i}`,
      }));
      const image = buildImage(runsOf(chance, 9, 400, { snapshots }));
      const done = Array.from({ length: chance.below(4) }, () => disturb(image, chance));
      await expectAgreement(image, [seed, done]);
    }
  });

  it('counts as qemu-img check where runs go on past 65,536 clusters', async () => {
    for (let seed = 0; seed < 4; seed++) {
      const chance = new Chance(9_000 + seed);
      const l2Together = seed % 2 === 0;
      const image = buildImage(runsOf(chance, 9, 140_000, { l2Together, clusters: () => 'data' }));
      const done = Array.from({ length: seed }, () => disturb(image, chance));
      await expectAgreement(image, [seed, done]);
    }
  });

  it('counts as qemu-img check where runs go on past 4 GiB of the file', async () => {
    for (const clusterBits of [18, 21]) {
      const clusters = 2 ** (32 - clusterBits) + 100;
      const size = clusters * 2 ** clusterBits;
      const image = buildImage({
        size,
        clusterBits,
        clusters: index => (index % 3 === 1 ? 'unallocated' : 'data'),
      });
      await expectAgreement(image, clusterBits);
      const whole = buildImage({ size: size + 2 ** 32, clusterBits, clusters: () => 'data' });
      // The entry behind the one that ends at 4 GiB names what lies at the start of the last 4 GiB.
      const table = [...whole.l2Offsets.values()][0] as number;
      const view = new DataView(readBytes(whole.source, table, 2 ** clusterBits).slice().buffer);
      const at = [...Array(clusters).keys()].find(i => view.getUint32(8 * i + 4) === 0 && i > 0) as number;
      pokeU64(whole.source.fd, table + 8 * at, COPIED);
      await expectAgreement(whole, [clusterBits, at]);
      const again = buildImage({ size: size + 2 ** 32, clusterBits, clusters: () => 'data' });
      pokeU64(again.source.fd, table + 8 * at, COPIED | (2n ** 33n));
      await expectAgreement(again, [clusterBits, at]);
    }
  });
});
