/** The numbers of a check: ours and those of `qemu-img check`, in the same form. */
import type { CheckCounts } from '../../shared/model/check.ts';
import { alone } from './qcow2-reading.ts';
import { run } from './tools.ts';

/** What qemu-img check says: its numbers, or undefined where it does not get so far. */
export async function checkByQemu(
  path: string,
  dataFile?: string,
): Promise<Record<string, number> | undefined> {
  const { stdout } = await run('qemu-img', ['check', '--output=json', alone(path, dataFile)]);
  if (!stdout.startsWith('{')) return undefined;
  return JSON.parse(stdout);
}

/** Our numbers. */
export function numbersOf(counts: CheckCounts): Record<string, number> {
  return {
    corruptions: counts.corruptions,
    leaks: counts.leaks,
    imageEnd: counts.imageEnd,
    total: counts.totalClusters,
    allocated: counts.allocatedClusters,
    fragmented: counts.fragmentedClusters,
    compressed: counts.compressedClusters,
  };
}

/** Those of an answer of {@link checkByQemu}. */
export function numbersOfQemu(answer: Record<string, number>): Record<string, number> {
  return {
    corruptions: answer.corruptions ?? 0,
    leaks: answer.leaks ?? 0,
    imageEnd: answer['image-end-offset'] ?? 0,
    total: answer['total-clusters'] ?? 0,
    allocated: answer['allocated-clusters'] ?? 0,
    fragmented: answer['fragmented-clusters'] ?? 0,
    compressed: answer['compressed-clusters'] ?? 0,
  };
}
