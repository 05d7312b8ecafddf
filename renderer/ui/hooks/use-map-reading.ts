import type { OpenedChain } from '../../../shared/model/chain.ts';
import { useStore } from '../../state/store.ts';

/** Whether what is drawn is still being read. A cross-check that goes on changes nothing of it. */
export function useMapReading({ tracks }: OpenedChain): boolean {
  return useStore(({ progress }) =>
    progress.some(
      ({ layer, witness, phase }) =>
        (phase === 'reading' || phase === 'waiting') &&
        tracks.some(track => track.kind !== 'guest' && track.layer === layer && track.witness === witness),
    ),
  );
}
