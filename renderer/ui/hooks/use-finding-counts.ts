import { useEffect, useState } from 'react';
import type { FindingCount } from '../../../shared/model/finding.ts';
import { askChain } from '../../state/chain/ask-chain.ts';
import { useStore } from '../../state/store.ts';

/** The findings in numbers; none until they have arrived. They are requested again whenever more was found. */
export function useFindingCounts(): readonly FindingCount[] {
  const summary = useStore(state => state.findings);
  const [counts, setCounts] = useState<readonly FindingCount[]>([]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the summary changes when more was found
  useEffect(() => {
    let isNewest = true;
    void askChain('findingCounts', {}).then(reply => {
      if (isNewest && reply?.ok) setCounts(reply.value);
    });
    return () => {
      isNewest = false;
    };
  }, [summary]);
  return counts;
}
