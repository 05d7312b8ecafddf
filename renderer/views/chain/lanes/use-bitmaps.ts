import { useCallback, useEffect } from 'react';
import { isRemote, type OpenedChain } from '../../../../shared/model/chain.ts';
import { bitmapsRead, requestBitmapMarks, requestBitmapSums } from '../../../state/bitmap-marks.ts';
import { useStore } from '../../../state/store.ts';
import { useFollower } from '../../../ui/hooks/use-follower.ts';

/** Has the bitmaps of a chain summed up, and what they say of the view follow it. Without bitmaps nothing is asked. */
export function useBitmaps(opened: OpenedChain): void {
  const { sessionId, chain } = opened;
  const mayHaveSome = isRemote(opened) || chain.layers.some(({ qcow2 }) => (qcow2?.bitmaps.length ?? 0) > 0);
  const read = useStore(bitmapsRead);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another chain has other bitmaps, and more is known of them once it was read
  useEffect(() => {
    if (mayHaveSome) void requestBitmapSums();
  }, [sessionId, mayHaveSome, read]);
  const sums = useStore(state => state.bitmaps);
  // biome-ignore lint/correctness/useExhaustiveDependencies: what was read since is requested too
  const request = useCallback(() => void requestBitmapMarks(), [sums, read]);
  useFollower('paced', request);
}
