/** Checks the images of the opened chain, one after the other. */
import { type CheckReply, worstVerdict } from '../../../shared/model/check.ts';
import { getState, setState } from '../store.ts';
import { askChain } from './ask-chain.ts';

/** Checks every layer from the top down. What is found is among the findings as soon as its layer is done. */
export async function checkChain(): Promise<void> {
  const { chain, check } = getState();
  if (chain === undefined || check.phase === 'running') return;
  const layers: { layer: number; reply: CheckReply }[] = [];
  for (const { index } of chain.chain.layers.toReversed()) {
    setState({ check: { phase: 'running', layer: index } });
    const reply = await askChain('check', { layer: index });
    if (reply === undefined) return; // another chain is open, or none
    if (!reply.ok) {
      setState({ check: { phase: 'none' }, error: reply.error });
      return;
    }
    layers.push({ layer: index, reply: reply.value });
  }
  const verdicts = layers.flatMap(({ reply }) => (reply.checked ? [reply.check.verdict] : []));
  const whole = verdicts.length === 0 || !chain.chain.complete ? 'incomplete' : 'clean';
  const verdict = worstVerdict([...verdicts, whole]);
  setState({ check: { phase: 'done', verdict, layers }, announcement: `Checked: ${verdict}` });
}
