/** The demo chains of examples/recipes.mjs, made in a folder; paths base first. */
import { join } from 'node:path';
import { bitmaps, damaged, extendedL2, golden, makeChain, shortMiddle } from '../../../examples/recipes.mjs';
import { qemuImg, runWell } from '../tools.ts';

export const goldenChain = (folder: string) => makeChain(golden, folder);
export const shortMiddleChain = (folder: string) => makeChain(shortMiddle, folder);
export const bitmapsChain = (folder: string) => makeChain(bitmaps, folder);
export const extendedL2Chain = (folder: string) => makeChain(extendedL2, folder);
export const damagedChain = (folder: string) => makeChain(damaged, folder);

/** The demo chains, each with what is special about it. */
export const DEMO_CHAINS = [
  ['golden', goldenChain],
  ['with a short middle', shortMiddleChain],
  ['with bitmaps', bitmapsChain],
  ['with subclusters', extendedL2Chain],
  ['damaged', damagedChain],
] as const;

/** The top of a chain of two version 1 images: L1 tables of several entries in the first cluster, each of which names a table. */
export async function version1Chain(folder: string): Promise<string> {
  const [base, top] = [join(folder, 'private-base.qcow'), join(folder, 'private-top.qcow')];
  await qemuImg('create', '-q', '-f', 'qcow', base, '16M');
  await runWell('qemu-io', ['-f', 'qcow', '-c', 'write -q 0 64k', '-c', 'write -q 9M 64k', base]);
  await qemuImg('create', '-q', '-f', 'qcow', '-F', 'qcow', '-b', 'private-base.qcow', top);
  await runWell('qemu-io', ['-f', 'qcow', '-c', 'write -q 3M 64k', top]);
  return top;
}
