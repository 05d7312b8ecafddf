import type { OpenedChain } from '../../../shared/model/chain.ts';
import type { CheckReply } from '../../../shared/model/check.ts';
import { sentence } from '../../../shared/text/finding-text.ts';
import { useStore } from '../../state/store.ts';
import { Untrusted } from '../../ui/text.tsx';

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
    </fieldset>
  );
}

function LayerSteps({ reply }: { readonly reply: CheckReply }) {
  if (!reply.checked) return <p>Not checked: {reply.why}.</p>;
  return (
    <ul>
      {reply.check.steps.map(({ name, done, why }) => (
        <li key={name} data-done={done}>
          {done ? '✓' : '–'} {name}
          {why !== '' && (
            <small>
              <Untrusted text={done ? why : sentence(`not done: ${why}`)} />
            </small>
          )}
        </li>
      ))}
    </ul>
  );
}
