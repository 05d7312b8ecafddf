/** What is wrong with an image, collected while it is read on: bounded, with the evidence. */
import type { ImageProblem, Severity } from '../../../shared/model/layer.ts';

/** One thing that is wrong, as data. */
export interface Problem extends ImageProblem {
  /** Where in the file the value lies, in bytes. */
  readonly fileOffset?: number;
  /** Guest offset of the cluster it is about, in bytes. */
  readonly guestOffset?: number;
  /** The value found, in hexadecimal. */
  readonly entry?: string;
}

/** Where a problem was found. */
export type Place = Pick<Problem, 'fileOffset' | 'guestOffset' | 'entry'>;

const ADVICE: Record<Severity, string> = {
  refused: 'qemu does not open such an image; what can be read of it is shown',
  damage: 'the rest of the image is read as usual',
  note: '',
};

/** A problem of the image `path` with the advice for its severity. */
export function makeProblem(
  severity: Severity,
  code: string,
  what: string,
  path: string,
  place: Place,
): Problem {
  return { severity, code, what, subject: path, advice: ADVICE[severity], ...place };
}

const KEPT_PER_CODE = 16;

/**
 * Keeps the first problems of each code and counts the rest, so that a ruined table costs no memory. A problem at a place
 * that is kept already is the same problem seen again, in another page or another reading of the same page.
 */
export class ProblemLog {
  /** The problems kept, in the order found. */
  readonly kept: Problem[] = [];
  /** How often each code occurred, kept or not. Past the first few, places that are read again count again. */
  readonly counts = new Map<string, number>();
  readonly #places = new Map<string, number[]>();

  /** True while problems of `code` are still kept. */
  wants(code: string): boolean {
    return (this.#places.get(code)?.length ?? 0) < KEPT_PER_CODE;
  }

  /** Counts a problem of `code` at a place of the file; true if it is to be described with {@link add}. */
  count(code: string, fileOffset: number): boolean {
    const places = this.#places.get(code) ?? [];
    if (places.includes(fileOffset)) return false;
    this.counts.set(code, (this.counts.get(code) ?? 0) + 1);
    if (places.length === KEPT_PER_CODE) return false;
    places.push(fileOffset);
    this.#places.set(code, places);
    return true;
  }

  /** Keeps a problem that {@link count} asked for. */
  add(problem: Problem): void {
    this.kept.push(problem);
  }
}
