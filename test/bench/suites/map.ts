/** Suite `map`: our reader against qemu-img map, the scan of L2 tables by itself, and the first picture. */
import { execFileSync } from 'node:child_process';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { connectNbd, type NbdConnection } from '../../../electron/nbd/client/client.ts';
import { parseNbdUri } from '../../../electron/nbd/uri.ts';
import { fileSource } from '../../../electron/qcow2/read/file-source.ts';
import { openQcow2 } from '../../../electron/qcow2/read/image.ts';
import { l2OffsetAt } from '../../../electron/qcow2/read/l1.ts';
import { createMap, mapPage } from '../../../electron/qcow2/read/map.ts';
import { openChain } from '../../../electron/service/chain-session.ts';
import { coarsestLevel } from '../../../renderer/data/level.ts';
import { partBits } from '../../../shared/extent/parts.ts';
import { createTable, pageSpanFor } from '../../../shared/extent/table.ts';
import type { TilesReply } from '../../../shared/ipc/questions.ts';
import { scanEntries } from '../bounds.ts';
import { type Bench, cowscope, cowscopeRun, medianOf } from '../context.ts';
import type { BenchChain } from '../images.ts';
import { type Contestant, cpuSeconds, type Figures, inTurns, type Outcome, settle } from '../measure.ts';
import type { Row, SuiteResult } from '../report.ts';
import { serveChain } from '../server.ts';

const TOTALS = ['--totals', '--witness', 'metadata'];

/** Measures the suite. */
export async function measureMap(bench: Bench): Promise<SuiteResult> {
  const { size } = bench.options;
  const rows: Row[] = [];
  const outcomes: Outcome[] = [];
  const alt = bench.store.chain('alt', size);
  const random = bench.store.chain('random', size);
  // Subclusters make 33.5 million extents of S already, for which qemu-img map takes most of a minute.
  const others = (['scatter', 'subclusters'] as const).map(pattern => bench.store.chain(pattern, 'S'));
  for (const chain of [alt, random, ...others]) {
    const found = await wholeProcess(bench, chain, chain === alt);
    rows.push(...found.rows);
    outcomes.push(...found.outcomes);
  }
  for (const chain of [alt, random]) {
    const scans = await inTurns([bareScan(chain), scanRun(chain)], bench.options.runs);
    const [bare, ours] = scans as [Outcome, Outcome];
    outcomes.push(...scans);
    rows.push({
      what: `read and decode an L2 entry, ${chain.pattern} ${size}`,
      unit: 'ns',
      ours: medianOf(ours, 'nsPerEntry'),
      peer: { name: 'bare scan', value: medianOf(bare, 'nsPerEntry') },
      atMost: chain === alt ? DECODE_ALTERNATING : DECODE_RANDOM,
    });
  }
  const pictures = await inTurns([firstReply(alt), firstPicture(alt)], bench.options.runs);
  const [reply, picture] = pictures as [Outcome, Outcome];
  outcomes.push(...pictures);
  rows.push({
    what: `open to first picture (engine), alt ${size}`,
    unit: 'ms',
    ours: medianOf(picture, 'seconds') * 1000,
    peer: { name: reply.name, value: medianOf(reply, 'seconds') * 1000 },
    ...(size === 'S' ? {} : { atMost: 0.2 }),
  });
  return { rows, outcomes, notes: [] };
}

async function wholeProcess(bench: Bench, chain: BenchChain, withJson: boolean) {
  const { meter, options } = bench;
  const peerRun = (): Promise<Figures> =>
    meter.program('qemu-img', ['map', '--output=json', chain.top], 'pipe');
  const outcomes = await inTurns(
    [
      { name: `qemu-img map, ${chain.pattern}`, run: peerRun },
      cowscopeRun(bench, `cowscope map --totals, ${chain.pattern}`, ['map', ...TOTALS, chain.top]),
      ...(withJson
        ? [
            cowscopeRun(
              bench,
              'cowscope map --as qemu-img, alt',
              ['map', '--as', 'qemu-img', chain.top],
              'pipe',
            ),
          ]
        : []),
    ],
    options.runs,
  );
  const [peer, totals, json] = outcomes as [Outcome, Outcome, Outcome | undefined];
  const extents = extentsOf(bench, chain);
  const images = `${chain.pattern} ${chain.sizeName}`;
  // The targets are for 1 TiB and more: on a small disk Node's own start and memory are most of what there is to see.
  const aimed = withJson && chain.sizeName !== 'S';
  const rows: Row[] = [
    {
      what: `map --totals, ${images}`,
      unit: 's',
      ours: medianOf(totals, 'seconds'),
      peer: { name: 'qemu-img map', value: medianOf(peer, 'seconds') },
      ...(aimed ? { atMost: 1 / 30, stretch: 1 / 60 } : {}),
    },
    {
      what: `CPU of it, ${images}`,
      unit: 's',
      ours: medianOf(totals, 'cpu'),
      peer: { name: 'qemu-img map', value: medianOf(peer, 'cpu') },
    },
    { what: `peak memory of it, ${images}`, unit: 'MiB', ours: medianOf(totals, 'peak') / 2 ** 20 },
    {
      what: `the same for a million merged extents, ${images}`,
      unit: 'MB',
      ours: medianOf(totals, 'peak') / extents,
      ...(aimed ? { atMost: 25 } : {}),
    },
  ];
  if (json !== undefined)
    rows.push(
      {
        what: `map --as qemu-img, ${images}`,
        unit: 's',
        ours: medianOf(json, 'seconds'),
        peer: { name: 'qemu-img map', value: medianOf(peer, 'seconds') },
        ...(aimed ? { atMost: 1 / 4 } : {}),
      },
      {
        what: `CPU of it, ${images}`,
        unit: 's',
        ours: medianOf(json, 'cpu'),
        peer: { name: 'qemu-img map', value: medianOf(peer, 'cpu') },
      },
      {
        what: `peak memory of it, ${images}`,
        unit: 'MiB',
        ours: medianOf(json, 'peak') / 2 ** 20,
        peer: { name: 'qemu-img map', value: medianOf(peer, 'peak') / 2 ** 20 },
        ...(aimed ? { atMost: 1.2 } : {}),
      },
    );
  return { rows, outcomes };
}

