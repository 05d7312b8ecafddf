import { useEffect, useState } from 'react';
import type { FindingPage } from '../../../shared/model/finding.ts';
import { requestFindings } from '../../state/findings.ts';
import { useStore } from '../../state/store.ts';

/**
 * The first `most` findings of a session, or those that touch the offset `at`; undefined until they have arrived. They
 * are requested again whenever more was found.
 */
export function useFindings(
  sessionId: number,
  at: number | undefined,
  most: number,
): FindingPage | undefined {
  const summary = useStore(state => state.findings);
  const [known, setKnown] = useState<{ readonly key: string; readonly page: FindingPage }>();
  const key = `${sessionId} ${at}`;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the summary changes when more was found
  useEffect(() => {
    let isNewest = true;
    const filter = at === undefined ? {} : { start: at, end: at + 1 };
    void requestFindings(sessionId, filter, most).then(page => {
      if (isNewest && page !== undefined) setKnown({ key, page });
    });
    return () => {
      isNewest = false;
    };
  }, [sessionId, at, most, key, summary]);
  return known?.key === key ? known.page : undefined;
}
