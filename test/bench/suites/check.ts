/** Line `check`: its place. There is no check engine yet, so only the peer is measured. */
import { type Bench, medianOf } from '../context.ts';
import { inTurns } from '../measure.ts';
import type { LineResult } from '../report.ts';

/** Measures qemu-img check, to be held against ours once there is one. */
export async function checkLine({ meter, options, store }: Bench): Promise<LineResult> {
  const chains = (['alt', 'random'] as const).map(pattern => store.chain(pattern, options.size));
  const outcomes = await inTurns(
    chains.map(({ pattern, top }) => ({
      name: `qemu-img check, ${pattern}`,
      run: () => meter.program('qemu-img', ['check', '--output=json', top], 'nowhere'),
    })),
    options.runs,
  );
  const seconds = outcomes.map(outcome => `${medianOf(outcome, 'seconds').toFixed(3)} s (${outcome.name})`);
  const note = `check: cowscope has no check yet; its peer takes ${seconds.join(' and ')} on ${options.size}`;
  return { rows: [], outcomes, notes: [note] };
}
