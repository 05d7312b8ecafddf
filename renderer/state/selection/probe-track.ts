/** What the window shows of a track at an offset of the guest axis. */
import { type Probe, probeOffset } from '../../data/probe.ts';
import { dataOf } from '../axes/axis-data.ts';
import { currentStrip } from '../chain/chain-data.ts';
import { getAxis } from '../store.ts';

/** What is on screen there; nothing is requested. Undefined where nothing is known. */
export function probeTrack(track: number, offset: number): Probe | undefined {
  const { viewport, width } = getAxis('guest');
  const strip = currentStrip(track, viewport, Math.round(width * devicePixelRatio));
  return probeOffset(dataOf('guest').loader, strip, viewport, track, offset);
}
