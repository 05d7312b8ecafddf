/** What the window shows of a track at an offset. */
import { type Probe, probe } from '../../data/probe.ts';
import { currentLoader, drawnStrip } from '../chain/chain-data.ts';
import { getState } from '../store.ts';

/** Looks at what is on screen; nothing is asked. Undefined where nothing is known. */
export function probeTrack(track: number, offset: number): Probe | undefined {
  return probe(currentLoader(), drawnStrip(track), getState().viewport, track, offset);
}
