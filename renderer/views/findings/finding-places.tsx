import type { OpenedChain } from '../../../shared/model/chain.ts';
import { type Finding, type Range, totalLength } from '../../../shared/model/finding.ts';
import { formatOffset, formatSize } from '../../../shared/text/offset.ts';
import { showFinding } from '../../state/findings-view.ts';
import { showInHostLayout } from '../../state/host/host-layout.ts';
import { InspectorSection } from '../../ui/inspector-section.tsx';

interface FindingPlacesProps {
  readonly finding: Finding;
  readonly chain: OpenedChain;
}

/** The places of a finding on the guest's disk and in the file, as far as they are listed. */
export function FindingPlaces({ finding, chain }: FindingPlacesProps) {
  const { guest, host, bytesAtRisk } = finding;
  const left = bytesAtRisk - totalLength(guest);
  return (
    <>
      {guest.length > 0 && (
        <InspectorSection title="On the guest’s disk">
          <Places
            ranges={guest}
            onChoose={range => void showFinding({ ...finding, guest: [range] }, chain)}
          />
          {left > 0 && <p className="hint">and {formatSize(left)} more</p>}
        </InspectorSection>
      )}
      {host.length > 0 && (
        <InspectorSection title="In the file">
          <Places ranges={host} onChoose={range => void showInHostLayout(finding.layer, range[0])} />
        </InspectorSection>
      )}
    </>
  );
}

interface PlacesProps {
  readonly ranges: readonly Range[];
  readonly onChoose: (range: Range) => void;
}

function Places({ ranges, onChoose }: PlacesProps) {
  return (
    <ul className="plain-list mono">
      {ranges.map(range => {
        const text = `${formatOffset(range[0])}, ${formatSize(range[1])}`;
        return (
          <li key={range[0]}>
            <button type="button" className="quiet" onClick={() => onChoose(range)}>
              {text}
            </button>
          </li>
        );
      })}
    </ul>
  );
}
