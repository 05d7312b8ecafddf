import type { OpenedChain } from '../../../shared/model/chain.ts';
import {
  type CheckReply,
  type CheckStep,
  leftByReason,
  type StepsLeft,
} from '../../../shared/model/check.ts';
import { asSentence } from '../../../shared/text/finding-text.ts';
import { useStore } from '../../state/store.ts';
import { Untrusted } from '../../ui/text.tsx';
import { CHECK_ALL_DATA } from './deep-check.tsx';

/** What the check did of each layer, and what it did not do. Nothing while there was no check. */
export function CheckSteps({ chain }: { readonly chain: OpenedChain }) {
  const check = useStore(state => state.check);
  if (check.phase !== 'done') return null;
  return (
    <fieldset className="check-steps">
      <legend>Checked: {check.verdict}</legend>
      {check.layers.map(({ layer, reply }) => (
        <div key={layer}>
          {chain.chain.layers.length > 1 && (
            <p className="check-layer">
              <Untrusted text={chain.chain.layers[layer]?.name ?? ''} max={40} />
            </p>
          )}
          <LayerSteps reply={reply} />
        </div>
      ))}
      {check.steps.length > 0 && (
        <div>
          <p className="check-layer">the chain</p>
          <Steps steps={check.steps} />
        </div>
      )}
    </fieldset>
  );
}

/** Why something was not done. Untrusted text. */
function whyText({ why, byDeepCheck }: StepsLeft): string {
  return byDeepCheck ? `Not done: “${CHECK_ALL_DATA}” below does this.` : asSentence(`not done: ${why}`);
}

function LayerSteps({ reply }: { readonly reply: CheckReply }) {
  if (!reply.checked) return <p>Not checked: {reply.why}.</p>;
  const { steps, qemuRefusal } = reply.check;
  return (
    <>
      <Steps steps={steps} />
      {qemuRefusal !== undefined && (
        <p className="hint">
          qemu-img check counts nothing of it: <Untrusted text={qemuRefusal} max={300} />
        </p>
      )}
    </>
  );
}

function Steps({ steps }: { readonly steps: readonly CheckStep[] }) {
  const done = steps.filter(step => step.done);
  return (
    <ul>
      {done.map(({ name, why }) => (
        <li key={name} data-done>
          ✓ <Untrusted text={name} max={80} />
          {why !== '' && (
            <small>
              <Untrusted text={why} />
            </small>
          )}
        </li>
      ))}
      {leftByReason(steps).map(left => (
        <li key={left.why} data-done={false}>
          – <Untrusted text={left.names.join(', ')} max={200} />
          {left.why !== '' && (
            <small>
              <Untrusted text={whyText(left)} />
            </small>
          )}
        </li>
      ))}
    </ul>
  );
}
