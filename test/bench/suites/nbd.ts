/** Suite `nbd`: both contexts of a whole chain through qemu-nbd into merged tables, against nbdinfo. */
import { type Bench, cowscope, cowscopeRun, inSequence, medianOf } from '../context.ts';
import type { BenchChain } from '../images.ts';
import { type Contestant, type Figures, inTurns, type Outcome } from '../measure.ts';
import type { Row, SuiteResult } from '../report.ts';
import { serveChain, type Tuning } from '../server.ts';

/** Measures the suite. */
export async function measureNbd(bench: Bench): Promise<SuiteResult> {
  const { size, runs } = bench.options;
  const chain = bench.store.chain('alt', size);
  const outcomes = await inTurns(
    [
      nbdinfoRun(bench, chain, 'default'),
      cowscopeRun(bench, 'cowscope, own servers', ['map', '--totals', '--witness', 'nbd', chain.top]),
      uriRun(bench, chain, 'default'),
      nbdinfoRun(bench, chain, 'tuned'),
      uriRun(bench, chain, 'tuned'),
    ],
    runs,
  );
  const [peer, own, uri, peerTuned, uriTuned] = outcomes as [Outcome, Outcome, Outcome, Outcome, Outcome];
  const against = (name: string, outcome: Outcome, figure: string, unit = 1) => ({
    name,
    value: medianOf(outcome, figure) / unit,
  });
  const MIB = 2 ** 20;
  const small = size === 'S';
  const rows: Row[] = [
    {
      what: `both contexts, own tuned servers, alt ${size}`,
      unit: 's',
      ours: medianOf(own, 'seconds'),
      peer: against('nbdinfo twice', peer, 'seconds'),
      ...(small ? {} : { atMost: 1 / 6, stretch: 1 / 8 }),
    },
    {
      what: `the same, against the CPU of its servers, alt ${size}`,
      unit: 's',
      ours: medianOf(own, 'seconds'),
      peer: against('servers', own, 'serverCpu'),
      ...(small ? {} : { atMost: 1.15 }),
    },
    {
      what: `client CPU of it, alt ${size}`,
      unit: 's',
      ours: medianOf(own, 'cpu'),
      peer: against('nbdinfo twice', peer, 'cpu'),
    },
    {
      what: `peak memory of it, alt ${size}`,
      unit: 'MiB',
      ours: medianOf(own, 'peak') / MIB,
      peer: against('nbdinfo, one context', peer, 'peak', MIB),
      ...(small ? {} : { atMost: 1 / 8 }),
    },
    {
      what: `both contexts, same default server, alt ${size}`,
      unit: 's',
      ours: medianOf(uri, 'seconds'),
      peer: against('nbdinfo twice', peer, 'seconds'),
    },
    {
      what: `both contexts, same tuned server, alt ${size}`,
      unit: 's',
      ours: medianOf(uriTuned, 'seconds'),
      peer: against('nbdinfo twice', peerTuned, 'seconds'),
    },
    {
      what: `the same, against the CPU of its server, alt ${size}`,
      unit: 's',
      ours: medianOf(uriTuned, 'seconds'),
      peer: against('server', uriTuned, 'serverCpu'),
    },
    {
      what: `client CPU, same tuned server, alt ${size}`,
      unit: 's',
      ours: medianOf(uriTuned, 'cpu'),
      peer: against('nbdinfo twice', peerTuned, 'cpu'),
    },
  ];
  return { rows, outcomes, notes: [] };
}

/** nbdinfo on a fresh server, once for each context. */
export function nbdinfoRun(
  bench: Bench,
  chain: BenchChain,
  tuning: Tuning,
  output: 'nowhere' | 'pipe' = 'nowhere',
): Contestant {
  const ask = (context: string) =>
    onFreshServer(bench, chain, tuning, uri =>
      bench.meter.program('nbdinfo', [`--map=${context}`, '--json', uri], output),
    );
  return {
    name: `nbdinfo base and depth, ${tuning} server`,
    run: async () => inSequence(await ask('base:allocation'), await ask('qemu:allocation-depth')),
  };
}

/** Our client on a fresh server of the whole chain. */
function uriRun(bench: Bench, chain: BenchChain, tuning: Tuning): Contestant {
  return {
    name: `cowscope, ${tuning} server`,
    run: () =>
      onFreshServer(bench, chain, tuning, uri =>
        bench.meter.program(process.execPath, cowscope(bench, 'map', '--totals', uri), 'nowhere'),
      ),
  };
}

/** Figures of `run`, given the address of a server that was started for it alone, and of that server. */
export async function onFreshServer(
  { meter }: Bench,
  chain: BenchChain,
  tuning: Tuning,
  run: (uri: string) => Promise<Figures>,
): Promise<Figures> {
  const server = await serveChain(chain, tuning);
  let figures: Figures;
  try {
    figures = await run(server.uri);
  } finally {
    await server.stop();
  }
  return { ...figures, ...meter.servers() };
}
