import type { OpenedChain } from '../../shared/model/chain.ts';
import { readBackingAs } from '../state/chain/opening.ts';
import { useStore } from '../state/store.ts';
import { Icon } from '../ui/icon.tsx';
import { Untrusted } from '../ui/text.tsx';

/** Tells that a backing file without a recorded format is read in one of two ways, and offers the other one. */
export function FormatNotice({ chain }: { readonly chain: OpenedChain }) {
  const target = useStore(state => state.target);
  const { layers } = chain.chain;
  const unrecorded = layers.find(({ index, formatSource }) => {
    const link = layers[index + 1]?.backing;
    const isUnrecorded = link?.status === 'opened' && link.recorded !== '' && link.recordedFormat === '';
    return isUnrecorded && (formatSource === 'magic' || formatSource === 'given');
  });
  if (unrecorded === undefined || target?.kind !== 'files') return null;
  const { name, format, formatSource } = unrecorded;
  const other = format === 'raw' ? 'qcow2' : 'raw';
  return (
    <section className="notice" aria-label="Format not recorded">
      <Icon name="warning" />
      <p>
        No format is recorded for{' '}
        <b>
          <Untrusted text={name} />
        </b>
        . It is read as {format}
        {formatSource === 'given'
          ? ', as you chose.'
          : ' by its content, as qemu does; libvirt reads it as raw.'}
      </p>
      <button type="button" onClick={() => readBackingAs(other)}>
        Read as {other}
      </button>
    </section>
  );
}
