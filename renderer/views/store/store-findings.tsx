import { useEffect, useState } from 'react';
import {
  MAX_STORE_FINDINGS,
  type StoreFindingPage,
  type StoreSummary,
} from '../../../shared/model/store/store-page.ts';
import { findingSentence } from '../../../shared/text/finding-text.ts';
import { formatCount } from '../../../shared/text/offset.ts';
import { invoke } from '../../bridge/bridge.ts';
import { openTarget } from '../../state/chain/opening.ts';
import { setState } from '../../state/store.ts';
import { adviceInWindow } from '../../state/window/advice.ts';
import { Untrusted, UntrustedProse } from '../../ui/text.tsx';

type Shown = StoreFindingPage['findings'];

/** Findings shown at first, and with each click on "Show more". */
const STEP = 20;

/** What is wrong or dangerous in the folders, worst first. */
export function StoreFindings({ folders }: { readonly folders: StoreSummary }) {
  const { storeId, findings } = folders;
  const [shown, setShown] = useState<Shown>([]);
  const [most, setMost] = useState(STEP);
  const wanted = Math.min(most, findings.total);
  useEffect(() => {
    if (shown.length >= wanted) return;
    let isCurrent = true;
    void invoke('store:findings', { storeId, skip: shown.length, most: MAX_STORE_FINDINGS }).then(reply => {
      if (!isCurrent) return;
      if (reply.ok) setShown([...shown, ...reply.value.findings]);
      else setState({ error: reply.error });
    });
    return () => {
      isCurrent = false;
    };
  }, [storeId, shown, wanted]);
  return (
    <section className="store-findings" aria-label="Findings">
      <h2>Findings</h2>
      <ul>
        {shown.map(({ finding, path }) => (
          <li key={`${finding.layer} ${finding.id}`} data-severity={finding.severity}>
            <button
              type="button"
              className="quiet"
              title="Opens the chain of this image"
              onClick={() => void openTarget({ kind: 'files', files: [path] })}
            >
              <Untrusted text={path.replace(/^.*\//, '')} />
            </button>
            <Untrusted text={findingSentence(finding)} max={1000} />
            {finding.advice !== '' && (
              <small>
                <UntrustedProse
                  text={findingSentence({ ...finding, what: adviceInWindow(finding.advice) })}
                  max={1000}
                />
              </small>
            )}
            <small>
              {finding.severity} · <code>{finding.code}</code>
              {finding.count > 1 && ` · ${formatCount(finding.count)} images`}
            </small>
          </li>
        ))}
      </ul>
      {findings.total > most && (
        <button type="button" className="quiet" onClick={() => setMost(most + STEP)}>
          Show more ({formatCount(findings.total - most)} left)
        </button>
      )}
    </section>
  );
}
