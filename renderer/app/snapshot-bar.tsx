import type { OpenedChain } from '../../shared/model/chain.ts';
import { formatTime } from '../../shared/text/time.ts';
import { shownSnapshot, snapshotName, snapshotsOf } from '../state/chain/snapshots.ts';
import { runCommand } from '../state/commands/commands.ts';
import { Icon } from '../ui/icon.tsx';
import { Untrusted } from '../ui/text.tsx';

/** Shown while an internal snapshot is shown instead of the active disk, with a button that goes back. */
export function SnapshotBar({ chain }: { readonly chain: OpenedChain }) {
  const snapshot = shownSnapshot(chain);
  if (snapshot === undefined) return null;
  return (
    <section className="snapshot-bar" aria-label="Internal snapshot">
      <Icon name="snapshot" />
      <p>
        <b>
          <Untrusted text={chain.chain.layers.at(-1)?.name ?? ''} max={80} />
        </b>{' '}
        as of snapshot{' '}
        <b>
          <Untrusted text={snapshotName(snapshot)} />
        </b>{' '}
        ({formatTime(snapshot.date)})
      </p>
      {snapshotsOf(chain).length > 1 && (
        <button type="button" onClick={() => runCommand('snapshot')}>
          Another snapshot…
        </button>
      )}
      <button type="button" className="primary" onClick={() => runCommand('active')}>
        Back to the active disk
      </button>
    </section>
  );
}
