/** `cowscope plan`: what a commit, a rebase or a deletion would do. Nothing is run. */
import type { PlanChoice, PlanOperation } from '../../../shared/model/plan/plan.ts';
import { jsonPieces } from '../../../shared/text/json.ts';
import { planJson } from '../../formats/plan-json.ts';
import { targetOf, usageError } from '../../service/cli-target.ts';
import { planWithPicture } from '../../service/plan/plan-target.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { writeLine, writePieces, writeText } from '../output.ts';
import { ProgressLine } from '../progress-line.ts';
import { consentOf, type TargetOptions } from '../target.ts';
import { planText } from '../text/plan-text.ts';

/** Options of `cowscope plan` as the command line gives them. */
export interface PlanOptions extends TargetOptions {
  readonly job: PlanChoice['job'];
  readonly from?: string;
  readonly into?: string;
  readonly base?: string;
  readonly unsafe: boolean;
  readonly store: readonly string[];
  readonly qemuVersion?: PlanChoice['qemu'];
  readonly discard: 'ignore' | 'unmap';
  readonly ranges: boolean;
  readonly bytes: boolean;
  readonly output: 'text' | 'json' | 'svg';
}

/** Carries out `cowscope plan`. */
export async function planCommand(
  operation: PlanOperation,
  targetArgs: readonly string[],
  options: PlanOptions,
): Promise<ExitCode> {
  const { snapshot, ...rest } = options;
  const target = targetOf(targetArgs, rest);
  if (target.kind === 'nbd')
    throw usageError(
      'an NBD export cannot be planned: its files are not known',
      'name the image file itself',
    );
  checkOptions(operation, options);
  const { job, from, into, base, unsafe, store: stores, qemuVersion: qemu, discard, ranges, bytes } = options;
  const progress = new ProgressLine();
  const pictured = await planWithPicture(target, consentOf(options), {
    operation,
    job,
    from,
    into: operation === 'commit' ? (into ?? base) : into,
    base,
    unsafe,
    snapshot,
    stores,
    qemu,
    unmaps: discard === 'unmap',
    withRanges: ranges,
    readsAllData: bytes,
    onRead: progress.showReads,
    onWalk: progress.showLayerWalk,
  });
  const { plan } = pictured;
  if (options.output === 'text') await writeText(planText(plan));
  else if (options.output === 'svg') {
    // Most plans are not drawn, and start the faster without what draws.
    const { planSvg } = await import('../../service/plan/plan-svg.ts');
    await writeText(planSvg(pictured));
  } else {
    await writePieces(jsonPieces(planJson(plan), 2));
    await writeLine();
  }
  return EXIT.done;
}

/** Which operation each option belongs to. An option that would do nothing is a mistake. */
function checkOptions(
  operation: PlanOperation,
  { into, base, unsafe, snapshot, discard, bytes }: PlanOptions,
): void {
  const given: [string, boolean, PlanOperation][] = [
    ['--into', into !== undefined, 'commit'],
    ['--discard', discard !== 'ignore', 'commit'],
    ['--unsafe', unsafe, 'rebase'],
    ['--snapshot', snapshot !== undefined, 'delete-snapshot'],
  ];
  for (const [option, isGiven, owner] of given)
    if (isGiven && owner !== operation)
      throw usageError(`${option} belongs to plan ${owner}`, `leave it out of plan ${operation}`);
  if (bytes && operation === 'delete-snapshot')
    throw usageError('no data is read for the deletion of a snapshot', 'leave out --bytes');
  if (base !== undefined && operation !== 'rebase' && operation !== 'commit')
    throw usageError('--base belongs to plan rebase', `leave it out of plan ${operation}`);
  if (base !== undefined && into !== undefined)
    throw usageError('--base and --into say the same of a commit', 'give one of them');
}
