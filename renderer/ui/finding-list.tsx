import { useState } from 'react';
import type { OpenedChain } from '../../shared/model/chain.ts';
import type { Finding } from '../../shared/model/finding.ts';
import {
  asSentence,
  evidenceText,
  findingGuestText,
  findingSentence,
} from '../../shared/text/finding-text.ts';
import { formatCount } from '../../shared/text/offset.ts';
import { navigationOf } from '../state/axes/axis-navigation.ts';
import { startOfFinding } from '../state/findings.ts';
import { selectAt } from '../state/selection/selection.ts';
import { useStore } from '../state/store.ts';
import { adviceInWindow } from '../state/window/advice.ts';
import { noFindingsText, witnessAnswerText } from './finding-list-texts.ts';
import { useFindingPartitions } from './hooks/use-finding-partitions.ts';
import { useFindings } from './hooks/use-findings.ts';
import { InspectorSection } from './inspector-section.tsx';
import { Untrusted, UntrustedProse } from './text.tsx';

/** Findings shown at first, and with each click on "Show more". */
const FINDINGS_STEP = 100;
/** Pieces of evidence shown of one finding. */
const SHOWN_EVIDENCE = 3;

interface FindingListProps {
  readonly chain: OpenedChain;
  /** Only those that touch this offset; nothing is shown where there are none. */
  readonly at?: number;
}

/** What is wrong or dangerous, worst first. */
export function FindingList({ chain, at }: FindingListProps) {
  const [most, setMost] = useState(FINDINGS_STEP);
  const progress = useStore(state => state.progress);
  const check = useStore(state => state.check);
  const { findings, total } = useFindings(chain.sessionId, at, most) ?? { findings: [], total: 0 };
  if (at !== undefined && total === 0) return null;
  const hidden = total - findings.length;
  return (
    <InspectorSection title={at === undefined ? 'Findings' : 'Findings here'}>
      {findings.every(({ severity }) => severity === 'note') && (
        <p className="hint">{noFindingsText(chain, progress, check.phase === 'done')}</p>
      )}
      <ul className="findings">
        {findings.map(finding => (
          <li key={`${finding.layer} ${finding.id}`}>
            <FindingCard finding={finding} chain={chain} />
          </li>
        ))}
      </ul>
      {hidden > 0 && (
        <button type="button" className="quiet" onClick={() => setMost(most + FINDINGS_STEP)}>
          Show more ({formatCount(hidden)} left)
        </button>
      )}
    </InspectorSection>
  );
}

/** One finding. It selects where it begins, if it is about guest offsets. */
function FindingCard({ finding, chain }: { readonly finding: Finding; readonly chain: OpenedChain }) {
  const { layer, code, severity, count, evidence, witnesses, advice, guest } = finding;
  const start = startOfFinding(finding, chain);
  const go = () => {
    const [first] = guest;
    if (start === undefined || first === undefined) return;
    navigationOf('guest').fitRange(first[0], first[0] + first[1]);
    void selectAt(start);
  };
  const where = findingGuestText(finding);
  const partitions = useFindingPartitions(finding, chain);
  return (
    <button type="button" onClick={go} disabled={start === undefined} data-severity={severity}>
      <span className="finding-head">
        <b>
          <Untrusted text={chain.chain.layers[layer]?.name ?? 'Chain'} />
        </b>
        {where !== '' && <span className="mono">{where}</span>}
      </span>
      <Untrusted text={findingSentence(finding)} max={500} />
      {partitions !== '' && <small>{partitions}</small>}
      {witnesses !== undefined && <small>{witnesses.map(witnessAnswerText).join(' · ')}</small>}
      {advice !== '' && (
        <small>
          <UntrustedProse text={asSentence(adviceInWindow(advice))} max={500} />
        </small>
      )}
      {evidence.slice(0, SHOWN_EVIDENCE).map(piece => (
        <small className="mono" key={JSON.stringify(piece)}>
          <Untrusted text={evidenceText(piece)} max={300} />
        </small>
      ))}
      <small>
        {severity} · <code>{code}</code>
        {count > 1 && ` · ${formatCount(count)} places`}
      </small>
    </button>
  );
}
