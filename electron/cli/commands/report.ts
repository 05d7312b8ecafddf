/** `cowscope report`: everything that is known of a chain, in one file to keep or to send. */
import { extname } from 'node:path';
import {
  type ReportFormat,
  SAVED_FORMATS,
  type SavedFormat,
} from '../../../shared/model/report/report-request.ts';
import type { OpenTarget } from '../../../shared/model/target.ts';
import { absolutePath } from '../../chain/absolute-path.ts';
import { openChain } from '../../service/chain-session.ts';
import { targetOf, usageError } from '../../service/cli-target.ts';
import { checkOutput, filesOfChain, type OutputRequest } from '../../service/output/output-file.ts';
import { outputPath } from '../../service/output/output-path.ts';
import { gatherReport, unreadTexts } from '../../service/report/gather-report.ts';
import { listRows, reportPieces, writePiecesTo, writeRowsTo } from '../../service/report/write-report.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { isStandardOutput, writePieces, writeText } from '../output.ts';
import { ProgressLine } from '../progress-line.ts';
import { consentOf, type TargetOptions } from '../target.ts';

/** Options of `cowscope report` as the command line gives them. */
export interface ReportOptions extends TargetOptions {
  /** The file to write; without it, and for `-`, standard output. */
  readonly to?: string;
  readonly force: boolean;
  readonly showPaths: boolean;
  readonly partitions: boolean;
  /** Without it by the ending of the file's name. */
  readonly output?: SavedFormat;
}

/** The format that a file's name asks for: a page where it has no ending, or one that says nothing. Throws USAGE. */
function formatOf(to = ''): SavedFormat {
  const ending = extname(to).slice(1).toLowerCase();
  if (ending === 'png')
    throw usageError(
      `a report is written as ${SAVED_FORMATS.join(', ')}, and not as ${ending}`,
      'name a file that ends in .svg, or save the drawing in the window',
      to,
    );
  return SAVED_FORMATS.find(format => format === ending) ?? 'html';
}

/** Carries out `cowscope report`. */
export async function reportCommand(
  targetArgs: readonly string[],
  options: ReportOptions,
): Promise<ExitCode> {
  const target = targetOf(targetArgs, options);
  const { force } = options;
  const to = options.to === undefined || isStandardOutput(options.to) ? undefined : options.to;
  const format = options.output ?? formatOf(to);
  if (format === 'csv' && options.partitions)
    throw usageError('the rows of the map have no partitions', 'leave --partitions out, or write a page', to);
  const path = to === undefined ? undefined : outputPath(to);
  const images = target.kind === 'files' ? target.files.map(file => absolutePath(file)) : [];
  const output = path === undefined ? undefined : { path, force, images };
  if (output !== undefined) await checkOutput(output);
  const progress = new ProgressLine();
  const unread = await (format === 'csv'
    ? writeRows(target, options, { output, progress })
    : writeReport(target, options, { output, progress, format }));
  return unread.length > 0 ? EXIT.partial : EXIT.done;
}

/** Where a report goes, standard output without a file, and where its progress is shown. */
interface Destination {
  readonly output: OutputRequest | undefined;
  readonly progress: ProgressLine;
}

/** Writes a page, a document or the drawing; resolves with what could not be read, in words. */
async function writeReport(
  target: OpenTarget,
  options: ReportOptions,
  { output, progress, format }: Destination & { readonly format: ReportFormat },
): Promise<readonly string[]> {
  const { showPaths, partitions, forceShare } = options;
  const { showReads: onRead, showWalk: onWalk } = progress;
  const choice = { showPaths, partitions, forceShare, allowLocalFiles: true, onRead, onWalk };
  const gathered = await gatherReport(target, consentOf(options), choice).finally(() => progress.clear());
  const pieces = reportPieces(gathered, format);
  if (output === undefined) await writePieces(pieces);
  else
    await writePiecesTo({ ...output, images: [...output.images, ...filesOfChain(gathered.chain)] }, pieces);
  return gathered.report.unread;
}

/** Writes the rows of the map, which name no folders; resolves with what could not be read, in words. */
async function writeRows(
  target: OpenTarget,
  options: ReportOptions,
  { output, progress }: Destination,
): Promise<readonly string[]> {
  const choice = {
    consent: consentOf(options),
    witness: 'metadata',
    buildPyramid: false,
    allowLocalFiles: true,
    forceShare: options.forceShare ?? false,
    onRead: progress.showReads,
  } as const;
  const session = await openChain(target, choice, { onWalk: progress.showWalk });
  try {
    const { chain } = session;
    const failed = await session.fed();
    if (output === undefined) await listRows(session, writeText);
    else await writeRowsTo({ ...output, images: [...output.images, ...filesOfChain(chain)] }, session);
    return unreadTexts(chain, [...failed, ...session.unreadable()]);
  } finally {
    progress.clear();
    await session.close();
  }
}
