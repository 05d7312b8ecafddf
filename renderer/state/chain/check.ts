/** Checks the images of the opened chain, one after the other: by itself where that is soon done, else when it is asked for. */
import type { ErrorRecord } from '../../../shared/error.ts';
import { isRemote, type OpenedChain } from '../../../shared/model/chain.ts';
import {
  type CheckReply,
  type CheckVerdict,
  verdictOfCheck,
  withStep,
  worstVerdict,
} from '../../../shared/model/check.ts';
import type { LayerProgress } from '../../../shared/model/progress.ts';
import type { Result } from '../../../shared/result.ts';
import { chainSteps, type IsFound } from '../../../shared/text/chain-steps.ts';
import { getState, setState, useStore, type WindowState } from '../store.ts';
import { askChain } from './ask-chain.ts';
import type { ChainCheckState, CheckedLayer, FinishedCheck, RunningCheck } from './check-state.ts';
import { shownSnapshot } from './snapshots.ts';

/**
 * Tables of all layers that are checked unasked, which takes seconds: more than those of a full disk of 1 TiB, 128 MiB of
 * L2 tables and 32 MiB of refcounts for clusters of 64 KiB.
 */
const MAX_UNASKED_BYTES = 3 * 2 ** 26;
/** How often the progress of a check is asked for. */
const PROGRESS_MS = 250;

/** Checks the chain once everything of it is read, where that takes seconds at most. */
export async function checkWhenRead(progress: readonly LayerProgress[]): Promise<void> {
  const { chain, check } = getState();
  // Not where reading was cancelled: nothing is read unasked then.
  const isRead = progress.length > 0 && progress.every(({ phase }) => phase === 'done' || phase === 'failed');
  if (chain === undefined || !isRead || isRemote(chain) || shownSnapshot(chain) !== undefined) return;
  if (check.phase !== 'none' || check.bytes !== undefined) return; // a chain is checked unasked once at most
  setState({ check: { phase: 'estimating' } });
  const bytes = await costOfChain(false);
  if (bytes === undefined || getState().check.phase !== 'estimating') return;
  setState({ check: { phase: 'none', bytes } });
  if (bytes > 0 && bytes <= MAX_UNASKED_BYTES) await checkChain();
}

/** Bytes that a check of all layers reads; undefined where that is not known, or another chain is open. */
export async function costOfChain(isDeep: boolean): Promise<number | undefined> {
  let bytes = 0;
  for (const { index } of getState().chain?.chain.layers ?? []) {
    const reply = await askChain('checkCost', { layer: index, deep: isDeep });
    if (reply === undefined) return undefined;
    if (!reply.ok) {
      if (!isDeep) setState({ check: { phase: 'none', bytes: 0 } });
      return undefined;
    }
    bytes += reply.value.bytes;
  }
  return bytes;
}

/** Checks every layer from the top down. What is found is among the findings as soon as its layer is done. */
export async function checkChain(): Promise<void> {
  await runCheck(false);
}

/** The same; also reads and decompresses all data, and compares both witnesses everywhere. */
export async function checkDeeply(): Promise<void> {
  await runCheck(true);
}

async function runCheck(isDeep: boolean): Promise<void> {
  const { chain, check: before } = getState();
  if (chain === undefined || before.phase === 'running') return;
  const stopProgress = followProgress();
  let layers: readonly CheckedLayer[] | undefined;
  try {
    layers = await checkLayers(chain, isDeep, before);
    if (layers !== undefined && isDeep) layers = await compareWitnesses(chain, layers, before);
  } finally {
    stopProgress();
  }
  if (layers === undefined) return;
  const finished = await finishedCheck(chain, layers);
  if (getState().chain?.sessionId !== chain.sessionId) return;
  const { verdict } = finished;
  setState({ check: { phase: 'done', isDeep, ...finished }, announcement: `Checked: ${verdict}` });
}

/** What the check of a chain comes to: as `cowscope check` says it. */
async function finishedCheck(
  { chain }: OpenedChain,
  layers: readonly CheckedLayer[],
): Promise<Pick<FinishedCheck, 'verdict' | 'layers' | 'steps'>> {
  const reply = await askChain('findingCounts', {});
  const found = reply?.ok ? reply.value : [];
  const isFound: IsFound = (layer, code) => found.some(count => count.layer === layer && count.code === code);
  const countsOf = (index: number) => {
    const of = layers.find(({ layer }) => layer === index)?.reply;
    return of?.checked === true ? of.check.counts : undefined;
  };
  const steps = chainSteps(chain.layers, countsOf, isFound);
  const verdicts = layers.map(({ reply }) => verdictOfReply(reply));
  const whole = chain.complete ? 'clean' : 'incomplete';
  return { verdict: worstVerdict([...verdicts, verdictOfCheck([], steps), whole]), layers, steps };
}

