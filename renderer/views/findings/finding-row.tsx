import type { OpenedChain } from '../../../shared/model/chain.ts';
import type { Finding } from '../../../shared/model/finding.ts';
import { findingGuestText, findingSentence } from '../../../shared/text/finding-text.ts';
import { reviewKey } from '../../state/findings-view.ts';
import { useStore } from '../../state/store.ts';
import { Untrusted } from '../../ui/text.tsx';
import { SeverityMark } from './severity-mark.tsx';

/** Height of every row in CSS pixels. */
export const ROW_PX = 48;

interface FindingRowProps {
  readonly chain: OpenedChain;
  /** Undefined while it is not loaded. */
  readonly finding: Finding | undefined;
  readonly row: number;
  readonly total: number;
  readonly active: boolean;
  readonly onSelect: () => void;
}

/** One finding of the list: what it is, and where. */
export function FindingRow({ chain, finding, row, total, active, onSelect }: FindingRowProps) {
  const isReviewed = useStore(
    ({ reviewed }) => finding !== undefined && reviewed.has(reviewKey(finding, chain)),
  );
  const layer = finding === undefined ? undefined : chain.chain.layers[finding.layer];
  return (
    // biome-ignore lint/a11y/useFocusableInteractive: the list has the focus, and names its active row
    // biome-ignore lint/a11y/useKeyWithClickEvents: the list takes the keys
    <div
      id={`finding-${row}`}
      className="finding-row"
      role="option"
      aria-selected={active}
      aria-posinset={row + 1}
      aria-setsize={total}
      data-follows={finding?.causedBy !== undefined}
      data-reviewed={isReviewed}
      style={{ height: ROW_PX }}
      onClick={onSelect}
    >
      {finding === undefined ? (
        <span className="hint">…</span>
      ) : (
        <>
          <SeverityMark severity={finding.severity} />
          <span className="finding-row-text">
            <span className="finding-row-what">
              <Untrusted text={findingSentence(finding)} max={300} />
            </span>
            <small>
              {isReviewed ? 'reviewed · ' : ''}
              {finding.severity} · <Untrusted text={layer?.name ?? 'the chain'} max={40} />
              {findingGuestText(finding) !== '' && (
                <span className="mono"> · {findingGuestText(finding)}</span>
              )}
            </small>
          </span>
        </>
      )}
    </div>
  );
}
