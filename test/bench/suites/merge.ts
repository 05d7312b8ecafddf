/** Suite `merge`: the sweep over two to four lists by itself, and how many bytes an extent takes in a table. */
import { closeSync, fstatSync, openSync } from 'node:fs';
import { fileSource } from '../../../electron/qcow2/read/file-source.ts';
import { openQcow2 } from '../../../electron/qcow2/read/image.ts';
import { createMap, mapPage } from '../../../electron/qcow2/read/map.ts';
import { ABSENT_EVERYWHERE, HOLE, LOCAL, RESERVED, ZERO } from '../../../shared/extent/flags.ts';
import { PageWriter, pageStart } from '../../../shared/extent/page.ts';
import { Sweeper } from '../../../shared/extent/sweep.ts';
import { createTable, type ExtentTable, pageSpanFor } from '../../../shared/extent/table.ts';
import { type FoundRuns, mergeByLoop, mergeThree, type RunList } from '../bounds.ts';
import { type Bench, medianOf } from '../context.ts';
import { type BenchChain, SIZES } from '../images.ts';
import { type Contestant, cpuSeconds, inTurns } from '../measure.ts';
import { generator } from '../patterns.ts';
import type { Row, SuiteResult } from '../report.ts';

const CLUSTER_SIZE = 65_536;
/** The guest of the lists: 16.8 million clusters, runs with a mean of four. */
const SIZE = SIZES.M;
/** What sweeping three lists may cost for one of the merge by a loop: 9 ns where that took 20.2. */
const SWEEP_OF_THREE = 9 / 20.2;
const WORDS = [LOCAL, LOCAL | HOLE | ZERO, LOCAL | HOLE | ZERO | RESERVED, ABSENT_EVERYWHERE];

/** Measures the suite. */
export async function measureMerge(bench: Bench): Promise<SuiteResult> {
  const tables = [1, 2, 3, 4].map(randomList);
  const lists = tables.map(runsOf);
  const counts = [2, 3, 4];
  const outcomes = await inTurns(
    [
      bareRun('bare merge of 3 lists', found => mergeThree(lists[0]!, lists[1]!, lists[2]!, found)),
      ...counts.map(count =>
        bareRun(`merge of ${count} lists by a loop`, found => mergeByLoop(lists.slice(0, count), found)),
      ),
      ...counts.map(count => sweepRun(tables.slice(0, count))),
    ],
    bench.options.runs,
  );
  const ns = outcomes.map(outcome => medianOf(outcome, 'nsPerExtent'));
  const [bare = Number.NaN] = ns;
  const sweeps = counts.flatMap((count, i): Row[] => {
    const ours = ns[1 + counts.length + i] ?? Number.NaN;
    const what = `sweep of ${count} lists, an extent of the result`;
    const loop = { name: 'merge by a loop', value: ns[1 + i] ?? Number.NaN };
    if (count !== 3) return [{ what, unit: 'ns', ours, peer: loop }];
    return [
      { what, unit: 'ns', ours, peer: loop, atMost: SWEEP_OF_THREE },
      { what: 'the same', unit: 'ns', ours, peer: { name: 'bare merge', value: bare } },
    ];
  });
  const { size } = bench.options;
  const chains = (['alt', 'random'] as const).map(pattern => bench.store.chain(pattern, size));
  const sizes = [...chains, bench.store.chain('subclusters', 'S')].map(
    (chain): Row => ({
      what: `an extent in the layers' tables, ${chain.pattern} ${chain.sizeName}`,
      unit: 'B',
      ours: bytesPerExtent(chain),
      ...(chain.pattern === 'subclusters' ? {} : { atMost: 6 }),
    }),
  );
  return { rows: [...sweeps, ...sizes], outcomes, notes: [] };
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

/** The extents of a table as one list in clusters. */
function runsOf({ pages, pageSpan }: ExtentTable): RunList {
  const ends = new Uint32Array(SIZE / CLUSTER_SIZE);
  const codes = new Uint8Array(SIZE / CLUSTER_SIZE);
  let n = 0;
  pages.forEach((page, at) => {
    if (page === undefined) return;
    for (let i = 0; i < page.count; i++) {
      const code = page.codes[i] as number;
      const end = i + 1 < page.count ? pageStart(page, i + 1) : pageSpan;
      if (n === 0 || codes[n - 1] !== code) codes[n++] = code;
      ends[n - 1] = (at * pageSpan + end) / CLUSTER_SIZE;
    }
  });
  return { ends: ends.slice(0, n), codes: codes.slice(0, n) };
}

const FOUND = {
  starts: new Uint32Array(SIZE / CLUSTER_SIZE),
  codes: new Uint8Array(SIZE / CLUSTER_SIZE),
};

function bareRun(name: string, merge: (found: FoundRuns) => number): Contestant {
  return {
    name,
    async run() {
      const begun = cpuSeconds();
      const extents = merge(FOUND);
      const seconds = cpuSeconds() - begun;
      return { seconds, extents, nsPerExtent: (seconds * 1e9) / extents };
    },
  };
}

function sweepRun(tables: readonly ExtentTable[]): Contestant {
  const sweeper = new Sweeper();
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
      const map = createMap(openQcow2(fileSource({ fd, size: fstatSync(fd).size, path })), { words });
      const span = pageSpanFor(chain.size);
      for (let start = 0; start < chain.size; start += span) {
        const page = mapPage(map, start, Math.min(chain.size, start + span)).seal();
        bytes += page.starts.byteLength + page.codes.byteLength;
        extents += page.count;
      }
    } finally {
      closeSync(fd);
    }
  }
  return bytes / extents;
}
