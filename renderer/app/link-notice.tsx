import type { OpenedChain } from '../../shared/model/chain.ts';
import { openAllowing } from '../state/chain/opening.ts';
import { setState, useStore } from '../state/store.ts';
import { Icon } from '../ui/icon.tsx';
import { Untrusted } from '../ui/text.tsx';

/** Asks for consent to a backing file outside the folder of the image that names it. */
export function LinkNotice({ chain }: { readonly chain: OpenedChain }) {
  const declined = useStore(state => state.declined);
  const asking = chain.chain.layers.find(layer => layer.backing.status === 'needsConsent');
  if (chain.chain.capture !== undefined) return null; // its files are on another machine
  if (asking === undefined) return null;
  const path = asking.backing.resolved || asking.backing.recorded;
  if (declined.has(path)) return null;
  return (
    <section className="notice" aria-label="Consent needed">
      <Icon name="lock" />
      <p>
        <b>
          <Untrusted text={asking.name} />
        </b>{' '}
        names a backing file elsewhere:{' '}
        <span className="mono">
          <Untrusted text={path} max={160} />
        </span>
        . Nothing an image names is opened unasked.
      </p>
      <button type="button" className="primary" onClick={() => openAllowing(path)}>
        Open this file
      </button>
      <button type="button" onClick={() => setState({ declined: new Set([...declined, path]) })}>
        Leave it closed
      </button>
    </section>
  );
}
