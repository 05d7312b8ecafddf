import { useDeferredValue } from 'react';
import type { OpenedChain } from '../../../shared/model/chain.ts';
import { incompleteChainText } from '../../../shared/model/chain.ts';
import { findingTotals } from '../../../shared/text/finding-totals.ts';
import { useStore } from '../../state/store.ts';
import { noFindingsText } from '../../ui/finding-list-texts.ts';
import { useFindingCounts } from '../../ui/hooks/use-finding-counts.ts';
import { FindingDetail } from './finding-detail.tsx';
import { FindingFilters } from './finding-filters.tsx';
import { FindingListbox } from './finding-listbox.tsx';

/** Everything that was found: filters, a list, and all that is known of the finding that is chosen. */
export function FindingsView({ chain }: { readonly chain: OpenedChain }) {
  const counts = useFindingCounts();
  const chosen = useStore(state => state.findingList.chosen);
  const shown = useDeferredValue(chosen);
  const progress = useStore(state => state.progress);
  const check = useStore(state => state.check);
  const totals = findingTotals(counts, layer => chain.chain.layers[layer]?.clusterSize ?? 0);
  const isDamaged = counts.some(({ severity }) => severity !== 'note');
  return (
    <div className="findings-view">
      <header className="findings-totals">
        <p>{totals === '' ? noFindingsText(chain, progress, check.phase === 'done') : `${totals}.`}</p>
        {totals !== '' && !isDamaged && (
          <p className="hint">{noFindingsText(chain, progress, check.phase === 'done')}</p>
        )}
        {!chain.chain.complete && <p className="hint">{incompleteChainText(chain)}</p>}
      </header>
      <FindingFilters chain={chain} counts={counts} />
      <FindingListbox chain={chain} />
      {shown === undefined ? (
        <section className="finding-detail" aria-label="Finding">
          {counts.length > 0 && <p className="hint pad">Choose a finding.</p>}
        </section>
      ) : (
        <FindingDetail key={`${shown.layer} ${shown.id}`} finding={shown} chain={chain} />
      )}
    </div>
  );
}
