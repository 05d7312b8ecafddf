import { snapshotsOf } from '../../state/chain/snapshots.ts';
import { useStore } from '../../state/store.ts';
import { DialogFrame } from '../../ui/dialog.tsx';
import { SnapshotList } from '../../ui/snapshot-list.tsx';

/** Chooses an internal snapshot of the top layer to look at. */
export function SnapshotsDialog() {
  const chain = useStore(state => state.chain);
  return (
    <DialogFrame title="Internal snapshots" className="snapshots-dialog">
      {chain === undefined || snapshotsOf(chain).length === 0 ? (
        <p>The top layer has no internal snapshots.</p>
      ) : (
        <>
          <p className="hint">
            A snapshot is shown in place of the active disk, over the same backing files. Nothing is written.
          </p>
          <SnapshotList chain={chain} />
        </>
      )}
    </DialogFrame>
  );
}
