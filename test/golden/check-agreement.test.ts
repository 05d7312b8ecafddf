/** The check of clean and of damaged images, against `qemu-img check` on the image alone. */
import { readFileSync, unlinkSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { checkImage } from '../../electron/qcow2/check/engine.ts';
import { openQcow2 } from '../../electron/qcow2/read/image.ts';
import { runToEnd } from '../../electron/qcow2/read/sliced-work.ts';
import { CowscopeError } from '../../shared/error.ts';
import { type CheckCounts, type CheckVerdict, verdictOfCheck } from '../../shared/model/check.ts';
import type { Finding } from '../../shared/model/finding.ts';
import { checkByQemu, numbersOf, numbersOfQemu } from '../support/check-numbers.ts';
import { Chance, damage, randomSpec } from '../support/images/damage.ts';
import { randomChain } from '../support/images/random-chain.ts';
import { type BuiltImage, buildImage, openSource } from '../support/qcow2-reading.ts';
import { temporaryFolder } from '../support/tools.ts';

const folder = temporaryFolder();

/** Images of each kind. */
const COUNT = Number(process.env.COWSCOPE_CHECK_IMAGES ?? 60);
/** Chains that qemu makes and writes to at random, and the seed of the first. */
const CHAINS = Number(process.env.COWSCOPE_CHECK_CHAINS ?? 12);
const FIRST_CHAIN = Number(process.env.COWSCOPE_CHECK_FIRST_CHAIN ?? 21_000);

/** Seeds of images that were counted otherwise once. */
const ONCE_WRONG = [213, 403, 651, 905, 970];

/**
 * Codes of findings after which qemu reads on as if the tables were whole, so that its numbers mean nothing; the last two
 * are about offsets of 2^53 and more, where it reads zeros.
 */
const OTHER_COUNTS = [
  'QCOW2_L1_UNALIGNED',
  'QCOW2_L1_FLAGS_ALONE',
  'QCOW2_BITMAP_ENTRY',
  'QCOW2_SNAPSHOT_TABLE',
  'QCOW2_REFCOUNT_TABLE',
  'QCOW2_L1_TABLE',
];

interface Ours {
  readonly verdict: CheckVerdict | 'refused';
  readonly counts?: CheckCounts | undefined;
  readonly findings: readonly Finding[];
}

function ours({ source }: Pick<BuiltImage, 'source'>): Ours {
  try {
    const image = openQcow2(source);
    const { steps, counts, findings } = runToEnd(checkImage(image, { layer: 0 }));
    const all = [...image.findings, ...findings];
    return { verdict: verdictOfCheck(all, steps, counts), counts, findings: all };
  } catch (error) {
    if (error instanceof CowscopeError) return { verdict: 'refused', findings: [] };
    throw error;
  }
}

function discard({ path, source }: BuiltImage): void {
  void source;
  unlinkSync(path);
}

describe('the check', () => {
  it(`of ${COUNT} clean images finds nothing worse than a note and counts as qemu-img does`, async () => {
    for (let seed = 0; seed < COUNT; seed++) {
      const image = buildImage(randomSpec(new Chance(seed)));
      const { verdict, counts, findings } = ours(image);
      const answer = await checkByQemu(image.path);
      expect([seed, verdict, findings.filter(({ severity }) => severity !== 'note')]).toEqual([
        seed,
        'clean',
        [],
      ]);
      expect([seed, numbersOf(counts as CheckCounts)]).toEqual([seed, numbersOfQemu(answer ?? {})]);
      discard(image);
    }
  });

  it(`of ${CHAINS} random chains that qemu made finds nothing worse than a note and counts as qemu-img does`, async () => {
    let images = 0;
    for (let seed = FIRST_CHAIN; seed < FIRST_CHAIN + CHAINS; seed++) {
      const features = { snapshots: seed % 2 === 0, bitmaps: true, dataFile: true };
      const { layers } = await randomChain(seed, folder, features);
      for (const { path, dataFile, recipe } of layers.filter(({ format }) => format === 'qcow2')) {
        const { verdict, counts, findings } = ours({ source: openSource(path) });
        const worse = findings.filter(({ severity }) => severity !== 'note');
        expect([verdict, worse], JSON.stringify(recipe)).toEqual(['clean', []]);
        const answer = await checkByQemu(path, dataFile);
        expect(numbersOf(counts as CheckCounts), path).toEqual(numbersOfQemu(answer ?? {}));
        images++;
        unlinkSync(path);
      }
    }
    console.info({ 'clean images that qemu wrote': images });
    expect(images).toBeGreaterThanOrEqual(CHAINS);
  });

  it(`of ${COUNT} damaged images is never milder than qemu-img check, and counts as it does`, async () => {
    const table = { equal: 0, 'other numbers by an extra rule': 0, 'qemu-img gives up': 0, refused: 0 };
    const wrong: unknown[] = [];
    for (const seed of new Set([...Array(COUNT).keys(), ...ONCE_WRONG])) {
      const chance = new Chance(1_000_000 + seed);
      const image = buildImage(randomSpec(chance));
      const done = damage(image, chance);
      const before = readFileSync(image.path);
      const { verdict, counts, findings } = ours(image);
      if (!readFileSync(image.path).equals(before)) wrong.push([seed, 'the image was changed']);
      const answer = await checkByQemu(image.path);
      const codes = findings.map(({ code }) => code);
      const tell = (what: string, ...more: unknown[]) =>
        wrong.push([seed, what, verdict, codes, done, ...more]);
      if (answer === undefined) {
        table['qemu-img gives up']++;
        if (verdict === 'clean' || verdict === 'leaks') tell('milder than giving up');
      } else if (verdict === 'refused' || counts === undefined) {
        table.refused++;
        if (answer.corruptions === undefined && answer.leaks === undefined)
          tell('refused, and qemu is content');
      } else {
        const numbers = numbersOf(counts);
        const expected = numbersOfQemu(answer);
        const isMilder =
          ((expected.corruptions ?? 0) > 0 && verdict !== 'corrupt') ||
          ((expected.leaks ?? 0) > 0 && verdict === 'clean');
        if (isMilder) tell('milder', expected);
        if (codes.some(code => OTHER_COUNTS.includes(code))) table['other numbers by an extra rule']++;
        else if (JSON.stringify(numbers) === JSON.stringify(expected)) table.equal++;
        else tell('other numbers', numbers, expected);
        const isSilent =
          verdict === 'corrupt' &&
          findings.every(({ severity }) => severity === 'note' || severity === 'leak');
        if (isSilent) tell('corrupt, and no finding says why');
      }
      discard(image);
    }
    console.info(table);
    expect(wrong).toEqual([]);
  });
});
