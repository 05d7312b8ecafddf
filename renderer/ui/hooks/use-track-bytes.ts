import { useEffect, useState } from 'react';
import type { GuestRange } from '../../../shared/ipc/questions.ts';
import type { OpenedChain } from '../../../shared/model/chain.ts';
import type { TrackBytes } from '../../../shared/model/statistics.ts';
import { askChain } from '../../state/chain/ask-chain.ts';
import { useMapReading } from './use-map-reading.ts';

/** How long sums wait for the first picture, and after which time they are requested again while the chain is read. */
const FIRST_MS = 250;
const REPEAT_MS = 2000;

/** The sums of every track over a range, by default the whole disk; undefined until they have arrived. They follow what is read. */
export function useTrackBytes(
  opened: OpenedChain,
  range: GuestRange | undefined,
): readonly TrackBytes[] | undefined {
  const { sessionId, chain, tracks } = opened;
  const reading = useMapReading(opened);
  const { start, end } = range ?? { start: 0, end: chain.size };
  const key = `${sessionId} ${start} ${end} ${tracks.length}`;
  const [known, setKnown] = useState<{ readonly key: string; readonly sums: readonly TrackBytes[] }>();
  useEffect(() => {
    let isNewest = true;
    const request = async () => {
      const reply = await askChain('sums', { start, end });
      if (isNewest && reply?.ok === true) setKnown({ key, sums: reply.value });
    };
    const first = setTimeout(request, FIRST_MS);
    const repeat = reading ? setInterval(request, REPEAT_MS) : undefined;
    return () => {
      isNewest = false;
      clearTimeout(first);
      clearInterval(repeat);
    };
  }, [start, end, key, reading]);
  return known?.key === key ? known.sums : undefined;
}
