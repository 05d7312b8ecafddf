/** `cowscope capture`: the tables of a chain in one small file, to look at where the disk is not. */
import { captureLines, isPartialCapture } from '../../../shared/text/capture-text.ts';
import { safeLine } from '../../../shared/text/error-line.ts';
import { captureTarget } from '../../service/capture/capture-target.ts';
import { targetOf, usageError } from '../../service/cli-target.ts';
import { checkOutput, type OutputFile } from '../../service/output/output-file.ts';
import { outputPath } from '../../service/output/output-path.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { isStandardOutput, printNote, writeLines, writeText } from '../output.ts';
import { ProgressLine } from '../progress-line.ts';
import { undoOnSignal } from '../signals.ts';
import { consentOf, type TargetOptions } from '../target.ts';

/** Options of `cowscope capture` as the command line gives them. */
export interface CaptureCommandOptions extends TargetOptions {
  /** The file to write; `-` for standard output. */
  readonly to?: string;
  readonly force: boolean;
  readonly showPaths: boolean;
  /** Print the script that does the same, and nothing else. */
  readonly printScript: boolean;
}

/** Carries out `cowscope capture`. */
export async function captureCommand(
  targetArgs: readonly string[],
  options: CaptureCommandOptions,
): Promise<ExitCode> {
  if (options.printScript) return printScript(targetArgs);
  if (targetArgs.length === 0) throw usageError('no image is named', 'name the top file of the chain');
  const target = targetOf(targetArgs, options);
  if (target.kind === 'nbd')
    throw usageError('an NBD export has no tables to capture', 'name the image files', target.uri);
  const { to, force, showPaths } = options;
  if (to === undefined) throw usageError('where to write the capture is not said', 'add --to FILE.cowscope');
  const isStream = isStandardOutput(to);
  if (isStream && process.stdout.isTTY)
    throw usageError(
      'a capture is no text, and standard output is a terminal',
      'name a file, or pipe it into a file or a program',
    );
  const file = { path: isStream ? '' : outputPath(to), force, images: target.files };
  if (!isStream) await checkOutput(file);
  const progress = new ProgressLine();
  let forget = () => {};
  const choice = {
    showPaths,
    onRead: progress.showReads,
    onFile(file: OutputFile) {
      forget = undoOnSignal(() => file.discardNow());
    },
  };
  const output = isStream ? { write: writeText } : file;
  const summary = await captureTarget(target, consentOf(options), output, choice).finally(() => {
    progress.clear();
    forget();
  });
  if (isStream) for (const line of captureLines(summary)) printNote(line);
  else await writeLines(captureLines(summary).map(safeLine));
  return isPartialCapture(summary) ? EXIT.partial : EXIT.done;
}

async function printScript(targetArgs: readonly string[]): Promise<ExitCode> {
  if (targetArgs.length > 0) throw usageError('--print-script captures nothing', 'leave the image out');
  const { default: script } = await import('../../capture/cowscope-capture.py?raw');
  await writeText(script);
  return EXIT.done;
}
