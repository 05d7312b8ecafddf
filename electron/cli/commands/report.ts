/** `cowscope report`: everything that is known of a chain, in one file to keep or to send. */
import { resolve } from 'node:path';
import { jsonPieces } from '../../../shared/text/json.ts';
import { reportHtml } from '../../formats/report-html.ts';
import { reportDocument } from '../../formats/report-json.ts';
import { targetOf } from '../../service/cli-target.ts';
import { checkOutput, filesOfChain, OutputFile } from '../../service/output-file.ts';
import { type GatheredReport, gatherReport } from '../../service/report/gather-report.ts';
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
  readonly output: 'html' | 'json' | 'svg';
}

/** Carries out `cowscope report`. */
export async function reportCommand(words: readonly string[], options: ReportOptions): Promise<ExitCode> {
  const target = targetOf(words, options);
  const { to, replace: force, showPaths, forceShare, output } = options;
  const path = to === undefined ? undefined : resolve(to);
  const named = target.kind === 'files' ? target.files.map(file => resolve(file)) : [];
  if (path !== undefined) await checkOutput({ path, force, images: named });
  const progress = new ProgressLine();
  const { showReads: onRead, showWalk: onWalk } = progress;
  const choice = { showPaths, forceShare, onRead, onWalk };
  const gathered = await gatherReport(target, consentOf(options), choice).finally(() => progress.clear());
  const pieces = piecesOf(gathered, output);
  if (path === undefined) await writePieces(pieces);
  else await writeFile({ path, force, images: [...named, ...filesOfChain(gathered.chain)] }, pieces);
  return gathered.report.unread.length > 0 ? EXIT.partial : EXIT.done;
}

function* piecesOf({ report, pictures }: GatheredReport, form: ReportOptions['output']): Generator<string> {
  if (form === 'svg') yield pictures.light;
  else if (form === 'html') yield* reportHtml(report, pictures);
  else {
    yield* jsonPieces(reportDocument(report), 2);
    yield '\n';
  }
}

async function writeFile(
  request: Parameters<typeof OutputFile.create>[0],
  pieces: Iterable<string>,
): Promise<void> {
  const file = await OutputFile.create(request);
  try {
    for (const piece of pieces) await file.write(piece);
    await file.finish();
  } catch (error) {
    await file.discard();
    throw error;
  }
}
