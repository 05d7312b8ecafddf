import type { OpenedChain } from '../../shared/model/chain.ts';
import { captureSentence } from '../../shared/text/capture-text.ts';
import { Icon } from '../ui/icon.tsx';
import { Untrusted } from '../ui/text.tsx';

/** Says that what is shown is read from a capture: tables without data, of another time and perhaps another machine. */
export function CaptureNotice({ chain }: { readonly chain: OpenedChain }) {
  const { capture } = chain.chain;
  if (capture === undefined) return null;
  return (
    <section className="notice" aria-label="Capture">
      <Icon name="snapshot" />
      <p>
        <Untrusted text={captureSentence(capture)} max={300} />
      </p>
    </section>
  );
}
