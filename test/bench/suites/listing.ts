/** Suite `listing`: the list of both contexts of a URI, printed, against nbdinfo printing it, on the same default server. */
import { type Bench, cowscope, medianOf } from '../context.ts';
import { type Contestant, inTurns, type Outcome } from '../measure.ts';
import type { SuiteResult } from '../report.ts';
import { nbdinfoRun, onFreshServer } from './nbd.ts';

/** Peak memory that is aimed at, in MiB. */
const MOST_MEMORY = 200;
const MIB = 2 ** 20;

/** Measures the suite. */
export async function measureListing(bench: Bench): Promise<SuiteResult> {
  const { size, runs } = bench.options;
  const chain = bench.store.chain('alt', size);
  const contexts = ['base:allocation', 'qemu:allocation-depth'];
  const words = ['map', '--as', 'nbdinfo', ...contexts.flatMap(name => ['--context', name])];
  const ours: Contestant = {
    name: 'cowscope, both contexts printed',
    run: () =>
      onFreshServer(bench, chain, 'default', uri =>
        bench.meter.program(process.execPath, cowscope(bench, ...words, uri), 'pipe'),
      ),
  };
  const outcomes = await inTurns([nbdinfoRun(bench, chain, 'default', 'pipe'), ours], runs);
  const [peer, own] = outcomes as [Outcome, Outcome];
  const row = (what: string, figure: string) => ({
    what: `${what}, alt ${size}`,
    unit: 's' as const,
    ours: medianOf(own, figure),
    peer: { name: 'nbdinfo twice', value: medianOf(peer, figure) },
  });
  const peak = medianOf(own, 'peak') / MIB;
  const rows = [
    { ...row('both contexts of a URI, printed', 'seconds'), atMost: 1 / 2 },
    row('client CPU of it', 'cpu'),
    {
      what: `peak memory of it, alt ${size}`,
      unit: 'MiB' as const,
      ours: peak,
      ...(size === 'L' ? {} : { atMost: MOST_MEMORY }),
    },
    {
      what: `the same against nbdinfo, alt ${size}`,
      unit: 'MiB' as const,
      ours: peak,
      peer: { name: 'nbdinfo, one context', value: medianOf(peer, 'peak') / MIB },
    },
  ];
  return { rows, outcomes, notes: [] };
}
