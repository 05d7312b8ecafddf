/** Suite `check`: one image, against qemu-img check of it. */
import { type Bench, cowscopeRun, medianOf } from '../context.ts';
import { type Contestant, inTurns, type Outcome } from '../measure.ts';
import type { Row, SuiteResult } from '../report.ts';

const MIB = 2 ** 20;

/** A `qemu-img check` process. Its default cache of refcounts is too small for scattered clusters. */
function qemuRun({ meter }: Bench, path: string, cache: 'default' | '64M'): Contestant {
  const options = cache === 'default' ? '' : `,refcount-cache-size=${cache}`;
  return {
    name: `qemu-img check, ${cache} cache`,
    run: () => meter.program('qemu-img', qemuCheck(path, options), 'nowhere'),
  };
}

function qemuCheck(path: string, options: string): readonly string[] {
  return ['check', '--output=json', '--image-opts', `driver=qcow2${options},file.filename=${path}`];
}

/** Of the default cache on scattered clusters. */
const AT_MOST_SCATTERED = 1 / 100;

/**
 * One run of the peer with its default cache on scattered clusters, of which a TiB takes minutes: it is stopped as soon as
 * the target is surely met, and its figure is then less than it would have been.
 */
async function scatteredRow(
  { meter, options }: Bench,
  path: string,
  ours: number,
  outcomes: Outcome[],
): Promise<Row> {
  const limit = Math.ceil((ours / AT_MOST_SCATTERED) * 1.02);
  const figures = await meter.atMost(limit, 'qemu-img', qemuCheck(path, ''));
  const name = `qemu-img check, default cache, ${figures.stopped === 1 ? 'stopped after' : 'once'}`;
  outcomes.push({ name, runs: [figures], median: figures });
  const peer = { name, value: figures.seconds ?? Number.NaN };
  return { what: `check, scatter ${options.size}`, unit: 's', ours, peer, atMost: AT_MOST_SCATTERED };
}

/** Measures the suite. */
export async function measureCheck(bench: Bench): Promise<SuiteResult> {
  const { size, runs } = bench.options;
  const isSmall = size === 'S';
  const rows: Row[] = [];
  const outcomes: Outcome[] = [];
  for (const pattern of ['alt', 'random', 'scatter'] as const) {
    const { top } = bench.store.chain(pattern, size, 1);
    const isScattered = pattern === 'scatter';
    const [ours, ...peers] = (await inTurns(
      [
        cowscopeRun(bench, `cowscope check, ${pattern}`, ['check', '--output', 'json', top]),
        ...(isScattered && !isSmall ? [] : [qemuRun(bench, top, 'default')]),
        ...(isScattered ? [qemuRun(bench, top, '64M')] : []),
      ],
      runs,
    )) as [Outcome, ...Outcome[]];
    outcomes.push(ours, ...peers);
    for (const peer of peers) {
      const atMost = peer.name.includes('64M') ? 1 / 1.5 : isScattered ? AT_MOST_SCATTERED : 1 / 3;
      rows.push({
        what: `check, ${pattern} ${size}`,
        unit: 's',
        ours: medianOf(ours, 'seconds'),
        peer: { name: peer.name, value: medianOf(peer, 'seconds') },
        ...(isSmall ? {} : { atMost }),
      });
    }
    if (isScattered && !isSmall)
      rows.push(await scatteredRow(bench, top, medianOf(ours, 'seconds'), outcomes));
    rows.push({
      what: `peak memory of it, ${pattern} ${size}`,
      unit: 'MiB',
      ours: medianOf(ours, 'peak') / MIB,
      ...(isSmall ? {} : { atMost: 200 }),
    });
  }
  return { rows, outcomes, notes: [] };
}
