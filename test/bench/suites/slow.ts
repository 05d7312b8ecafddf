/** Suite `slow`: the sums of a chain on storage that takes a millisecond for each read, against one read at a time. */
import { closeSync, fstatSync, openSync } from 'node:fs';
import { basename } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { totalsOf } from '../../../electron/engine/lists/totals.ts';
import { ChainTables } from '../../../electron/engine/tables/chain-tables.ts';
import type { LayerPlan } from '../../../electron/engine/worker/protocol.ts';
import { fileSource } from '../../../electron/qcow2/read/file-source.ts';
import { openQcow2, parsedOf } from '../../../electron/qcow2/read/image.ts';
import { slowSources } from '../../support/images/slow-source.ts';
import { type Bench, medianOf } from '../context.ts';
import type { BenchChain } from '../images.ts';
import { type Contestant, inTurns, type Outcome, settle } from '../measure.ts';
import type { SuiteResult } from '../report.ts';

const READ_MS = 1;

/** Measures the suite. */
export async function measureSlow(bench: Bench): Promise<SuiteResult> {
  const chain = bench.store.chain('apart', bench.options.size);
  const found: unknown[] = [];
  const runs = [sums('one read at a time', chain, false, found), sums('reads in flight', chain, true, found)];
  const outcomes = await inTurns(runs, bench.options.runs);
  if (!found.every(totals => isDeepStrictEqual(totals, found[0]))) throw new Error('the sums differ');
  const [one, many] = outcomes as [Outcome, Outcome];
  const row = {
    what: `sums (engine), 1 ms a read, ${chain.pattern} ${chain.sizeName}`,
    unit: 's' as const,
    ours: medianOf(many, 'seconds'),
    peer: { name: one.name, value: medianOf(one, 'seconds') },
    ...(chain.sizeName === 'S' ? {} : { atMost: 1 / 8 }),
  };
  return { rows: [row], outcomes, notes: [] };
}

/** The sums of the merged map; with `later` by sources that can have many reads under way. */
function sums(name: string, { files }: BenchChain, later: boolean, found: unknown[]): Contestant {
  return {
    name,
    async run() {
      await settle();
      const fds = files.map(path => openSync(path, 'r'));
      try {
        const layers = fds.map((fd, i) => planOf(fd, files[i] as string));
        const { open, reads } = slowSources(READ_MS, later);
        const begun = performance.now();
        const plan = {
          layers,
          size: layers.at(-1)?.size ?? 0,
          buildPyramid: false,
          extentBudget: Number.POSITIVE_INFINITY,
        };
        found.push(await totalsOf(new ChainTables(plan, open), undefined));
        return { seconds: (performance.now() - begun) / 1000, reads: reads.blocking + reads.waiting };
      } finally {
        for (const fd of fds) closeSync(fd);
      }
    },
  };
}

function planOf(fd: number, path: string): LayerPlan {
  const fileSize = fstatSync(fd).size;
  const image = openQcow2(fileSource({ fd, size: fileSize, path }));
  return {
    title: basename(path),
    size: image.header.size,
    clusterSize: image.geometry.clusterSize,
    metadata: { fd, fileSize, path, image: parsedOf(image) },
  };
}
