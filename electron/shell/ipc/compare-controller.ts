/** Answers the window's calls about comparisons: one at a time, of the open chain with something else. */
import { CowscopeError } from '../../../shared/error.ts';
import type { CallName, CompareRequest, IpcPushes } from '../../../shared/ipc/contract.ts';
import type { ComparedDiskInfo, OpenedComparison } from '../../../shared/model/comparison.ts';
import type { Consent, OpenTarget } from '../../../shared/model/target.ts';
import { NewestRun } from '../../../shared/newest-run.ts';
import type { ChainSession, openChain } from '../../service/chain-session.ts';
import { diskOf } from '../../service/compare/compared-disk.ts';
import type { ComparedSession, Comparison, KeptDisk } from '../../service/compare/comparison.ts';
import type { CallHandler } from './answer.ts';
import type { ConsentGuard } from './consent-guard.ts';

/** The calls that are about comparisons. */
type CompareCall = Extract<CallName, `compare:${string}`>;

/** A session that is opened for a comparison alone. */
type OtherSession = ComparedSession & Pick<ChainSession, 'close'>;

/** What the controller needs from the rest of the program. */
export interface CompareControllerDeps {
  openChain(...args: Parameters<typeof openChain>): Promise<OtherSession>;
  /** Throws IPC_NO_SESSION for a chain that is not open any more. */
  session(sessionId: number): ComparedSession;
  consentGuard(): ConsentGuard;
  push(name: 'compare:state', payload: IpcPushes['compare:state']): void;
}

interface KeptComparison {
  readonly comparisonId: number;
  readonly comparison: Comparison;
  /** The session that was opened for it. */
  readonly other: OtherSession | undefined;
}

/** The comparisons of one window. */
export class CompareController {
  readonly #deps: CompareControllerDeps;
  readonly #openings = new NewestRun();
  #lastId = 0;
  #current: KeptComparison | undefined;

  constructor(deps: CompareControllerDeps) {
    this.#deps = deps;
  }

  readonly handlers: { readonly [C in CompareCall]: CallHandler<C> } = {
    'compare:open': request => this.#open(request),
    'compare:content': ({ comparisonId }) => {
      this.#find(comparisonId).compareContent();
      return null;
    },
    'compare:cancel': ({ comparisonId }) => {
      this.#find(comparisonId).cancel();
      return null;
    },
    'compare:close': async () => {
      await this.close();
      return null;
    },
    'compare:tiles': ({ comparisonId, ...request }) => this.#find(comparisonId).tiles(request),
    'compare:extents': ({ comparisonId, ...range }) => this.#find(comparisonId).extents(range),
    'compare:differences': ({ comparisonId, ...request }) => this.#find(comparisonId).differences(request),
    'compare:find': ({ comparisonId, ...search }) => this.#find(comparisonId).find(search) ?? null,
  };

  /** Ends the comparison and what was opened for it, and an opening under way. Never rejects. */
  async close(): Promise<void> {
    this.#openings.end();
    const former = this.#current;
    this.#current = undefined;
    await endComparison(former);
  }

  async #open({ sessionId, layer, other }: CompareRequest): Promise<OpenedComparison> {
    const session = this.#deps.session(sessionId);
    const a = diskOf(session, layer);
    if (other.kind === 'target') this.#deps.consentGuard().check(other.consent);
    await this.close();
    const abort = new AbortController();
    const isNewest = this.#openings.begin(() => abort.abort());
    const opened =
      other.kind === 'layer' ? undefined : await this.#openOther(other.target, other.consent, abort.signal);
    try {
      const { Comparison } = await import('../../service/compare/comparison.ts');
      if (!isNewest()) throw superseded();
      const b = other.kind === 'layer' ? diskOf(session, other.layer) : diskOf(opened ?? session, undefined);
      return this.#keep(Comparison, a, b, opened);
    } catch (error) {
      await opened?.close();
      throw error;
    }
  }

  async #openOther(target: OpenTarget, consent: Consent, signal: AbortSignal): Promise<OtherSession> {
    const session = await this.#deps.openChain(target, {
      consent,
      witness: 'metadata',
      buildPyramid: false,
      forceShare: consent.forceShare === true,
      signal,
    });
    this.#deps.consentGuard().note(session.chain);
    return session;
  }

  #keep(
    Compared: typeof Comparison,
    a: KeptDisk,
    b: KeptDisk,
    other: OtherSession | undefined,
  ): OpenedComparison {
    const comparisonId = ++this.#lastId;
    const comparison = new Compared(a, b, (start, end) => {
      if (this.#current?.comparisonId !== comparisonId) return;
      const { state, version } = comparison;
      this.#deps.push('compare:state', { comparisonId, state, version, start, end });
    });
    this.#current = { comparisonId, comparison, other };
    comparison.start();
    return { comparisonId, a: infoOf(a), b: infoOf(b), size: comparison.size };
  }

  /** Throws IPC_NO_SESSION for a comparison that is not kept any more. */
  #find(comparisonId: number): Comparison {
    if (this.#current?.comparisonId === comparisonId) return this.#current.comparison;
    throw new CowscopeError({
      code: 'IPC_NO_SESSION',
      what: 'That comparison is not open any more',
      subject: '',
      advice: 'compare again',
    });
  }
}

async function endComparison(kept: KeptComparison | undefined): Promise<void> {
  await kept?.comparison.close();
  await kept?.other?.close().catch(() => {});
}

function infoOf({ session, layer }: KeptDisk): ComparedDiskInfo {
  const { layers, size, complete } = session.chain;
  const top = layer ?? layers.length - 1;
  const own = layers[top];
  const snapshot = own?.snapshot === undefined ? '' : `, snapshot ${own.snapshot.name}`;
  const links = layers.slice(0, top + 1).flatMap(({ backing, dataFile = backing }) => [backing, dataFile]);
  const asked = links.find(({ status }) => status === 'needsConsent');
  const asksFor = asked === undefined ? undefined : asked.resolved || asked.recorded;
  return {
    title: `${own?.name ?? ''}${snapshot}`,
    size: layer === undefined ? size : (own?.size ?? 0),
    layers: layers.slice(0, top + 1).map(({ name }) => name),
    incomplete: !complete,
    ...(asksFor === undefined ? {} : { asksFor }),
  };
}

function superseded(): CowscopeError {
  return new CowscopeError({
    code: 'IPC_SUPERSEDED',
    what: 'Another comparison was begun before this one was ready',
    subject: '',
    advice: '',
  });
}
