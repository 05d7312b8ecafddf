/** One way to read an image of which a part is lost, and how well it agrees with what is stored. */
import type { InferredFact } from '../../../shared/model/inference.ts';
import { checkImage } from '../check/engine.ts';
import { openQcow2Sliced, type Qcow2Image } from '../read/image.ts';
import { type MemoryPiece, patchedSource } from '../read/memory-source.ts';
import type { SlicedWork } from '../read/sliced-work.ts';
import type { ImageSource } from '../read/source.ts';

/** Bytes that make the image readable, and what they say. */
export interface Proposal {
  /** What is laid over the file, in ascending order and apart. */
  readonly pieces: readonly MemoryPiece[];
  /** Without what only the comparison with the refcounts tells. */
  readonly facts: readonly InferredFact[];
}

/** A proposal that was tried. */
export interface Reading extends Proposal {
  readonly image: Qcow2Image;
  /** Contradictions, as `qemu-img check` counts them; clusters that are counted and that nothing refers to, or too high. */
  readonly corruptions: number;
  readonly leaks: number;
}

/**
 * Reads the image in that way and counts its references; what is `expected` of a right one does not count. Throws what
 * openQcow2Sliced throws.
 */
export function* tryProposal(
  source: ImageSource,
  proposal: Proposal,
  expected = { corruptions: 0, leaks: 0 },
): SlicedWork<Reading> {
  const image = yield* openQcow2Sliced(patchedSource(source, proposal.pieces));
  const { counts, findings } = yield* checkImage(image, { layer: 0 });
  const isCorrupt = findings.some(({ severity }) => severity === 'corruption');
  const corruptions =
    counts === undefined ? Number.POSITIVE_INFINITY : Math.max(0, counts.corruptions - expected.corruptions);
  return {
    ...proposal,
    image,
    corruptions: corruptions === 0 && expected.corruptions === 0 && isCorrupt ? 1 : corruptions,
    leaks: Math.max(0, (counts?.leaks ?? 0) - expected.leaks),
  };
}

/** The readings that agree best with what is stored: several where it does not tell them apart. */
export function bestReadings(readings: readonly Reading[]): Reading[] {
  const order = (a: Reading, b: Reading) => a.corruptions - b.corruptions || a.leaks - b.leaks;
  const [best] = readings.toSorted(order);
  return best === undefined ? [] : readings.filter(one => order(one, best) === 0);
}

/** What the comparison with the refcounts says of a reading. */
export function agreementText({ corruptions, leaks }: Reading): string {
  if (corruptions > 0) return 'the refcounts contradict it';
  if (leaks > 0) return `no refcount contradicts it, and ${leaks} counted clusters are in none of its tables`;
  return 'the refcount of every cluster agrees with it';
}
