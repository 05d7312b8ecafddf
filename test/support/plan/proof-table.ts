/** How many planned file sizes were exact, how many were bounds and for what reason, and how many were wrong. */
import type { PlannedTarget } from '../../../shared/model/plan/plan.ts';

/** The size of a file as it really became, in bytes. */
export interface RealSpace {
  readonly fileLength: number;
  readonly imageEnd: number;
}

/** True where a file is as long as its plan says. */
export function isAsPlanned(planned: PlannedTarget, real: RealSpace): boolean {
  const { imageEnd, imageEndAtLeast, fileLength, fileLengthAtLeast } = planned;
  return (
    real.imageEnd <= imageEnd &&
    real.imageEnd >= imageEndAtLeast &&
    real.fileLength <= fileLength &&
    real.fileLength >= fileLengthAtLeast
  );
}

/** Counts of plans that were compared with what really happened, by way. */
export class ProofTable {
  readonly #ways = new Map<string, Map<string, number>>();

  /** Adds a plan for a job and version, such as `commit by qemu-img 7.2.22`. */
  add(way: string, planned: PlannedTarget, real: RealSpace): void {
    const outcome = !isAsPlanned(planned, real)
      ? 'wrong'
      : planned.exact
        ? 'exact'
        : `bound: ${planned.why.join('; ')}`;
    this.#count(way, outcome);
  }

  /** Adds what several runs of one job came to on copies of the same files: whether a bound is one. */
  addRuns(way: string, planned: PlannedTarget, reals: readonly RealSpace[]): void {
    const ends = new Set(reals.map(({ imageEnd, fileLength }) => `${imageEnd} ${fileLength}`));
    const reached = reals.map(({ imageEnd }) => imageEnd);
    const isReached = [planned.imageEndAtLeast, planned.imageEnd].every(end => reached.includes(end));
    const outcome = !reals.every(real => isAsPlanned(planned, real))
      ? 'wrong'
      : `${ends.size === 1 ? 'one end' : 'several ends'}, ${isReached ? 'both ends of the bound among them' : 'within the bound'}`;
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
