import type { OpenedChain } from '../../../shared/model/chain.ts';
import type { CheckReply, CheckStep } from '../../../shared/model/check.ts';
import { sentence } from '../../../shared/text/finding-text.ts';
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

/** Why a step was not done, or what part was not. Untrusted text. */
function whyText({ done, why, byDeepCheck }: CheckStep): string {
  if (byDeepCheck === true) return `Not done: “${CHECK_ALL_DATA}” below does this.`;
  return done ? why : sentence(`not done: ${why}`);
}

function LayerSteps({ reply }: { readonly reply: CheckReply }) {
  if (!reply.checked) return <p>Not checked: {reply.why}.</p>;
  return <Steps steps={reply.check.steps} />;
}

function Steps({ steps }: { readonly steps: readonly CheckStep[] }) {
  return (
    <ul>
      {steps.map(step => (
        <li key={step.name} data-done={step.done}>
          {step.done ? '✓' : '–'} <Untrusted text={step.name} max={80} />
          {step.why !== '' && (
            <small>
              <Untrusted text={whyText(step)} />
            </small>
          )}
        </li>
      ))}
    </ul>
  );
}
