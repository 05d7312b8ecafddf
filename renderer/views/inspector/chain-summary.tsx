import type { OpenedChain } from '../../../shared/model/chain.ts';
import { formatCount, formatSize } from '../../../shared/text/offset.ts';
import { snapshotsOf } from '../../state/chain/snapshots.ts';
import { FindingList } from '../../ui/finding-list.tsx';
import { InspectorSection } from '../../ui/inspector-section.tsx';
import { SnapshotList } from '../../ui/snapshot-list.tsx';
import { Untrusted } from '../../ui/text.tsx';
import { LayerFacts } from './layer-files.tsx';
import { MarkList } from './mark-list.tsx';

/** Extents from which the size of a map is worth a thought. */
const WORTH_SAYING = 1_000_000;

/** What is worth knowing of the whole chain; shown while nothing is selected. */
export function ChainFacts({ chain }: { readonly chain: OpenedChain }) {
  const { estimate } = chain.chain;
  const notes = [
    ...chain.chain.notes,
    ...chain.chain.layers.flatMap(layer => layer.notes.map(note => `${layer.name}: ${note}`)),
  ];
  return (
    <>
      <MarkList chain={chain} />
      <FindingList chain={chain} />
      {snapshotsOf(chain).length > 0 && (
        <InspectorSection title="Internal snapshots">
          <SnapshotList chain={chain} />
        </InspectorSection>
      )}
      {estimate !== undefined && estimate.extents >= WORTH_SAYING && (
        <InspectorSection title="Size of the map">
          <p className="hint">
            At most {formatCount(estimate.extents)} extents, about {formatSize(estimate.bytes)} of memory.
          </p>
        </InspectorSection>
      )}
      {notes.length > 0 && (
        <InspectorSection title="Notes">
          <ul className="notes">
            {notes.map(note => (
              <li key={note}>
                <Untrusted text={note} max={500} />
              </li>
            ))}
          </ul>
        </InspectorSection>
      )}
      <LayerFacts chain={chain} />
    </>
  );
}
