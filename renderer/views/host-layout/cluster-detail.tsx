import type { OpenedChain } from '../../../shared/model/chain.ts';
import type { ClusterUser, GuestPlace } from '../../../shared/model/layout.ts';
import { HOST_KIND_MEANINGS, HOST_KIND_NAMES } from '../../../shared/text/host-kinds.ts';
import { formatCount, formatOffset, formatSize } from '../../../shared/text/offset.ts';
import { chooseHost, hostOfSelection } from '../../state/host/host-layout.ts';
import { jumpToRange } from '../../state/selection/selection.ts';
import { useStore } from '../../state/store.ts';
import { showTracks } from '../../state/views.ts';
import { InspectorSection } from '../../ui/inspector-section.tsx';
import { Untrusted } from '../../ui/text.tsx';
import { KindSwatch } from './kind-swatch.tsx';

/** The chosen cluster: what it holds, and everything that refers to it. */
export function ClusterDetail({ chain }: { readonly chain: OpenedChain }) {
  const { chosen, layer } = useStore(state => state.host);
  const inspection = useStore(state => state.inspection);
  const linked = hostOfSelection();
  if (chosen === undefined)
    return (
      <InspectorSection title="Cluster">
        <p className="hint">Choose a place in the strip or in the table to see who refers to it.</p>
        {inspection !== undefined && linked !== undefined && (
          <p>
            The selected guest offset lies at{' '}
            <button type="button" className="quiet mono" onClick={() => void chooseHost(linked)}>
              {formatOffset(linked)}
            </button>
          </p>
        )}
      </InspectorSection>
    );
  const { cluster } = chosen;
  if (cluster === undefined)
    return (
      <InspectorSection title="Cluster">
        <p className="hint">Looking up who refers to {formatOffset(chosen.offset)}…</p>
      </InspectorSection>
    );
  const { start, length, kind, refcount, references, users } = cluster;
  const left = references - users.length;
  return (
    <InspectorSection title="Cluster">
      <h3 className="cluster-title">
        <KindSwatch kind={kind} />
        {HOST_KIND_NAMES[kind]}
      </h3>
      <p className="mono">
        {formatOffset(start)}, {formatSize(length)}
      </p>
      <p className="meaning">{HOST_KIND_MEANINGS[kind]}</p>
      <p>
        Refcount {refcount === undefined ? 'not readable' : formatCount(refcount)},{' '}
        {references === 1 ? '1 reference' : `${formatCount(references)} references`}
        {refcount !== undefined && refcount !== references && ': they do not agree'}.
      </p>
      <ul className="cluster-users">
        {users.map(user => (
          <li key={`${user.what} ${user.table} ${user.entry}`}>
            <User user={user} chain={chain} layer={layer} />
          </li>
        ))}
      </ul>
      {left > 0 && users.length > 0 && <p className="hint">and {formatCount(left)} more</p>}
    </InspectorSection>
  );
}

interface UserProps {
  readonly user: ClusterUser;
  readonly chain: OpenedChain;
  readonly layer: number;
}

/** Something that refers to the cluster, and what that is for on each disk. */
function User({ user: { what, places }, chain, layer }: UserProps) {
  const track = chain.tracks.find(({ kind, layer: of }) => kind === 'layer' && of === layer);
  return (
    <>
      <Untrusted text={what} max={500} />
      {places?.length === 0 && <small>no disk uses it</small>}
      {places?.map(place => (
        <Place
          key={`${place.snapshot} ${place.start}`}
          place={place}
          onShow={
            track === undefined
              ? undefined
              : () => {
                  showTracks();
                  const range = { start: place.start, end: place.start + place.length };
                  void jumpToRange({ track: track.id, offset: place.start }, range);
                }
          }
        />
      ))}
    </>
  );
}

function Place({
  place: { snapshot, start, length, l1Index },
  onShow,
}: {
  readonly place: GuestPlace;
  readonly onShow: (() => void) | undefined;
}) {
  const text = `guest ${formatOffset(start)}, ${formatSize(length)}`;
  return (
    <small>
      {snapshot === undefined && onShow !== undefined ? (
        <button type="button" className="quiet" onClick={onShow}>
          {text}
        </button>
      ) : (
        text
      )}{' '}
      {snapshot !== undefined && (
        <>
          of snapshot <Untrusted text={snapshot} max={80} />,{' '}
        </>
      )}
      L1[{l1Index}]
    </small>
  );
}
