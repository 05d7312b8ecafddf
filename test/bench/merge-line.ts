/** Line `merge`: the sweep over two to four lists by itself, and how many bytes an extent takes in a table. */
import { closeSync, fstatSync, openSync } from 'node:fs';
import { openQcow2 } from '../../electron/qcow2/image.ts';
import { createMap, mapPage } from '../../electron/qcow2/map.ts';
import { ABSENT_EVERYWHERE, HOLE, LOCAL, RESERVED, ZERO } from '../../shared/extent/flags.ts';
import { PageWriter } from '../../shared/extent/page.ts';
import { createSweeper } from '../../shared/extent/sweep.ts';
import { createTable, type ExtentTable, pageSpanFor } from '../../shared/extent/table.ts';
import { type Bench, medianOf } from './context.ts';
import { type BenchChain, SIZES } from './images.ts';
import { type Contestant, cpuSeconds, inTurns } from './measure.ts';
import { generator } from './patterns.ts';
import type { LineResult, Row } from './report.ts';

const CLUSTER_SIZE = 65_536;
/** The guest of the lists: 16.8 million clusters, runs with a mean of four. */
const SIZE = SIZES.M;
const WORDS = [LOCAL, LOCAL | HOLE | ZERO, LOCAL | HOLE | ZERO | RESERVED, ABSENT_EVERYWHERE];

/** Measures the line. */
export async function mergeLine(bench: Bench): Promise<LineResult> {
  const lists = [1, 2, 3, 4].map(randomList);
  const outcomes = await inTurns(
    [2, 3, 4].map(count => sweepRun(lists.slice(0, count))),
    bench.options.runs,
  );
  const sweeps = outcomes.map(
    (outcome, i): Row => ({
      what: `sweep of ${i + 2} lists, an extent of the result`,
      unit: 'ns',
      ours: medianOf(outcome, 'nsPerExtent'),
      ...(i === 1 ? { atMost: 9 } : {}),
    }),
  );
  const { size } = bench.options;
  const chains = (['alt', 'random'] as const).map(pattern => bench.store.chain(pattern, size));
  const tables = [...chains, bench.store.chain('subclusters', 'S')].map(
    (chain): Row => ({
      what: `an extent in the layers' tables, ${chain.pattern} ${chain.sizeName}`,
      unit: 'B',
      ours: bytesPerExtent(chain),
      ...(chain.pattern === 'subclusters' ? {} : { atMost: 6 }),
    }),
  );
  return { rows: [...sweeps, ...tables], outcomes, notes: [] };
}

/** A layer of random runs, as the reader would have stored it. */
function randomList(seed: number): ExtentTable {
  const random = generator(seed * 77);
  const table = createTable(SIZE, pageSpanFor(SIZE));
  const codes = WORDS.map(word => table.words.code(word));
  const writer = new PageWriter();
  let kind = 0;
  for (let page = 0; page < table.pages.length; page++) {
    writer.begin();
    for (let at = 0; at < table.pageSpan; at += CLUSTER_SIZE) {
      if (random() < 0.25) kind = (kind + 1 + Math.floor(random() * 3)) % 4;
      writer.push(at, codes[kind] as number);
    }
    table.pages[page] = writer.seal();
  }
  return table;
}

function sweepRun(tables: readonly ExtentTable[]): Contestant {
  const sweeper = createSweeper();
  return {
    name: `sweep of ${tables.length} lists`,
    async run() {
      const pages = tables[0]?.pages.length ?? 0;
      const span = pageSpanFor(SIZE);
      let extents = 0;
      const begun = cpuSeconds();
      for (let page = 0; page < pages; page++) {
        const layers = tables.map(table => ({
          page: table.pages[page],
          words: table.words.words,
          size: SIZE,
        }));
        extents += sweeper.sweep(layers, [], page * span, (page + 1) * span).count;
      }
      const seconds = cpuSeconds() - begun;
      return { seconds, extents, nsPerExtent: (seconds * 1e9) / extents };
    },
  };
}

/** Mean bytes of typed arrays for an extent, over every layer of a chain. */
function bytesPerExtent(chain: BenchChain): number {
  let bytes = 0;
  let extents = 0;
  for (const path of chain.files) {
    const fd = openSync(path, 'r');
    try {
      const { words } = createTable(0, 1);
      const map = createMap(openQcow2({ fd, size: fstatSync(fd).size, path }), { words });
      const writer = new PageWriter();
      const span = pageSpanFor(chain.size);
      for (let start = 0; start < chain.size; start += span) {
        writer.begin();
        mapPage(map, start, Math.min(chain.size, start + span), writer);
        const page = writer.seal();
        bytes += page.starts.byteLength + page.codes.byteLength;
        extents += page.count;
      }
    } finally {
      closeSync(fd);
    }
  }
  return bytes / extents;
}
