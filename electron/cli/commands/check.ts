/** `cowscope check`: what is wrong with the layers of a chain. */
import type { CheckVerdict } from '../../../shared/model/check.ts';
import { jsonPieces } from '../../../shared/text/json.ts';
import { checkDocument } from '../../formats/check-json.ts';
import { checkTarget } from '../../service/check-target.ts';
import { targetOf, usageError } from '../../service/cli-target.ts';
import { EXIT, type ExitCode, settleExit } from '../exit-codes.ts';
import { missingBacking, missingDataFile } from '../missing-links.ts';
import { printErrorRecord, writeLine, writePieces, writeText } from '../output.ts';
import { ProgressLine } from '../progress-line.ts';
import { consentOf, type TargetOptions } from '../target.ts';
import { checkText } from '../text/check-text.ts';

const EXIT_OF_VERDICT: Readonly<Record<CheckVerdict, ExitCode>> = {
  clean: EXIT.done,
  leaks: EXIT.leaks,
  incomplete: EXIT.failed,
  corrupt: EXIT.corrupt,
};

/** Carries out `cowscope check`. */
export async function checkCommand(
  targetArgs: readonly string[],
  options: TargetOptions & {
    readonly output: 'text' | 'json';
    readonly deep?: boolean;
    readonly partitions?: boolean;
  },
): Promise<ExitCode> {
  const target = targetOf(targetArgs, options);
  if (target.kind === 'nbd')
    throw usageError('an NBD export has no tables to check', 'name the image files', target.uri);
  const progress = new ProgressLine();
  const { deep = false, partitions = false, forceShare } = options;
  const consent = consentOf(options);
  const checking = async () => {
    const checked = await checkTarget(target, consent, { deep, partitions, onRead: progress.showReads });
    if (!deep) return checked;
    const { compareWitnesses } = await import('../../service/compare-witnesses.ts'); // starts an engine
    return await compareWitnesses(checked, target, consent, { forceShare, onWalk: progress.showWalk });
  };
  const { chain, check, guest } = await checking().finally(() => progress.clear());
  const exit = settleExit(EXIT_OF_VERDICT[check.verdict]);
  if (options.output === 'json') {
    await writePieces(jsonPieces(checkDocument(chain, check, guest), 2));
    await writeLine();
  } else await writeText(checkText(chain, check, guest));
  for (const layer of chain.layers)
    for (const error of [...missingBacking(layer), ...missingDataFile(layer)]) printErrorRecord(error);
  return exit;
}
