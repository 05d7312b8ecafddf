/** Checks the images of the opened chain, one after the other: by itself where that is soon done, else when it is asked for. */
import { isRemote } from '../../../shared/model/chain.ts';
import { type CheckReply, worstVerdict } from '../../../shared/model/check.ts';
import type { LayerProgress } from '../../../shared/model/progress.ts';
import { getState, setState } from '../store.ts';
import { askChain } from './ask-chain.ts';
import { shownSnapshot } from './snapshots.ts';

/** Tables of all layers that are checked unasked: those of a full disk of 1 TiB, which take seconds. */
const MAX_UNASKED_BYTES = 2 ** 27;
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
  const bytes = await costOfCheck();
  if (bytes === undefined || getState().check.phase !== 'estimating') return;
  setState({ check: { phase: 'none', bytes } });
  if (bytes > 0 && bytes <= MAX_UNASKED_BYTES) await checkChain();
}

/** What a check of all layers reads; undefined where that could not be told, or another chain is open. */
async function costOfCheck(): Promise<number | undefined> {
  let bytes = 0;
  for (const { index } of getState().chain?.chain.layers ?? []) {
    const reply = await askChain('checkCost', { layer: index });
    if (reply === undefined) return undefined;
    if (!reply.ok) {
      setState({ check: { phase: 'none', bytes: 0 } });
      return undefined;
    }
    bytes += reply.value.bytes;
  }
  return bytes;
}

/** Checks every layer from the top down. What is found is among the findings as soon as its layer is done. */
export async function checkChain(): Promise<void> {
  const { chain, check } = getState();
  if (chain === undefined || check.phase === 'running') return;
  const layers: { layer: number; reply: CheckReply }[] = [];
  const cost = check.phase === 'none' ? (check.bytes ?? 0) : 0;
  const stopProgress = followProgress();
  try {
    for (const { index } of chain.chain.layers.toReversed()) {
      setState({ check: { phase: 'running', layer: index, done: 0, bytes: 0 } });
      const bytes = await costOf(index);
      if (getState().chain?.sessionId !== chain.sessionId) return;
      setState({ check: { phase: 'running', layer: index, done: 0, bytes } });
      const reply = await askChain('check', { layer: index });
      if (reply === undefined) return; // another chain is open, or none
      if (!reply.ok) {
        const { error } = reply;
        setState({ check: { phase: 'none', bytes: cost }, ...(error.code === 'CANCELLED' ? {} : { error }) });
        return;
      }
      layers.push({ layer: index, reply: reply.value });
    }
  } finally {
    stopProgress();
  }
  const verdicts = layers.flatMap(({ reply }) => (reply.checked ? [reply.check.verdict] : []));
  const whole = verdicts.length === 0 || !chain.chain.complete ? 'incomplete' : 'clean';
  const verdict = worstVerdict([...verdicts, whole]);
  setState({ check: { phase: 'done', verdict, layers }, announcement: `Checked: ${verdict}` });
}

/** Ends the check that is running. What it found of layers that are done stays. */
export function stopCheck(): void {
  void askChain('stopCheck', {});
}

async function costOf(layer: number): Promise<number> {
  const reply = await askChain('checkCost', { layer });
  return reply?.ok ? reply.value.bytes : 0;
}

/** Asks how far the check is until the returned function is called. */
function followProgress(): () => void {
  const timer = setInterval(async () => {
    const reply = await askChain('checkProgress', {});
    const { check } = getState();
    if (reply?.ok && check.phase === 'running') setState({ check: { ...check, done: reply.value.bytes } });
  }, PROGRESS_MS);
  return () => clearInterval(timer);
}
