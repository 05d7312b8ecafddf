import type { OpenedChain } from '../../../shared/model/chain.ts';
import { snapshotsOf } from '../../state/chain/snapshots.ts';
import { FindingList } from '../../ui/finding-list.tsx';
import { InspectorSection } from '../../ui/inspector-section.tsx';
import { SnapshotList } from '../../ui/snapshot-list.tsx';
import { UntrustedProse } from '../../ui/text.tsx';
import { DamageSummary } from './damage-summary.tsx';
import { LayerFiles } from './layer-files.tsx';
import { MarkList } from './mark-list.tsx';

/** The whole chain: its damage, marks, findings, snapshots, notes and files. Shown while nothing is selected. */
export function ChainSummary({ chain }: { readonly chain: OpenedChain }) {
  const notes = [
    ...chain.chain.notes,
    ...chain.chain.layers.flatMap(layer => layer.notes.map(note => `${layer.name}: ${note}`)),
  ];
  return (
    <>
      <DamageSummary chain={chain} />
      <MarkList chain={chain} />
      <FindingList chain={chain} />
      {snapshotsOf(chain).length > 0 && (
        <InspectorSection title="Internal snapshots">
          <SnapshotList chain={chain} />
        </InspectorSection>
      )}
      {notes.length > 0 && (
        <InspectorSection title="Notes">
          <ul className="notes">
            {notes.map(note => (
              <li key={note}>
                <UntrustedProse text={note} max={500} />
              </li>
            ))}
          </ul>
        </InspectorSection>
      )}
      <LayerFiles chain={chain} />
    </>
  );
}
