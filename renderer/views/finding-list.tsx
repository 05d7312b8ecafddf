import { stateOf } from '../../shared/extent/flags.ts';
import { STATE_LABELS } from '../../shared/extent/labels.ts';
import type { OpenedChain, RangeFinding } from '../../shared/ipc/contract.ts';
import { fitRange } from '../state/navigation.ts';
import { select } from '../state/selection.ts';
import { useStore } from '../state/store.ts';
import { InspectorSection } from './inspector-section.tsx';
import { Offset, Untrusted } from './text.tsx';

/** Findings shown; the rest is counted. */
const LIMIT = 100;

/** Damage, and where the two witnesses differ. */
export function FindingList({ chain }: { readonly chain: OpenedChain }) {
  const findings = useStore(state => state.findings);
  const more = useStore(state => state.moreFindings);
  if (findings.length === 0) return null;
  const hidden = more + Math.max(0, findings.length - LIMIT);
  return (
    <InspectorSection title="Findings">
      <ul className="findings">
        {findings.slice(0, LIMIT).map(finding => (
          <li key={JSON.stringify(finding)}>
            <Finding finding={finding} chain={chain} />
          </li>
        ))}
      </ul>
      {hidden > 0 && <p className="hint">and {hidden.toLocaleString('en')} more</p>}
    </InspectorSection>
  );
}

/** One finding; it leads to its place where it has one. */
function Finding({ finding, chain }: { readonly finding: RangeFinding; readonly chain: OpenedChain }) {
  const { layer, start, end, code, text, words, evidence = '' } = finding;
  const go = () => {
    fitRange(start, end);
    void select({ track: chain.tracks.find(track => track.layer === layer)?.id ?? 0, offset: start });
  };
  return (
    <button type="button" onClick={go} disabled={start < 0}>
      <span className="finding-head">
        <b>
          <Untrusted text={chain.chain.layers[layer]?.name ?? ''} />
        </b>
        {start >= 0 && <Offset at={start} />}
      </span>
      <Untrusted text={text} max={300} />
      {words !== undefined && (
        <small>
          metadata: {STATE_LABELS[stateOf(words.metadata)]} · nbd: {STATE_LABELS[stateOf(words.nbd)]}
        </small>
      )}
      {evidence !== '' && (
        <small className="mono">
          <Untrusted text={evidence} max={300} />
        </small>
      )}
      <small>
        <code>{code}</code>
      </small>
    </button>
  );
}
