import type { OpenedChain } from '../../shared/model/chain.ts';
import { reloadChain } from '../state/chain/opening.ts';
import { useStore } from '../state/store.ts';
import { Icon } from '../ui/icon.tsx';
import { Untrusted } from '../ui/text.tsx';

/** Says that files of the chain have changed on disk since they were opened, with a button that opens them again. */
export function ChangedNotice({ chain }: { readonly chain: OpenedChain }) {
  const changed = useStore(state => state.changedLayers);
  const [first] = changed;
  if (first === undefined) return null;
  const others = changed.length - 1;
  return (
    <section className="notice" aria-label="Changed on disk">
      <Icon name="warning" />
      <p>
        <b>Changed on disk:</b> <Untrusted text={chain.chain.layers[first]?.name ?? ''} max={80} />
        {others > 0 && ` and ${others} more`}. What you see may be out of date.
      </p>
      <button type="button" className="primary" onClick={reloadChain}>
        Reload
      </button>
    </section>
  );
}