/** Merged extents of a chain as `cowscope map` counts them. */
function extentsOf(bench: Bench, chain: BenchChain): number {
  const words = cowscope(bench, 'map', ...TOTALS, '--output', 'json', chain.top);
  const text = execFileSync(process.execPath, [...words], { encoding: 'utf8' });
  return (JSON.parse(text) as { totals: { extents: number } }).totals.extents;
}

/**
 * What decoding may cost for one of a bare scan: 5 ns where that took 2.27 (every entry differs from the one before), and 8 ns
 * where it took 4.4 (random runs, which no processor predicts).
 */
const DECODE_ALTERNATING = 5 / 2.27;
const DECODE_RANDOM = 8 / 4.4;

/** Entries decoded at least in a run, so that what is timed is the loop and not its compiling. */
const ENTRIES = 2 ** 24;

/** Every L2 entry of the top layer, read and decoded into pages that are thrown away, as often as need be. */
function scanRun(chain: BenchChain): Contestant {
  return {
    name: `read and decode, ${chain.pattern}`,
    async run() {
      await settle();
      const fd = openSync(chain.top, 'r');
      try {
        const image = openQcow2(fileSource({ fd, size: fstatSync(fd).size, path: chain.top }));
        const { words } = createTable(0, 1);
        const map = createMap(image, { words });
        const span = pageSpanFor(chain.size);
        const rounds = Math.ceil(ENTRIES / chain.clusters);
        const begun = cpuSeconds();
        for (let round = 0; round < rounds; round++)
          for (let start = 0; start < chain.size; start += span)
            mapPage(map, start, Math.min(chain.size, start + span));
        const seconds = cpuSeconds() - begun;
        return { seconds, nsPerEntry: (seconds * 1e9) / (rounds * chain.clusters) };
      } finally {
        closeSync(fd);
      }
    },
  };
}

/** The L2 tables of the top layer in memory, looked at by the least code that finds their runs. */
function bareScan(chain: BenchChain): Contestant {
  const TABLE = 65_536;
  return {
    name: `bare scan, ${chain.pattern}`,
    async run() {
      const fd = openSync(chain.top, 'r');
      try {
        const image = openQcow2(fileSource({ fd, size: fstatSync(fd).size, path: chain.top }));
        const { l1 } = createMap(image, { words: createTable(0, 1).words });
        const tables = Array.from({ length: l1.count }, (_, i) => {
          const bytes = new Uint8Array(TABLE);
          readSync(fd, bytes, 0, TABLE, l2OffsetAt(l1, i));
          return new DataView(bytes.buffer);
        });
        const found = { starts: new Uint32Array(TABLE / 8), codes: new Uint8Array(TABLE / 8) };
        await settle();
        const rounds = Math.ceil(ENTRIES / chain.clusters);
        const begun = cpuSeconds();
        for (let round = 0; round < rounds; round++)
          for (const table of tables) scanEntries(table, TABLE / 8, found);
        const seconds = cpuSeconds() - begun;
        return { seconds, nsPerEntry: (seconds * 1e9) / (rounds * chain.clusters) };
      } finally {
        closeSync(fd);
      }
    },
  };
}

/** From opening the chain to tiles of the whole axis that show something, with the code warm. */
export function firstPicture(chain: BenchChain): Contestant {
  const level = coarsestLevel(chain.size, 1600);
  return {
    name: 'open to first tiles',
    async run() {
      await settle();
      const begun = performance.now();
      let changed = () => {};
      const session = await openChain(
        { kind: 'files', files: [chain.top] },
        { consent: { allow: [], allowAll: false }, witness: 'metadata', interactive: true },
        { onChanged: () => changed() },
      );
      try {
        for (;;) {
          const news = new Promise<void>(resolve => {
            changed = resolve;
          });
          if (shows(await session.ask('tiles', { level, first: 0, count: 8 }))) break;
          await news;
        }
        return { seconds: (performance.now() - begun) / 1000 };
      } finally {
        await session.close();
      }
    },
  };
}

const READ_PARTS = partBits(({ state }) => state !== 'unread');

/** True when any column of any track shows what was read. */
function shows({ tiles }: TilesReply): boolean {
  return tiles.some(({ present }) => present.some(bits => (bits & READ_PARTS) !== 0));
}

/** From starting qemu-nbd on the chain to its first BLOCK_STATUS reply. */
function firstReply(chain: BenchChain): Contestant {
  return {
    name: 'qemu-nbd to first reply',
    async run() {
      await settle();
      const begun = performance.now();
      const server = await serveChain(chain, 'default');
      let connection: NbdConnection | undefined;
      try {
        connection = await connectNbd(parseNbdUri(server.uri));
        await connection.blockStatus(0, 2 ** 30);
        return { seconds: (performance.now() - begun) / 1000 };
      } finally {
        await connection?.close();
        await server.stop();
      }
    },
  };
}
