/** The check and --infer of images with damage as incidents leave it, against `qemu-img check` and the image before. */
import { unlinkSync } from 'node:fs';
import { expect, it } from 'vitest';
import { checkImage } from '../../electron/qcow2/check/engine.ts';
import { inferL1 } from '../../electron/qcow2/infer/infer-image.ts';
import { openQcow2 } from '../../electron/qcow2/read/image.ts';
import { runToEnd } from '../../electron/qcow2/read/sliced-work.ts';
import { CowscopeError } from '../../shared/error.ts';
import { stateOf } from '../../shared/extent/flags.ts';
import { type CheckVerdict, verdictOfCheck } from '../../shared/model/check.ts';
import { withoutRepeats } from '../../shared/model/finding.ts';
import { checkByQemu } from '../support/check-numbers.ts';
import { Chance, randomSpec } from '../support/images/damage.ts';
import { INCIDENTS } from '../support/images/incidents.ts';
import { buildImage, type MappedExtent, mapWhole, openSource } from '../support/qcow2-reading.ts';

/** Images in all, of all kinds in turn. */
const COUNT = Number(process.env.COWSCOPE_INCIDENT_IMAGES ?? 60);
const FIRST_SEED = 5_000_000;

/** Images after two incidents, and the roots that these have at most: findings that follow from nothing, notes aside. */
const PAIRS = Number(process.env.COWSCOPE_INCIDENT_PAIRS ?? 40);
const FIRST_PAIR = 9_000_000;
const MAX_ROOTS = 5;

/** What is said of an image: the verdict, and the map that is inferred as certain, where there is one. */
interface Said {
  readonly verdict: CheckVerdict | 'refused';
  /** What tells of the worst: no verdict but clean comes without. */
  readonly isTold: boolean;
  readonly certain: readonly MappedExtent[];
  readonly roots: readonly string[];
}

function say(path: string): Said {
  try {
    const image = openQcow2(openSource(path));
    const { steps, counts, findings } = runToEnd(checkImage(image, { layer: 0 }));
    const all = withoutRepeats(findings, image.findings);
    const verdict = verdictOfCheck(all, steps, counts);
    const inferred = runToEnd(inferL1(image, { reading: 1 }));
    const isCertain = inferred?.inferred?.inference.confidence === 'certain';
    return {
      verdict,
      isTold:
        verdict !== 'corrupt' ||
        all.some(({ severity }) => severity === 'corruption' || severity === 'hazard'),
      certain: inferred !== undefined && isCertain ? mapWhole(inferred) : [],
      roots: all
        .filter(({ severity, causedBy }) => severity !== 'note' && causedBy === undefined)
        .map(({ code }) => code),
    };
  } catch (error) {
    if (error instanceof CowscopeError) return { verdict: 'refused', isTold: true, certain: [], roots: [] };
    throw error;
  }
}

/** The first extent that the image did not have so, as text; empty where all are as they were. */
function firstWrong(extents: readonly MappedExtent[], before: readonly MappedExtent[]): string {
  for (const { start, word, host } of extents) {
    if (stateOf(word) === 'unreadable') continue;
    const was = before.find(one => one.start <= start && start < one.start + one.length);
    const hostBefore = was === undefined || was.host < 0 ? -1 : was.host + start - was.start;
    if (was === undefined || stateOf(was.word) !== stateOf(word) || hostBefore !== host)
      return `guest ${start}: ${stateOf(word)} at ${host} instead of ${was && stateOf(was.word)} at ${hostBefore}`;
  }
  return '';
}

/** True where a verdict is better than what qemu-img check says, or than that it says nothing. */
function isMilderThan(answer: Record<string, number> | undefined, verdict: Said['verdict']): boolean {
  if (answer === undefined) return verdict === 'clean' || verdict === 'leaks';
  return (
    ((answer.corruptions ?? 0) > 0 && verdict !== 'corrupt' && verdict !== 'refused') ||
    ((answer.leaks ?? 0) > 0 && verdict === 'clean')
  );
}

it(`of ${COUNT} images after an incident is never milder than qemu-img check, and infers nothing wrong as certain`, async () => {
  const others = [900, 901, 902, 903].map(seed => buildImage(randomSpec(new Chance(seed))));
  const kinds = Object.keys(INCIDENTS);
  const wrong: unknown[] = [];
  const verdicts = new Map<string, number>();
  for (let n = 0; n < COUNT; n++) {
    const kind = kinds[n % kinds.length] as string;
    const chance = new Chance(FIRST_SEED + n);
    const image = buildImage(randomSpec(chance));
    const before = mapWhole(openQcow2(image.source));
    const done = INCIDENTS[kind]?.(image, chance, others) ?? '';
    if (done === '') continue;
    const answer = await checkByQemu(image.path);
    const { verdict, isTold, certain } = say(image.path);
    const isMilder = isMilderThan(answer, verdict);
    const misplaced = firstWrong(certain, before);
    if (isMilder || !isTold || misplaced !== '')
      wrong.push({ seed: FIRST_SEED + n, kind, done, verdict, isMilder, isTold, misplaced, answer });
    verdicts.set(verdict, (verdicts.get(verdict) ?? 0) + 1);
    unlinkSync(image.path);
  }
  console.info(Object.fromEntries(verdicts));
  expect(wrong).toEqual([]);
});

it(`of ${PAIRS} images after two incidents is never milder than qemu-img check, and has few findings that follow from nothing`, async () => {
  const others = Array.from({ length: 8 }, (_, i) => buildImage(randomSpec(new Chance(900 + i))));
  const kinds = Object.keys(INCIDENTS).filter(kind => kind !== 'several at once');
  const wrong: unknown[] = [];
  let told = 0;
  for (let n = 0; n < PAIRS; n++) {
    const chance = new Chance(FIRST_PAIR + n);
    const image = buildImage(randomSpec(chance));
    const done = [chance.of(kinds), chance.of(kinds)].map(kind => INCIDENTS[kind]?.(image, chance, others));
    const answer = await checkByQemu(image.path);
    const { verdict, isTold, roots } = say(image.path);
    const isMilder = isMilderThan(answer, verdict);
    if (isMilder || !isTold || roots.length > MAX_ROOTS)
      wrong.push({ seed: FIRST_PAIR + n, done, verdict, isMilder, isTold, roots, answer });
    told += roots.length;
    unlinkSync(image.path);
  }
  console.info({ 'findings that follow from nothing, for each image': told / PAIRS });
  expect(wrong).toEqual([]);
});
