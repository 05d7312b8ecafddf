import type { ReactNode } from 'react';
import type { OpenedChain } from '../../shared/model/chain.ts';
import { formatTime } from '../../shared/text/time.ts';
import { showSnapshot } from '../state/chain/opening.ts';
import { nameOrIdOf, shownSnapshot, snapshotName, snapshotsOf } from '../state/chain/snapshots.ts';
import { Size, Untrusted } from './text.tsx';

/** The active disk and the internal snapshots of the top layer, each of which can be shown. */
export function SnapshotList({ chain }: { readonly chain: OpenedChain }) {
  const snapshots = snapshotsOf(chain);
  const shown = shownSnapshot(chain);
  return (
    <ul className="snapshots">
      <Row name="Active disk" shown={shown === undefined} onShow={() => showSnapshot()}>
        <small>what the guest reads now</small>
      </Row>
      {snapshots.map((snapshot, at) => {
        const { id, name, date, diskSize, vmStateSize } = snapshot;
        const nameOrId = nameOrIdOf(snapshot, snapshots);
        return (
          <Row
            // biome-ignore lint/suspicious/noArrayIndexKey: ids and names may repeat, and the list never changes
            key={at}
            name={snapshotName(snapshot)}
            shown={shown?.id === id && shown.name === name}
            onShow={nameOrId === undefined ? undefined : () => showSnapshot(nameOrId)}
          >
            <small>{formatTime(date)}</small>
            <small>
              id <Untrusted text={id} max={40} /> · disk <Size bytes={diskSize} />
              {vmStateSize > 0 && (
                <>
                  {' '}
                  · VM state <Size bytes={Number(vmStateSize)} />
                </>
              )}
            </small>
          </Row>
        );
      })}
    </ul>
  );
}

interface RowProps {
  readonly name: string;
  readonly shown: boolean;
  /** Undefined if no id or name leads to this snapshot alone. */
  readonly onShow: (() => void) | undefined;
  readonly children: ReactNode;
}

function Row({ name, shown, onShow, children }: RowProps) {
  return (
    <li>
      <div>
        <strong>
          <Untrusted text={name} />
        </strong>
        {children}
      </div>
      {shown ? (
        <span className="owner-tag">shown</span>
      ) : (
        <button
          type="button"
          aria-label={`Show ${name}`}
          disabled={onShow === undefined}
          title={onShow === undefined ? 'Another snapshot has the same id and name' : undefined}
          onClick={onShow}
        >
          Show
        </button>
      )}
    </li>
  );
}
