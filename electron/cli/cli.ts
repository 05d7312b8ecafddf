/** Entry of the command line: runs what was asked for, and says how everything ended. */
import { CommanderError } from 'commander';
import { CowscopeError, errorRecord } from '../../shared/error.ts';
import { leaveRemovedFolder } from '../chain/absolute-path.ts';
import { readSmallChainsInPlace } from '../engine/worker/small-chains.ts';
import { guardServers } from '../qemu/server-guard.ts';
import { setReadingThreads } from '../service/reading-threads.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { endQuietly, printErrorRecord, printErrorStack } from './output.ts';
import { createProgram } from './program.ts';
import { undoOnSignal } from './signals.ts';

function main(): void {
  setReadingThreads();
  guardServers(undoOnSignal);
  readSmallChainsInPlace(async () => {
    const { InPlaceThread } = await import('../engine/worker/in-place-thread.ts');
    return new InPlaceThread();
  });
  leaveRemovedFolder();
  const words = process.argv.slice(2);
  const end = words.indexOf('--');
  const debug = words.slice(0, end < 0 ? undefined : end).includes('--debug');
  let failed: ExitCode = EXIT.failed;
  const finish = (error: unknown) => {
    if (debug) printErrorStack(error);
    const record = errorRecord(error);
    printErrorRecord(record);
    process.exitCode = record.code === 'USAGE' ? EXIT.usage : failed;
  };
  endQuietly(error => {
    finish(error);
    process.exit();
  });
  const run = (action: () => Promise<ExitCode>, failedCode: ExitCode = EXIT.failed) => {
    failed = failedCode;
    action().then(code => {
      process.exitCode = code;
    }, finish);
  };
  const program = createProgram(run, words);
  try {
    program.parse();
  } catch (error) {
    if (!(error instanceof CommanderError)) finish(error);
    else if (error.exitCode !== 0) finish(wrongUsage(error, program.args[0], program.commands));
  }
}

/** A complaint of the parser as one sentence, with the help of the command that it is about. */
function wrongUsage(
  error: CommanderError,
  word: string | undefined,
  commands: readonly { name(): string }[],
): CowscopeError {
  const command = commands.some(known => known.name() === word) ? ` ${word}` : '';
  const what = error.message
    .replace(/^error: /, '')
    .replaceAll(/\.?\n/g, ' ')
    .replace(/\.$/, '');
  return new CowscopeError({
    code: 'USAGE',
    what,
    subject: '',
    advice: `see cowscope${command} --help`,
  });
}

main();
