/** What programs print when they are asked for their version. What starts them takes Node milliseconds to load. */
import { type ExecFileException, execFile } from 'node:child_process';
import { CowscopeError, errorRecord } from '../../shared/error.ts';

/** Milliseconds a program may take to tell its version. */
const VERSION_TIMEOUT_MS = 10_000;
/** Times that a program is asked that does not answer: the machine may be busy. */
const VERSION_TRIES = 2;

/** What a command printed; `refused` where it failed or could not be started, `silent` where it did not end in time. */
export type VersionOutput = { readonly text: string } | 'refused' | 'silent';

/** Errors of a start that tell something of the command and not of the system's state. */
const COMMAND_ERRORS: ReadonlySet<unknown> = new Set([
  'ENOENT',
  'EACCES',
  'EPERM',
  'ENOEXEC',
  'E2BIG',
  'ENOTDIR',
  'ELOOP',
]);

/**
 * What a command and its arguments print with `--version`. Rejects with TOO_MANY_FILES and the like where the system could
 * not start it because the system itself lacks something.
 */
export async function versionOutput(command: readonly string[]): Promise<VersionOutput> {
  for (let tries = 1; ; tries++) {
    const output = await askOnce(command);
    if (output !== 'silent' || tries === VERSION_TRIES) return output;
  }
}

function askOnce([command = '', ...args]: readonly string[]): Promise<VersionOutput> {
  const options = { timeout: VERSION_TIMEOUT_MS, killSignal: 'SIGKILL', maxBuffer: 65_536 } as const;
  return new Promise((resolve, reject) => {
    const answered = (error: ExecFileException | null, stdout: string) => {
      if (error === null) resolve({ text: stdout });
      else if (typeof error.code === 'string' && !/^ERR_/.test(error.code) && !COMMAND_ERRORS.has(error.code))
        reject(new CowscopeError(errorRecord(error), { cause: error }));
      else resolve(error.killed === true && error.code === null ? 'silent' : 'refused');
    };
    try {
      execFile(command, [...args, '--version'], options, answered).stdin?.end();
    } catch (error) {
      reject(new CowscopeError(errorRecord(error), { cause: error })); // such as EMFILE for its pipes
    }
  });
}
