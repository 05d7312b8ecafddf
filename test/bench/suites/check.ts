/** Line `check`: one image, against qemu-img check of it. */
import { type Bench, cowscopeRun, medianOf } from '../context.ts';
import { type Contestant, inTurns, type Outcome } from '../measure.ts';
import type { LineResult, Row } from '../report.ts';

const MIB = 2 ** 20;

/** A `qemu-img check` process. Its default cache of refcounts is too small for scattered clusters. */
function qemuRun({ meter }: Bench, path: string, cache: 'default' | '64M'): Contestant {
  const options = cache === 'default' ? '' : `,refcount-cache-size=${cache}`;
  const image = `driver=qcow2${options},file.filename=${path}`;
  return {
    name: `qemu-img check, ${cache} cache`,
    run: () => meter.program('qemu-img', ['check', '--output=json', '--image-opts', image], 'nowhere'),
  };
}

/** Measures the line. Scattered clusters against the default cache only at size S: a TiB takes minutes. */
export async function checkLine(bench: Bench): Promise<LineResult> {
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
      const isTuned = peer.name.includes('64M');
      const atMost = isTuned ? 1 / 1.5 : isScattered ? 1 / 100 : 1 / 3;
      rows.push({
        what: `check, ${pattern} ${size}`,
        unit: 's',
        ours: medianOf(ours, 'seconds'),
        peer: { name: peer.name, value: medianOf(peer, 'seconds') },
        ...(isSmall ? {} : { atMost }),
      });
    }
    rows.push({
      what: `peak memory of it, ${pattern} ${size}`,
      unit: 'MiB',
      ours: medianOf(ours, 'peak') / MIB,
      ...(isSmall ? {} : { atMost: 200 }),
    });
  }
  return { rows, outcomes, notes: [] };
}
