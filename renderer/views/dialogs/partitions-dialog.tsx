import { allowPartitions, hidePartitions, stopReadingPartitions } from '../../state/guest/partitions.ts';
import { useStore } from '../../state/store.ts';
import { DialogFrame } from '../../ui/dialog.tsx';

/** Asks before anything that the guest stores is read, and takes back what was allowed. */
export function PartitionsDialog() {
  const readsPartitions = useStore(state => state.readsPartitions);
  return (
    <DialogFrame title="Partitions of the guest" className="partitions-dialog">
      <p>
        {readsPartitions
          ? 'You allowed that the partitions of every image are read when it is opened.'
          : 'So far only the tables of the image files were read. Partitions are part of what the guest stores.'}
      </p>
      <p className="hint">
        Read are the partition table (its first and last sectors) and, of each partition, the few sectors
        where file systems have their signature: type, label and UUID. No files and no folders. Names come
        from the guest and are shown as plain text. Nothing is written, and nothing leaves this computer. Your
        answer is remembered.
      </p>
      <footer>
        {readsPartitions ? (
          <>
            <button type="button" onClick={stopReadingPartitions}>
              Ask again from now on
            </button>
            <button type="button" className="primary" data-initial-focus onClick={hidePartitions}>
              Hide them now
            </button>
          </>
        ) : (
          <>
            <button type="button" onClick={() => void allowPartitions(true)}>
              Read them for every image
            </button>
            <button
              type="button"
              className="primary"
              data-initial-focus
              onClick={() => void allowPartitions(false)}
            >
              Read them for this image
            </button>
          </>
        )}
      </footer>
    </DialogFrame>
  );
}
