/** `cowscope partitions`: how the guest divides its disk, and what each part holds by its signature. */
import { jsonPieces } from '../../../shared/text/json.ts';
import { partitionsDocument } from '../../formats/partitions-json.ts';
import { targetOf } from '../../service/cli-target.ts';
import { readPartitions } from '../../service/guest/read-partitions.ts';
import { EXIT, type ExitCode, settleExit } from '../exit-codes.ts';
import { missingBacking, missingDataFile } from '../missing-links.ts';
import { printErrorRecord, writeLine, writeLines, writePieces } from '../output.ts';
import { ProgressLine } from '../progress-line.ts';
import { consentOf, type TargetOptions } from '../target.ts';
import { partitionLines } from '../text/partitions-text.ts';
import { printWriterNotes } from '../writer-notes.ts';

/** Carries out `cowscope partitions`. */
export async function partitionsCommand(
  targetArgs: readonly string[],
  options: TargetOptions & { readonly output: 'text' | 'json' },
): Promise<ExitCode> {
  const progress = new ProgressLine();
  const { chain, disk } = await readPartitions(targetOf(targetArgs, options), consentOf(options), {
    onRead: progress.showReads,
    allowLocalFiles: true,
  }).finally(() => progress.clear());
  const missing = chain.layers.flatMap(layer => [...missingBacking(layer), ...missingDataFile(layer)]);
  const isPartial = missing.length > 0 || disk.findings.some(({ code }) => code === 'GUEST_NOT_READ');
  const exit = settleExit(isPartial ? EXIT.partial : EXIT.done);
  if (options.output === 'json') {
    await writePieces(jsonPieces(partitionsDocument(chain, disk), 2));
    await writeLine();
  } else await writeLines(partitionLines(disk));
  printWriterNotes(chain);
  for (const error of missing) printErrorRecord(error);
  return exit;
}
