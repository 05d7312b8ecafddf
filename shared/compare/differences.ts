/** What two disks are to each other at one place, from what each reads there. */

import {
  ABSENT,
  COMPRESSED,
  DAMAGED,
  HOLE,
  LOCAL,
  OUT_OF_RANGE,
  stateIndexOf,
  UNREAD,
  UNREADABLE,
  ZERO,
} from '../extent/flags.ts';
import type { DifferenceKind } from '../model/comparison.ts';

/** What a guest reads from a range: zeros, data that only reading tells, or nothing that is known. */
export type Content = 'zeros' | 'data' | 'unknown';

/**
 * True for data that would lie past the end of its file: it is lost, and qemu reads zeros there without an error. A lost
 * compressed cluster is an error to qemu.
 */
export function isLostData(word: number): boolean {
  const lost = LOCAL | UNREADABLE | DAMAGED;
  return (word & (lost | UNREAD | COMPRESSED)) === lost;
}

/** What a word of the guest's view promises about the content. */
export function contentOf(word: number): Content {
  if (isLostData(word)) return 'zeros';
  if (word & (UNREAD | UNREADABLE)) return 'unknown';
  if (word & (OUT_OF_RANGE | ABSENT)) return 'zeros';
  // NBD_STATE_ZERO is a promise, with or without a hole; a hole alone promises nothing.
  return word & ZERO ? 'zeros' : 'data';
}

/** One side of a range, all of it of one kind. */
export interface ComparedRun {
  /** The word that the guest sees; OUT_OF_RANGE past the end of the disk. */
  readonly word: number;
  /** What holds the content: equal for two sides that read the same tables of the same file. Empty where that is not known. */
  readonly holder: string;
  /** The file that host offsets are about. Empty where that is not known. */
  readonly file: string;
  /** Host offset of the first byte; -1 where there is none. */
  readonly host: number;
}

/** What is known of a range without reading content. `same` may still be data: then both read the same bytes of one file. */
export type Relation = 'same' | DifferenceKind;

/** How two sides of a range are related, as far as their tables tell. */
export function relationOf(a: ComparedRun, b: ComparedRun): Relation {
  const ofA = contentOf(a.word);
  const ofB = contentOf(b.word);
  if (ofA === 'unknown' || ofB === 'unknown') return 'unreadable';
  if (ofA === 'zeros' && ofB === 'zeros') return relationOfEqual(a.word, b.word);
  if (ofA === 'data' && ofB === 'data' && sharesBytes(a, b)) return relationOfEqual(a.word, b.word);
  return 'mayDiffer';
}

/** How two sides are related that were found to read the same. */
export function relationOfEqual(a: number, b: number): Relation {
  if ((a | b) & OUT_OF_RANGE) return 'length';
  return stateIndexOf(a) === stateIndexOf(b) && !isHoleGuess(a, b) ? 'same' : 'state';
}

/** Data of one side whose host range is a hole, of which a server says that it reads as zeros. */
function isHoleGuess(a: number, b: number): boolean {
  const promisesZeros = (word: number) => (word & (ZERO | HOLE)) === ZERO;
  return promisesZeros(a) !== promisesZeros(b);
}

/** True where both sides read the same bytes: the same tables, or the same place of one file. */
function sharesBytes(a: ComparedRun, b: ComparedRun): boolean {
  if (a.holder !== '' && a.holder === b.holder) return true;
  return a.file !== '' && a.file === b.file && a.host >= 0 && a.host === b.host;
}
