import type { OpenedChain } from '../../../shared/model/chain.ts';
import { formatCount, formatSize } from '../../../shared/text/offset.ts';
import { snapshotsOf } from '../../state/chain/snapshots.ts';
import { FindingList } from '../../ui/finding-list.tsx';
import { InspectorSection } from '../../ui/inspector-section.tsx';
import { SnapshotList } from '../../ui/snapshot-list.tsx';
import { Untrusted } from '../../ui/text.tsx';
import { LayerFiles } from './layer-files.tsx';
import { MarkList } from './mark-list.tsx';

/** Number of extents from which the size of the map is shown. */
const MIN_SHOWN_EXTENTS = 1_000_000;

/** The whole chain: its marks, findings, snapshots, notes and files. Shown while nothing is selected. */
export function ChainSummary({ chain }: { readonly chain: OpenedChain }) {
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
      {estimate !== undefined && estimate.extents >= MIN_SHOWN_EXTENTS && (
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
      <LayerFiles chain={chain} />
    </>
  );
}
