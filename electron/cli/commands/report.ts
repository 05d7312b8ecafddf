/** `cowscope report`: everything that is known of a chain, in one file to keep or to send. */
import { resolve } from 'node:path';
import type { ReportForm } from '../../../shared/model/report/report-request.ts';
import { targetOf } from '../../service/cli-target.ts';
import { checkOutput, filesOfChain } from '../../service/output-file.ts';
import { gatherReport } from '../../service/report/gather-report.ts';
import { reportPieces, writePiecesTo } from '../../service/report/write-report.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { writePieces } from '../output.ts';
import { ProgressLine } from '../progress-line.ts';
import { consentOf, type TargetOptions } from '../target.ts';

/** Options of `cowscope report` as the command line gives them. */
export interface ReportOptions extends TargetOptions {
  /** The file to write; without it standard output. */
  readonly to?: string;
  readonly replace: boolean;
  readonly showPaths: boolean;
  readonly partitions: boolean;
  readonly output: ReportForm;
}

/** Carries out `cowscope report`. */
export async function reportCommand(words: readonly string[], options: ReportOptions): Promise<ExitCode> {
  const target = targetOf(words, options);
  const { to, replace: force, showPaths, partitions, forceShare, output } = options;
  const path = to === undefined ? undefined : resolve(to);
  const named = target.kind === 'files' ? target.files.map(file => resolve(file)) : [];
  if (path !== undefined) await checkOutput({ path, force, images: named });
  const progress = new ProgressLine();
  const { showReads: onRead, showWalk: onWalk } = progress;
  const choice = { showPaths, partitions, forceShare, allowLocalFiles: true, onRead, onWalk };
  const gathered = await gatherReport(target, consentOf(options), choice).finally(() => progress.clear());
  const pieces = reportPieces(gathered, output);
  if (path === undefined) await writePieces(pieces);
  else await writePiecesTo({ path, force, images: [...named, ...filesOfChain(gathered.chain)] }, pieces);
  return gathered.report.unread.length > 0 ? EXIT.partial : EXIT.done;
}
