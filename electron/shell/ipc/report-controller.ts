/** The reports that the window asks for: one at a time, written where the person chooses in the system's dialog. */
import { CowscopeError } from '../../../shared/error.ts';
import type { CallName } from '../../../shared/ipc/contract.ts';
import type { ChainInfo } from '../../../shared/model/layer.ts';
import type {
  OfferedFormat,
  ReportProgress,
  ReportRequest,
  ReportStep,
  SavedReport,
} from '../../../shared/model/report/report-request.ts';
import { NewestRun } from '../../../shared/newest-run.ts';
import type { ChainSession } from '../../service/chain-session.ts';
import type { OutputRequest } from '../../service/output/output-file.ts';
import type { DrawnSession } from '../../service/report/draw-session.ts';
import type { CallHandler } from './answer.ts';
import type { OpenedRequest } from './chain-controller.ts';
import type { MadePlan } from './plan-controller.ts';

/** The calls that are about reports. */
type ReportCall = Extract<CallName, `report:${string}`>;

/** An open session, as the rows of its map are written. */
export type RowsSession = Pick<ChainSession, 'chain' | 'fed' | 'list' | 'unreadable'>;

/** An open session, as it is written and drawn. */
export type ReportedSession = RowsSession & DrawnSession & Pick<ChainSession, 'drawn'>;

/** What the controller needs from the rest of the program. */
export interface ReportControllerDeps {
  /** Throws IPC_NO_SESSION for a chain that is not open any more. */
  opened(sessionId: number): OpenedRequest;
  /** Throws as `opened`. */
  session(sessionId: number): ReportedSession;
  /** A plan that is kept. */
  plan(planId: number): MadePlan | undefined;
  /** Lets the person choose a file, and asks before one that is there is replaced; undefined when cancelled. */
  choosePath(suggested: string, format: OfferedFormat): Promise<string | undefined>;
  onProgress(progress: ReportProgress): void;
}

/** Answers the window's calls about reports. */
export class ReportController {
  readonly #deps: ReportControllerDeps;
  readonly #runs = new NewestRun();

  constructor(deps: ReportControllerDeps) {
    this.#deps = deps;
  }

