import type { OpenedChain } from '../../shared/model/chain.ts';
import type { LayerProgress } from '../../shared/model/progress.ts';
import { readAnyway, reloadChain } from '../state/chain/opening.ts';
import { runCommand } from '../state/commands/commands.ts';
import { useStore } from '../state/store.ts';
import { Icon } from '../ui/icon.tsx';
import { Untrusted } from '../ui/text.tsx';

/** Why a layer could not be read, or cross-checked, over NBD, with the way out that there is. */
export function CrossCheckNotice({ chain }: { readonly chain: OpenedChain }) {
  const progress = useStore(state => state.progress);
  const failed = progress.find(({ witness, phase }) => witness === 'nbd' && phase === 'failed');
  if (failed?.error === undefined) return null;
  const { code, what } = failed.error;
  const { name = '', format } = chain.chain.layers[failed.layer] ?? {};
  const map = isDrawn(failed, progress)
    ? 'The map comes from the image’s own tables'
    : 'What was not read stays unknown';
  if (code === 'QEMU_IMAGE_LOCKED')
    return (
      <section className="notice" aria-label="In use">
        <Icon name="lock" />
        <p>
          <b>In use by another program:</b> <Untrusted text={name} max={80} />. {map} and may be out of date.
        </p>
        <button type="button" className="primary" onClick={readAnyway}>
          Read anyway
        </button>
        <button type="button" onClick={reloadChain}>
          Reload
        </button>
      </section>
    );
  if (code === 'QEMU_ENCRYPTED')
    return (
      <section className="notice" aria-label="Encrypted">
        <Icon name="lock" />
        <p>
          <b>Encrypted:</b> qemu-nbd cannot cross-check <Untrusted text={name} max={80} /> without its key.{' '}
          {map}.
        </p>
      </section>
    );
  return (
    <section className="notice" aria-label={format === 'nbd' ? 'Not read' : 'Not cross-checked'}>
      <Icon name="warning" />
      <p>
        <b>{format === 'nbd' ? 'The server failed:' : 'qemu-nbd failed:'}</b>{' '}
        <Untrusted text={name} max={80} />: <Untrusted text={what} max={300} />. {map}.
      </p>
      <button type="button" className="primary" onClick={() => runCommand('retry')}>
        Retry
      </button>
    </section>
  );
}

/** True where the layer is drawn from its own tables without it. */
function isDrawn({ layer }: LayerProgress, progress: readonly LayerProgress[]): boolean {
  return progress.some(other => other.layer === layer && other.witness === 'metadata');
}
