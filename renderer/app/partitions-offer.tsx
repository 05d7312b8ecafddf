import { useEffect } from 'react';
import type { OpenedChain } from '../../shared/model/chain.ts';
import { runCommand } from '../state/commands/commands.ts';
import { declinePartitions, offerPartitions } from '../state/guest/partitions.ts';
import { useStore } from '../state/store.ts';
import { useMapReading } from '../ui/hooks/use-map-reading.ts';

/** Offers once for each image to read the guest's partitions, where its disk may have some. Nothing is read before the answer. */
export function PartitionsOffer({ chain }: { readonly chain: OpenedChain }) {
  const isReading = useMapReading(chain);
  const phase = useStore(({ partitions }) => partitions.phase);
  useEffect(() => {
    if (!isReading) void offerPartitions();
  }, [isReading]);
  if (phase !== 'offered') return null;
  return (
    <section className="notice offer" aria-label="Partitions of the guest">
      <p>The guest’s disk may have partitions. Nothing of them has been read.</p>
      <button type="button" onClick={() => runCommand('partitions')}>
        Read…
      </button>
      <button type="button" className="quiet" onClick={declinePartitions}>
        Never for this image
      </button>
    </section>
  );
}
