/** The captures that the window asks for: one at a time, written where the person chooses in the system's dialog. */
import { CowscopeError } from '../../../shared/error.ts';
import type { CallName } from '../../../shared/ipc/contract.ts';
import type { CaptureProgress, CaptureSummary } from '../../../shared/model/report/capture-summary.ts';
import { NewestRun } from '../../../shared/newest-run.ts';
import type { CallHandler } from './answer.ts';
import type { OpenedRequest } from './chain-controller.ts';

/** The calls that are about captures. */
type CaptureCall = Extract<CallName, `capture:${string}`>;

/** News of a capture under way are at least so far apart. */
const PROGRESS_INTERVAL_MS = 100;

/** What the controller needs from the rest of the program. */
export interface CaptureControllerDeps {
  /** Throws IPC_NO_SESSION for a chain that is not open any more. */
  opened(sessionId: number): OpenedRequest;
  /** Lets the person choose a file, and asks before one that is there is replaced; undefined when cancelled. */
  choosePath(suggested: string): Promise<string | undefined>;
  onProgress(progress: CaptureProgress): void;
}

/** Answers the window's calls about captures. */
export class CaptureController {
  readonly #deps: CaptureControllerDeps;
  readonly #runs = new NewestRun();

  constructor(deps: CaptureControllerDeps) {
    this.#deps = deps;
  }

  readonly handlers: { readonly [C in CaptureCall]: CallHandler<C> } = {
    'capture:save': ({ sessionId, showPaths }) => this.#save(sessionId, showPaths),
    'capture:cancel': () => {
      this.close();
      return null;
    },
  };

  /** Ends a capture under way; nothing is left of it. */
  close(): void {
    this.#runs.end();
  }

  /** Writes a capture of the open chain, read again as it was opened. */
  async #save(sessionId: number, showPaths: boolean): Promise<CaptureSummary | null> {
    const { chain, request } = this.#deps.opened(sessionId);
    const { target, consent } = request;
    if (target.kind === 'nbd') throw noTables(target.uri);
    const abort = new AbortController();
    const { signal } = abort;
    this.#runs.begin(() => abort.abort(cancelled()));
    // With its names replaced, the name of the file tells none.
    const path = await this.#deps.choosePath(
      showPaths ? `${chain.layers.at(-1)?.name ?? 'chain'}.cowscope` : 'chain.cowscope',
    );
    if (path === undefined) return null;
    signal.throwIfAborted();
    // The system's dialog has asked whether a file that is there may be replaced; an image never is.
    // Loaded when it is asked for.
    const { captureTarget } = await import('../../service/capture/capture-target.ts');
    const { checkOutput, filesOfChain } = await import('../../service/output/output-file.ts');
    const output = { path, force: true, images: [...target.files, ...filesOfChain(chain)] };
    await checkOutput(output);
    let last = 0;
    const onRead = (progress: CaptureProgress) => {
      if (performance.now() - last < PROGRESS_INTERVAL_MS) return;
      last = performance.now();
      this.#deps.onProgress(progress);
    };
    return captureTarget(target, consent, output, { showPaths, signal, onRead });
  }
}

function noTables(subject: string): CowscopeError {
  return new CowscopeError({
    code: 'CAPTURE_NO_TABLES',
    what: 'an NBD export has no tables to capture',
    subject,
    advice: 'open the image files themselves',
  });
}

function cancelled(): CowscopeError {
  return new CowscopeError({ code: 'CANCELLED', what: 'The capture was given up', subject: '', advice: '' });
}
