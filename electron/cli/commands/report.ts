/** `cowscope report`: everything that is known of a chain, in one file to keep or to send. */
import { extname } from 'node:path';
import { REPORT_FORMS, type ReportForm } from '../../../shared/model/report/report-request.ts';
import { absolutePath } from '../../chain/absolute-path.ts';
import { targetOf, usageError } from '../../service/cli-target.ts';
import { outputPath } from '../../service/output/output-path.ts';
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
  /** Without it by the ending of the file's name. */
  readonly output?: ReportForm;
}

/** The form that a file's name asks for: a page where it has no ending, or one that says nothing. Throws USAGE. */
function formOf(to = ''): ReportForm {
  const ending = extname(to).slice(1).toLowerCase();
  if (ending === 'csv' || ending === 'png')
    throw usageError(
      `a report is written as ${REPORT_FORMS.join(', ')}, and not as ${ending}`,
      ending === 'csv'
        ? '`cowscope map --output csv` prints the rows of the map'
        : 'name a file that ends in .svg',
      to,
    );
  return REPORT_FORMS.find(form => form === ending) ?? 'html';
}

/** Carries out `cowscope report`. */
export async function reportCommand(words: readonly string[], options: ReportOptions): Promise<ExitCode> {
  const target = targetOf(words, options);
  const { to, replace: force, showPaths, partitions, forceShare } = options;
  const output = options.output ?? formOf(to);
  const path = to === undefined ? undefined : outputPath(to);
  const named = target.kind === 'files' ? target.files.map(file => absolutePath(file)) : [];
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
