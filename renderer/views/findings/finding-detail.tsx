import { useEffect, useState } from 'react';
import type { OpenedChain } from '../../../shared/model/chain.ts';
import { type Finding, LIKELY_CAUSE } from '../../../shared/model/finding.ts';
import { findingCommands } from '../../../shared/text/check-commands.ts';
import { asSentence, evidenceText, findingSentence } from '../../../shared/text/finding-text.ts';
import { formatCount, formatSize } from '../../../shared/text/offset.ts';
import { reviewKey, showFinding, toggleReviewed } from '../../state/findings-view.ts';
import { showInHostLayout } from '../../state/host/host-layout.ts';
import { copyText } from '../../state/selection/track-actions.ts';
import { useStore } from '../../state/store.ts';
import { adviceInWindow, withoutRepeat } from '../../state/window/advice.ts';
import { witnessAnswerText } from '../../ui/finding-list-texts.ts';
import { useFindingPartitions } from '../../ui/hooks/use-finding-partitions.ts';
import { Icon } from '../../ui/icon.tsx';
import { InspectorSection } from '../../ui/inspector-section.tsx';
import { Untrusted, UntrustedProse } from '../../ui/text.tsx';
import { type FindingEntry, loadEntries } from './documentation.ts';
import { FindingPlaces } from './finding-places.tsx';
import { Prose } from './prose.tsx';
import { SeverityMark } from './severity-mark.tsx';

interface FindingDetailProps {
  readonly finding: Finding;
  readonly chain: OpenedChain;
}

/** All that is known of one finding: the next safe step first, then what it means, what proves it, and where it is. */
export function FindingDetail({ finding, chain }: FindingDetailProps) {
  const { code, severity, advice, evidence, witnesses } = finding;
  const entry = useEntry(code);
  const partitions = useFindingPartitions(finding, chain);
  const layer = chain.chain.layers[finding.layer];
  const [place] = finding.host;
  const isReviewed = useStore(({ reviewed }) => reviewed.has(reviewKey(finding, chain)));
  return (
    <section className="finding-detail" aria-label="Finding">
      <header className="inspector-what">
        <p className="eyebrow">
          <SeverityMark severity={severity} /> {severity} · <Untrusted text={layer?.name ?? 'the chain'} />
        </p>
        <h2>
          <Untrusted text={findingSentence(finding)} max={500} />
        </h2>
        <p className="hint">{extentOf(finding)}</p>
        {partitions !== '' && <p className="hint">{asSentence(partitions)}</p>}
        <div className="finding-actions">
          <button
            type="button"
            className="primary"
            disabled={finding.guest.length === 0}
            onClick={() => void showFinding(finding, chain)}
          >
            Show in chain
          </button>
          {place !== undefined && layer !== undefined && (
            <button type="button" onClick={() => void showInHostLayout(finding.layer, place[0])}>
              Show in host layout
            </button>
          )}
          <button type="button" aria-pressed={isReviewed} onClick={toggleReviewed}>
            {isReviewed ? 'Reviewed' : 'Mark as reviewed'}
          </button>
        </div>
      </header>
      {(advice !== '' || entry !== undefined) && (
        <InspectorSection title="What to do">
          {withoutRepeat(adviceInWindow(advice), adviceInWindow(entry?.do ?? '')).map(text => (
            <p key={text}>
              <UntrustedProse text={asSentence(text)} max={2000} />
            </p>
          ))}
        </InspectorSection>
      )}
      {entry !== undefined && <Meaning entry={entry} />}
      {finding.causedBy !== undefined && (
        <InspectorSection title={finding.code === LIKELY_CAUSE ? 'How this came about' : 'Follows from'}>
          <p>
            <code>
              <Untrusted text={finding.causedBy} />
            </code>
            : look at that first.
          </p>
        </InspectorSection>
      )}
      {witnesses !== undefined && (
        <InspectorSection title="Two answers">
          <ul className="plain-list">
            {witnesses.map(answer => (
              <li key={answer.witness}>
                <Untrusted text={witnessAnswerText(answer)} />
              </li>
            ))}
          </ul>
        </InspectorSection>
      )}
      {evidence.length > 0 && (
        <InspectorSection title="Evidence">
          <ul className="plain-list mono">
            {evidence.map(piece => (
              <li key={JSON.stringify(piece)}>
                <Untrusted text={evidenceText(piece)} max={2000} />
              </li>
            ))}
          </ul>
        </InspectorSection>
      )}
      <FindingPlaces finding={finding} chain={chain} />
      {layer !== undefined && <Commands commands={findingCommands(finding, layer)} />}
      <p className="hint pad">
        <code>{code}</code>
      </p>
    </section>
  );
}

/** How many places it has, and how much of the guest is at risk. */
function extentOf({ count, bytesAtRisk }: Finding): string {
  const places = count === 1 ? '1 place' : `${formatCount(count)} places`;
  if (bytesAtRisk === 0) return `${places}, no guest data at risk`;
  return `${places}, ${formatSize(bytesAtRisk)} of guest data at risk`;
}

function Meaning({ entry }: { readonly entry: FindingEntry }) {
  return (
    <InspectorSection title="What it means">
      <Prose text={entry.meaning} />
      <dl className="finding-entry">
        <dt>Usual cause</dt>
        <dd>
          <Prose text={asSentence(entry.cause)} />
        </dd>
        <dt>Risk</dt>
        <dd>
          <Prose text={asSentence(entry.risk)} />
        </dd>
        <dt>qemu</dt>
        <dd>
          <Prose text={asSentence(entry.qemu)} />
        </dd>
      </dl>
    </InspectorSection>
  );
}

function Commands({ commands }: { readonly commands: ReturnType<typeof findingCommands> }) {
  if (commands.length === 0) return null;
  return (
    <InspectorSection title="Commands to copy">
      <p className="hint">None of them changes the image. cowscope runs none of them.</p>
      <ul className="commands">
        {commands.map(({ label, command }) => (
          <li key={label}>
            <span>{label.charAt(0).toUpperCase() + label.slice(1)}</span>
            <button
              type="button"
              className="copy"
              aria-label={`Copy the command ${label}`}
              onClick={() => void copyText(command)}
            >
              <Icon name="copy" />
            </button>
            <code>
              <Untrusted text={command} max={4200} />
            </code>
          </li>
        ))}
      </ul>
    </InspectorSection>
  );
}

/** What the documentation says of a code; undefined until it is loaded, and for a code that it does not have. */
function useEntry(code: string): FindingEntry | undefined {
  const [entries, setEntries] = useState<ReadonlyMap<string, FindingEntry>>();
  useEffect(() => {
    let isMounted = true;
    void loadEntries().then(loaded => {
      if (isMounted) setEntries(loaded);
    });
    return () => {
      isMounted = false;
    };
  }, []);
  return entries?.get(code);
}
