/** The plans that the window asks for: one at a time, the last one is kept here for a report. */
import { CowscopeError } from '../../../shared/error.ts';
import type { CallName } from '../../../shared/ipc/contract.ts';
import { isRemote } from '../../../shared/model/chain.ts';
import type { Finding } from '../../../shared/model/finding.ts';
import type { Plan, PlanChoice } from '../../../shared/model/plan/plan.ts';
import type { PlanPicture, PlanReply } from '../../../shared/model/plan/plan-picture.ts';
import { NewestRun } from '../../../shared/newest-run.ts';
import type { PicturedPlan, planWithPicture } from '../../service/plan/plan-target.ts';
import type { CallHandler } from './answer.ts';
import type { OpenedRequest } from './chain-controller.ts';

/** The calls that are about plans. */
type PlanCall = Extract<CallName, `plan:${string}`>;

/** What the controller needs from the rest of the program. */
export interface PlanControllerDeps {
  plan(...args: Parameters<typeof planWithPicture>): Promise<Omit<PicturedPlan, 'chain'>>;
  /** Throws IPC_NO_SESSION for a chain that is not open any more. */
  opened(sessionId: number): OpenedRequest;
  /** Folders that the window has scanned: images in them that rest on the chain are named. */
  stores(): readonly string[];
}

/** A plan with its picture, of which the window may have got less. */
export interface MadePlan {
  readonly plan: Plan;
  readonly picture?: PlanPicture;
  /** Folders that were searched beside those of the chain. */
  readonly stores: readonly string[];
}

/** Most hazards, and cases, of a plan that the window gets; `cowscope plan` prints all. */
export const MAX_SHOWN_HAZARDS = 50;
export const MAX_SHOWN_CASES = 50;
/** Most pieces of evidence of a hazard that the window gets. */
const MAX_SHOWN_EVIDENCE = 3;

/** Answers the window's calls about plans. */
export class PlanController {
  readonly #deps: PlanControllerDeps;
  readonly #runs = new NewestRun();
  #last: (MadePlan & { readonly planId: number }) | undefined;
  #lastId = 0;

  constructor(deps: PlanControllerDeps) {
    this.#deps = deps;
  }

  readonly handlers: { readonly [C in PlanCall]: CallHandler<C> } = {
    'plan:make': ({ sessionId, choice }) => this.#make(sessionId, choice),
    'plan:cancel': () => {
      this.#runs.end();
      return null;
    },
  };

  /** Ends a plan under way and forgets the last one. */
  close(): void {
    this.#runs.end();
    this.#last = undefined;
  }

  /** The plan of that number; undefined where another one has taken its place. */
  find(planId: number): MadePlan | undefined {
    return this.#last?.planId === planId ? this.#last : undefined;
  }

  /** Plans what is chosen for the files of the open chain, with the consent that it was opened with. */
  async #make(sessionId: number, choice: PlanChoice): Promise<PlanReply> {
    const { chain, request } = this.#deps.opened(sessionId);
    const { target, consent } = request;
    if (target.kind === 'nbd' || isRemote({ chain })) throw remote();
    if (target.infer !== undefined) throw inferred(target.files.at(-1) ?? '');
    const abort = new AbortController();
    const isNewest = this.#runs.begin(() => abort.abort(cancelled()));
    const stores = this.#deps.stores();
    const { plan, picture } = await this.#deps.plan(target, consent, {
      ...choice,
      stores,
      signal: abort.signal,
    });
    if (!isNewest()) throw cancelled();
    const planId = ++this.#lastId;
    const made = { plan, ...(picture === undefined ? {} : { picture }) };
    this.#last = { planId, ...made, stores };
    return { planId, ...forWindow(made) };
  }
}

/** A plan whose long lists are cut, so that it fits one message. */
function forWindow({ plan, picture }: Omit<MadePlan, 'stores'>): Omit<PlanReply, 'planId'> {
  const { hazards, cases } = plan;
  return {
    plan: {
      ...plan,
      hazards: hazards.slice(0, MAX_SHOWN_HAZARDS).map(withLessEvidence),
      cases: cases.slice(0, MAX_SHOWN_CASES),
    },
    left: {
      hazards: Math.max(0, hazards.length - MAX_SHOWN_HAZARDS),
      cases: Math.max(0, cases.length - MAX_SHOWN_CASES),
    },
    ...(picture === undefined ? {} : { picture }),
  };
}

function withLessEvidence(finding: Finding): Finding {
  return { ...finding, evidence: finding.evidence.slice(0, MAX_SHOWN_EVIDENCE) };
}

function cancelled(): CowscopeError {
  return new CowscopeError({ code: 'CANCELLED', what: 'The plan was given up', subject: '', advice: '' });
}

function inferred(path: string): CowscopeError {
  return new CowscopeError({
    code: 'PLAN_INFERRED',
    what: 'what the image lost is inferred here, and qemu does not open it: nothing can be planned for it',
    subject: path,
    advice: 'copy the data out first',
  });
}

function remote(): CowscopeError {
  return new CowscopeError({
    code: 'PLAN_NO_FILES',
    what: 'The export of a server cannot be planned: its files are not known',
    subject: '',
    advice: 'open the image file itself',
  });
}
