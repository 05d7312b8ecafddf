/** What every suite of the bench works with. */
import { join } from 'node:path';
import type { ImageStore } from './images.ts';
import type { Contestant, Figures, Meter, Outcome } from './measure.ts';
import type { BenchOptions } from './options.ts';

/** The bench under way. */
export interface Bench {
  readonly options: BenchOptions;
  readonly store: ImageStore;
  readonly meter: Meter;
  /** Folder of the built program and of this bundle. */
  readonly dist: string;
  /** Root of the checkout. */
  readonly root: string;
}

/** Arguments of Node for a `cowscope` command. */
export function cowscope(bench: Bench, ...words: readonly string[]): readonly string[] {
  return [join(bench.dist, 'cli.cjs'), ...words];
}

/** A whole `cowscope` process as a contestant. */
export function cowscopeRun(
  bench: Bench,
  name: string,
  words: readonly string[],
  output: 'nowhere' | 'pipe' = 'nowhere',
): Contestant {
  return { name, run: () => bench.meter.program(process.execPath, cowscope(bench, ...words), output) };
}

/** A figure of the median run; NaN where it could not be measured. */
export function medianOf({ median }: Outcome, figure: string): number {
  return median[figure] ?? Number.NaN;
}

/** Two programs one after the other: times add up, the larger peak counts. */
export function inSequence(first: Figures, second: Figures): Figures {
  const names = new Set([...Object.keys(first), ...Object.keys(second)]);
  return Object.fromEntries(
    [...names].map(name => {
      const a = first[name] ?? 0;
      const b = second[name] ?? 0;
      return [name, name.toLowerCase().endsWith('peak') ? Math.max(a, b) : a + b];
    }),
  );
}
