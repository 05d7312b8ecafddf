/** `cowscope layout`: where the bytes of a layer's file went, and who refers to a cluster of it. */
import { jsonPieces } from '../../../shared/text/json.ts';
import { layoutDocument } from '../../formats/layout-json.ts';
import { targetOf, usageError } from '../../service/cli-target.ts';
import { type LayoutChoice, withLayout } from '../../service/layout-target.ts';
import { EXIT, type ExitCode, settleExit } from '../exit-codes.ts';
import { printErrorRecord, writeLine, writePieces, writeText } from '../output.ts';
import { ProgressLine } from '../progress-line.ts';
import { consentOf, type TargetOptions } from '../target.ts';
import { clusterText, layoutRowText, layoutText } from '../text/layout-text.ts';
import { printWriterNotes } from '../writer-notes.ts';

/** Options of `cowscope layout` as the command line gives them. */
export interface LayoutOptions extends TargetOptions, LayoutChoice {
  readonly ranges: boolean;
  readonly output: 'text' | 'json';
}

/** Carries out `cowscope layout`. */
export async function layoutCommand(
  targetArgs: readonly string[],
  options: LayoutOptions,
): Promise<ExitCode> {
  const target = targetOf(targetArgs, options);
  if (target.kind === 'nbd')
    throw usageError(
      'an NBD export has no file whose clusters could be shown',
      'name the image file itself',
      target.uri,
    );
  const progress = new ProgressLine();
  const choice = { ...options, onRead: progress.showReads };
  return withLayout(target, consentOf(options), choice, async (info, map, cluster, chain) => {
    const { layout, columns, runs } = map;
    const exit = settleExit(layout.unknown.length > 0 ? EXIT.partial : EXIT.done);
    const dataRuns = columns.runsOf('data');
    const ranges = options.ranges ? runs() : undefined;
    if (options.output === 'json') {
      await writePieces(jsonPieces(layoutDocument(info, layout, { dataRuns, cluster, ranges }), 2));
      await writeLine();
    } else if (cluster === undefined) await writeText(layoutText(info, layout, dataRuns));
    else await writeText(clusterText(cluster, layout.fileLength));
    if (options.output === 'text' && ranges !== undefined) {
      await writeLine();
      for (const run of ranges) await writeText(layoutRowText(run));
    }
    printWriterNotes(chain, info.index);
    for (const what of layout.unknown)
      printErrorRecord({
        code: 'LAYOUT_INCOMPLETE',
        what: `not everything could be followed, so that what is in use may be listed as leaked or free: ${what}`,
        subject: info.path,
        advice: 'see what cowscope check says of it',
      });
    return exit;
  });
}
