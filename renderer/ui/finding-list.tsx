import { stateOf } from '../../shared/extent/flags.ts';
import { legendOfWitness } from '../../shared/legend.ts';
import type { OpenedChain } from '../../shared/model/chain.ts';
import { isRemote } from '../../shared/model/chain.ts';
import type { RangeFinding } from '../../shared/model/finding.ts';
import type { LayerProgress } from '../../shared/model/progress.ts';
import { formatCount } from '../../shared/text/offset.ts';
import { navigationOf } from '../state/axes/axis-navigation.ts';
import { placeOf } from '../state/findings.ts';
import { selectAt } from '../state/selection/selection.ts';
import { useStore } from '../state/store.ts';
import { InspectorSection } from './inspector-section.tsx';
import { Offset, Untrusted } from './text.tsx';

/** Findings shown; the rest is counted. */
const LIMIT = 100;

interface FindingListProps {
  readonly chain: OpenedChain;
  /** Only those that touch this offset; nothing is shown where there are none. */
  readonly at?: number;
}

/** Damage, and where the two witnesses differ. */
export function FindingList({ chain, at }: FindingListProps) {
  const all = useStore(state => state.findings);
  const uncounted = useStore(state => state.moreFindings);
  const progress = useStore(state => state.progress);
  const findings = at === undefined ? all : all.filter(({ start, end }) => start <= at && at < end);
  if (at !== undefined && findings.length === 0) return null;
  const more = at === undefined ? uncounted : 0;
  const hidden = more + Math.max(0, findings.length - LIMIT);
  return (
    <InspectorSection title={at === undefined ? 'Findings' : 'Findings here'}>
      {findings.length === 0 && <p className="hint">{nothingFound(chain, progress)}</p>}
      <ul className="findings">
        {findings.slice(0, LIMIT).map(finding => (
          <li key={JSON.stringify(finding)}>
            <Finding finding={finding} chain={chain} />
          </li>
        ))}
      </ul>
      {hidden > 0 && <p className="hint">and {formatCount(hidden)} more</p>}
    </InspectorSection>
  );
}

/** What it means that nothing was found. */
function nothingFound(chain: OpenedChain, progress: readonly LayerProgress[]): string {
  if (isRemote(chain)) return 'Over NBD there are no tables to see damage in.';
  const some = (...phases: LayerProgress['phase'][]) => progress.some(({ phase }) => phases.includes(phase));
  const when = some('reading', 'waiting')
    ? 'so far'
    : some('failed', 'cancelled')
      ? 'in what was read'
      : 'while mapping';
  return `No damage seen ${when}; refcounts are not checked.`;
}

/** One finding; it leads to its place where it has one. */
function Finding({ finding, chain }: { readonly finding: RangeFinding; readonly chain: OpenedChain }) {
  const { layer, start, end, code, text, words, evidence = '' } = finding;
  const place = placeOf(finding, chain);
  const go = () => {
    if (place === undefined) return;
    navigationOf('guest').fitRange(start, end);
    void selectAt(place);
  };
  return (
    <button type="button" onClick={go} disabled={place === undefined}>
      <span className="finding-head">
        <b>
          <Untrusted text={chain.chain.layers[layer]?.name ?? ''} />
        </b>
        {start >= 0 && <Offset at={start} />}
      </span>
      <Untrusted text={text} max={300} />
      {words !== undefined && (
        <small>
          metadata: {legendOfWitness('metadata')[stateOf(words.metadata)].label} · nbd:{' '}
          {legendOfWitness('nbd')[stateOf(words.nbd)].label}
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
