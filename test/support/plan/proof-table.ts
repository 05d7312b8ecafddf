/** How many planned file sizes were exact, how many were bounds and for what reason, and how many were wrong. */
import type { PlannedTarget } from '../../../shared/model/plan/plan.ts';

/** The size of a file as it really became, in bytes. */
export interface RealSpace {
  readonly fileLength: number;
  readonly imageEnd: number;
}

/** The sizes that a plan has for a qemu that opened the target for the job; none where not all are known. */
function expectedSizes({ possible }: PlannedTarget): RealSpace[] {
  return possible.filter(({ justOpened }) => justOpened);
}

/** True where a file that was opened for the job is as long as its plan says. */
export function isAsPlanned(planned: PlannedTarget, real: RealSpace): boolean {
  const { imageEnd, imageEndAtLeast, fileLength, fileLengthAtLeast } = planned;
  const sizes = expectedSizes(planned);
  const isOne = (size: RealSpace) => size.imageEnd === real.imageEnd && size.fileLength === real.fileLength;
  if (sizes.length > 0 && !sizes.some(isOne)) return false;
  return (
    real.imageEnd <= imageEnd &&
    real.imageEnd >= imageEndAtLeast &&
    real.fileLength <= fileLength &&
    real.fileLength >= fileLengthAtLeast
  );
}

/** What a plan promised of a size. */
function promiseOf(planned: PlannedTarget): string {
  if (planned.exact) return 'exact';
  const sizes = expectedSizes(planned).length;
  if (sizes === 1) return 'exact where qemu has just opened the target';
  return `${sizes > 1 ? `one of ${sizes} sizes` : 'bound'}: ${planned.why.join('; ')}`;
}

/** Counts of plans that were compared with what really happened, by way. */
export class ProofTable {
  readonly #ways = new Map<string, Map<string, number>>();

  /** Adds a plan for a job and version, such as `commit by qemu-img 7.2.22`. */
  add(way: string, planned: PlannedTarget, real: RealSpace): void {
    this.#count(way, isAsPlanned(planned, real) ? promiseOf(planned) : 'wrong');
  }

  /** Adds what several runs of one job came to on copies of the same files: whether a bound is one. */
  addRuns(way: string, planned: PlannedTarget, reals: readonly RealSpace[]): void {
    const reached = new Set(reals.map(({ imageEnd, fileLength }) => `${imageEnd} ${fileLength}`)).size;
    const sizes = expectedSizes(planned).length;
    const outcome = !reals.every(real => isAsPlanned(planned, real))
      ? 'wrong'
      : `${reached} ${reached === 1 ? 'size' : 'sizes'}, of ${sizes === 0 ? 'a bound' : `${sizes} that are possible`}`;
    this.#count(`bounds, ${reals.length} runs each: ${way}`, outcome);
  }

  #count(way: string, outcome: string): void {
    const counts = this.#ways.get(way) ?? new Map<string, number>();
    counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
    this.#ways.set(way, counts);
  }

  /** Lines of text: each way, then its outcomes, most frequent first. */
  get lines(): string[] {
    return [...this.#ways].flatMap(([way, counts]) => [
      `${way}: file size after, of ${[...counts.values()].reduce((sum, count) => sum + count)} qcow2 targets`,
      ...[...counts]
        .sort(([, a], [, b]) => b - a)
        .map(([outcome, count]) => `${`${count}`.padStart(6)} ${outcome}`),
    ]);
  }

  /** Prints the table. */
  print(): void {
    process.stdout.write(`\n${this.lines.join('\n')}\n`);
  }
}