  readonly handlers: { readonly [C in ReportCall]: CallHandler<C> } = {
    'report:save': ({ sessionId, ...request }) => this.#save(sessionId, request),
    'report:drawing': ({ sessionId, showPaths }) => drawOpenChain(this.#deps.session(sessionId), showPaths),
    'report:savePicture': ({ sessionId, png }) => this.#savePicture(sessionId, png),
    'report:cancel': () => {
      this.close();
      return null;
    },
  };

  /** Ends a report under way; nothing is left of it. */
  close(): void {
    this.#runs.end();
  }

  /** Writes a report of the open chain, read again as it was opened. */
  async #save(
    sessionId: number,
    { format, showPaths, partitions = false, planId }: ReportRequest,
  ): Promise<SavedReport | null> {
    const { chain, request } = this.#deps.opened(sessionId);
    const planned = planId === undefined ? undefined : this.#planOf(planId);
    const abort = new AbortController();
    const { signal } = abort;
    this.#runs.begin(() => abort.abort(cancelled()));
    const path = await this.#deps.choosePath(suggestedName(chain, format), format);
    if (path === undefined) return null;
    signal.throwIfAborted();
    const { target, consent, forceShare, allowLocalFiles } = request;
    const { checkOutput, filesOfChain, gatherReport, reportPieces, writePiecesTo } = await loadReports();
    const named = target.kind === 'files' ? target.files : [];
    // The system's dialog has asked whether a file that is there may be replaced; an image never is.
    const output = { path, force: true, images: [...named, ...filesOfChain(chain)] };
    await checkOutput(output);
    const { onStep, onWalk } = new ReportSteps(this.#deps.onProgress);
    if (format === 'csv') {
      onStep('writing');
      return { path, unread: await writeRows(this.#deps.session(sessionId), output, signal) };
    }
    const choice = { showPaths, partitions, forceShare, allowLocalFiles, planned, signal, onStep, onWalk };
    const gathered = await gatherReport(target, consent, choice);
    onStep('writing');
    const images = [...output.images, ...filesOfChain(gathered.chain)];
    await writePiecesTo({ ...output, images }, reportPieces(gathered, format), signal);
    return { path, unread: gathered.report.unread.length };
  }

  /** Writes a picture that the window has made of the drawing. */
  async #savePicture(sessionId: number, png: Uint8Array): Promise<SavedReport | null> {
    const { chain, request } = this.#deps.opened(sessionId);
    const session = this.#deps.session(sessionId);
    const path = await this.#deps.choosePath(suggestedName(chain, 'png'), 'png');
    if (path === undefined) return null;
    const named = request.target.kind === 'files' ? request.target.files : [];
    const { filesOfChain, unreadTexts, writeOutput } = await loadReports();
    await writeOutput({ path, force: true, images: [...named, ...filesOfChain(chain)] }, png);
    return { path, unread: unreadTexts(chain, [...(await session.fed()), ...session.unreadable()]).length };
  }

  #planOf(planId: number): MadePlan {
    const made = this.#deps.plan(planId);
    if (made !== undefined) return made;
    throw new CowscopeError({
      code: 'IPC_NO_SESSION',
      what: 'That plan is not kept any more',
      subject: '',
      advice: 'plan again, or leave the plan out of the report',
    });
  }
}

/** What makes and writes reports: loaded with the first of them. */
async function loadReports() {
  const parts = await Promise.all([
    import('../../service/output/output-file.ts'),
    import('../../service/report/draw-session.ts'),
    import('../../service/report/gather-report.ts'),
    import('../../service/report/write-report.ts'),
  ]);
  const [output, draw, gather, write] = parts;
  return { ...output, ...draw, ...gather, ...write };
}

/** Writes the rows of an open session once it has been read, and counts what could not be. */
async function writeRows(session: RowsSession, output: OutputRequest, signal: AbortSignal): Promise<number> {
  const failed = await session.fed();
  signal.throwIfAborted();
  const { unreadTexts, writeRowsTo } = await loadReports();
  await writeRowsTo(output, session, signal);
  return unreadTexts(session.chain, [...failed, ...session.unreadable()]).length;
}

/** Tells of each step, and of each percent of it. */
class ReportSteps {
  readonly #onProgress: ReportControllerDeps['onProgress'];
  #step: ReportStep = 'checking';
  #percent = -1;

  constructor(onProgress: ReportControllerDeps['onProgress']) {
    this.#onProgress = onProgress;
  }

  readonly onStep = (step: ReportStep): void => {
    this.#step = step;
    this.#percent = -1;
    this.#onProgress({ step });
  };

  readonly onWalk = (offset: number, size: number): void => {
    const percent = size === 0 ? 100 : Math.floor((100 * offset) / size);
    if (percent === this.#percent) return;
    this.#percent = percent;
    this.#onProgress({ step: this.#step, share: percent / 100 });
  };
}

/** The drawing of a session once it has been read. */
async function drawOpenChain(session: ReportedSession, showPaths: boolean): Promise<string> {
  await session.fed();
  await session.drawn;
  const { drawSession, shownChain } = await loadReports();
  return (await drawSession(session, shownChain(session.chain, showPaths))).light;
}

/** The name of a file for a report, as it is suggested. */
function suggestedName(chain: ChainInfo, format: OfferedFormat): string {
  const content = format === 'csv' ? 'map' : format === 'png' ? 'picture' : 'report';
  return `${baseName(chain.layers.at(-1)?.name ?? '')}-${content}.${format}`;
}

/** A file's name without its last extension. */
function baseName(name: string): string {
  return name.replace(/(?<=.)\.[^.]*$/, '');
}

function cancelled(): CowscopeError {
  return new CowscopeError({ code: 'CANCELLED', what: 'The report was given up', subject: '', advice: '' });
}
