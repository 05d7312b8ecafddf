import type { OpenedChain } from '../../../shared/model/chain.ts';
import { findingTotals } from '../../../shared/text/finding-totals.ts';
import { FINDINGS_VIEW, showFinding } from '../../state/findings-view.ts';
import { showView } from '../../state/views.ts';
import { useFindingCounts } from '../../ui/hooks/use-finding-counts.ts';
import { useFindings } from '../../ui/hooks/use-findings.ts';
import { Icon } from '../../ui/icon.tsx';

/** Findings among which the worst one that has a place on the guest's disk is looked for. */
const LOOKED_AT = 16;

/** What is damaged, in one sentence, and the way to it: said before everything else. Nothing where nothing is. */
export function DamageSummary({ chain }: { readonly chain: OpenedChain }) {
  const counts = useFindingCounts().filter(({ severity }) => severity !== 'note');
  if (!counts.some(({ severity }) => severity === 'corruption')) return null;
  const totals = findingTotals(counts, layer => chain.chain.layers[layer]?.clusterSize ?? 0);
  return (
    <section className="damage-summary" aria-label="Damage">
      <Icon name="warning" />
      <p>{totals}.</p>
      <div className="damage-actions">
        <ShowWorst chain={chain} />
        <button type="button" onClick={() => showView(FINDINGS_VIEW)}>
          All findings
        </button>
      </div>
    </section>
  );
}

/** Leads to the worst damage that has a place on the guest's disk. Nothing where none has. */
function ShowWorst({ chain }: { readonly chain: OpenedChain }) {
  const { findings = [] } = useFindings(chain.sessionId, undefined, LOOKED_AT) ?? {};
  const worst = findings.find(({ severity, guest }) => severity === 'corruption' && guest.length > 0);
  if (worst === undefined) return null;
  return (
    <button type="button" className="primary" onClick={() => void showFinding(worst, chain)}>
      Show the worst
    </button>
  );
}
