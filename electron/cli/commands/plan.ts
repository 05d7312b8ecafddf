/** `cowscope plan`: what a commit would do. Nothing is run. */
import { jsonPieces } from '../../../shared/text/json.ts';
import { planJson } from '../../formats/plan-json.ts';
import { targetOf, usageError } from '../../service/cli-target.ts';
import { type CommitChoice, planTargetCommit } from '../../service/plan-target.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { write, writeLine, writePieces } from '../output.ts';
import { consentOf, type TargetOptions } from '../target.ts';
import { planText } from '../text/plan-text.ts';

/** What can be planned. */
export const OPERATIONS = ['commit'] as const;

/** Options of `cowscope plan` as the command line gives them. */
export interface PlanOptions extends TargetOptions {
  readonly job: CommitChoice['job'];
  readonly from?: string;
  readonly into?: string;
  readonly qemuVersion?: CommitChoice['qemu'];
  readonly ranges: boolean;
  readonly output: 'text' | 'json';
}

/** Carries out `cowscope plan`. */
export async function planCommand(
  _operation: (typeof OPERATIONS)[number],
  words: readonly string[],
  options: PlanOptions,
): Promise<ExitCode> {
  const target = targetOf(words, options);
  if (target.kind === 'nbd')
    throw usageError(
      'an NBD export cannot be planned: its files are not known',
      'name the image file itself',
    );
  const { job, from, into, qemuVersion: qemu, ranges: withRanges } = options;
  const plan = await planTargetCommit(target, consentOf(options), { job, from, into, qemu, withRanges });
  if (options.output === 'text') await write(planText(plan));
  else {
    await writePieces(jsonPieces(planJson(plan), 2));
    await writeLine();
  }
  return EXIT.done;
}