function verdictOfReply(reply: CheckReply): CheckVerdict {
  if (reply.checked) return reply.check.verdict;
  return reply.missing ? 'incomplete' : 'clean';
}

/** What the check of each layer came to, top first; undefined where it was stopped or another chain is open. */
async function checkLayers(
  { chain, sessionId }: OpenedChain,
  isDeep: boolean,
  before: ChainCheckState,
): Promise<CheckedLayer[] | undefined> {
  const layers: CheckedLayer[] = [];
  for (const { index } of chain.layers.toReversed()) {
    const running: RunningCheck = { ...NOT_BEGUN, layer: index, isDeep };
    setState({ check: running });
    const bytes = await costOf(index, isDeep);
    if (getState().chain?.sessionId !== sessionId) return undefined;
    setState({ check: { ...running, bytes } });
    const value = resultOf(await askChain('check', { layer: index, deep: isDeep }), before);
    if (value === undefined) return undefined;
    layers.push({ layer: index, reply: value });
  }
  return layers;
}

/** The layers, each with the comparison of its witnesses; undefined where that was stopped or another chain is open. */
async function compareWitnesses(
  { sessionId }: OpenedChain,
  layers: readonly CheckedLayer[],
  before: ChainCheckState,
): Promise<readonly CheckedLayer[] | undefined> {
  setState({ check: { ...NOT_BEGUN, layer: 0, isDeep: true, isComparing: true } });
  if (!(await untilServed(sessionId))) return undefined;
  const steps = resultOf(await askChain('compareWitnesses', {}), before);
  return steps?.length === undefined
    ? undefined
    : layers.map(({ layer, reply }) => ({
        layer,
        reply: reply.checked ? { checked: true, check: withStep(reply.check, steps[layer]) } : reply,
      }));
}

const NOT_BEGUN: RunningCheck = {
  phase: 'running',
  layer: 0,
  isDeep: false,
  done: 0,
  bytes: 0,
  rate: 0,
  isComparing: false,
};

/** What an answer holds. Where it failed, what was known before is shown again, with the error; it is undefined then. */
function resultOf<T>(reply: Result<T> | undefined, before: ChainCheckState): T | undefined {
  if (reply === undefined) return undefined; // another chain is open, or none
  if (reply.ok) return reply.value;
  endEarly(before, reply.error);
  return undefined;
}

function endEarly(before: ChainCheckState, error?: ErrorRecord): void {
  const bytes = before.phase === 'none' ? (before.bytes ?? 0) : 0;
  const check: ChainCheckState = before.phase === 'done' ? before : { phase: 'none', bytes };
  setState({ check, ...(error === undefined || error.code === 'CANCELLED' ? {} : { error }) });
}

/** Resolves once qemu-nbd reads no layer any more; false where the check was stopped or another chain is open before. */
function untilServed(sessionId: number): Promise<boolean> {
  return new Promise(resolve => {
    const look = ({ chain, check, progress }: WindowState): void => {
      const isOver = chain?.sessionId !== sessionId || check.phase !== 'running';
      const isReading = progress.some(
        ({ witness, phase }) => witness === 'nbd' && (phase === 'reading' || phase === 'waiting'),
      );
      if (isReading && !isOver) return;
      unsubscribe();
      resolve(!isOver);
    };
    const unsubscribe = useStore.subscribe(look);
    look(getState());
  });
}

/** Ends the check that is running. What it found of layers that are done stays. */
export function stopCheck(): void {
  const { check, progress } = getState();
  const isWaiting = progress.some(({ witness, phase }) => witness === 'nbd' && phase !== 'done');
  if (check.phase === 'running' && check.isComparing && isWaiting) endEarly({ phase: 'none' });
  void askChain('stopCheck', {});
}

async function costOf(layer: number, isDeep: boolean): Promise<number> {
  const reply = await askChain('checkCost', { layer, deep: isDeep });
  return reply?.ok ? reply.value.bytes : 0;
}

/** Asks how far the check is until the returned function is called. */
function followProgress(): () => void {
  let layer = -1;
  let began = 0;
  const timer = setInterval(async () => {
    const reply = await askChain('checkProgress', {});
    const { check } = getState();
    if (!reply?.ok || check.phase !== 'running' || check.isComparing) return;
    const now = performance.now();
    if (check.layer !== layer) [layer, began] = [check.layer, now - PROGRESS_MS];
    const rate = Math.round(reply.value.bytes / ((now - began) / 1000));
    setState({ check: { ...check, done: reply.value.bytes, rate } });
  }, PROGRESS_MS);
  return () => clearInterval(timer);
}
