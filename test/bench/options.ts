/** What the bench's command line asks for. */
import { parseArgs } from 'node:util';
import { SIZES, type SizeName } from './images.ts';

/** Suites of the bench in the order they run; the last two run only when named. */
const SUITES = [
  'map',
  'nbd',
  'listing',
  'slow',
  'check',
  'store',
  'merge',
  'draw',
  'open',
  'tasks',
  'package',
  'growth',
  'huge',
] as const;

/** Suites that take long, and much room on the disk. */
const ONLY_NAMED: readonly string[] = ['growth', 'huge'];

export type SuiteName = (typeof SUITES)[number];

/** A run of the bench. */
export interface BenchOptions {
  readonly suites: readonly SuiteName[];
  readonly size: SizeName;
  /** Runs that count of each contestant; by default five, or three of slow ones. */
  readonly runs: number | undefined;
  /** Where the images go; by default a new folder for temporary files. */
  readonly images: string | undefined;
  /** Leave the images where they are. */
  readonly keep: boolean;
}

export const USAGE = `usage: npm run bench -- [${SUITES.join('|')}|all]... [--size S|M|L|XL] [--runs N] [--images DIR] [--keep]

  all          every suite but growth and huge (default)
  --size       of the guest's disk: S 64 GiB (default), M 1 TiB, L 8 TiB, XL 16 TiB
  --runs       runs that count of each contestant (default 5, or 3 of what takes more than 10 seconds)
  --images     folder for the images (default: a new one for temporary files)
  --keep       leave the images behind`;

/** The options that `words` ask for. Throws an Error with a sentence for wrong usage. */
export function parseOptions(words: readonly string[]): BenchOptions {
  const { values, positionals } = parseArgs({
    args: [...words],
    allowPositionals: true,
    options: {
      size: { type: 'string', default: 'S' },
      runs: { type: 'string' },
      images: { type: 'string' },
      keep: { type: 'boolean', default: false },
    },
  });
  const { size, runs, images, keep } = values;
  if (!Object.hasOwn(SIZES, size)) throw new Error(`there is no size ${size}`);
  if (runs !== undefined && !/^[1-9]\d?$/.test(runs)) throw new Error('--runs is a number from 1 to 99');
  const all: readonly SuiteName[] = SUITES.filter(suite => !ONLY_NAMED.includes(suite));
  const named = positionals.length === 0 ? ['all'] : positionals;
  const unknown = named.find(name => name !== 'all' && !(SUITES as readonly string[]).includes(name));
  if (unknown !== undefined) throw new Error(`there is no suite ${unknown}`);
  return {
    suites: SUITES.filter(suite => named.includes(suite) || (named.includes('all') && all.includes(suite))),
    size: size as SizeName,
    runs: runs === undefined ? undefined : Number(runs),
    images,
    keep,
  };
}
