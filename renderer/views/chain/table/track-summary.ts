/** A track in words. */

import { LEGEND, marksIn, stateAt } from '../../../../shared/legend-keys.ts';
import type { TrackInfo } from '../../../../shared/model/track.ts';
import { escapeUntrusted } from '../../../../shared/text/untrusted-text.ts';
import type { Summary } from '../../../data/summary.ts';

/** `mid.qcow2: 62 % data, 35 % unallocated; with override, hole that overrides`. Largest share first. */
export function trackSummary(track: TrackInfo, { shares, present }: Summary): string {
  const title = track.kind === 'guest' ? 'Guest' : escapeUntrusted(track.title);
  const parts = shares
    .map((share, state) => ({ share, name: LEGEND[stateAt(state)].name }))
    .filter(({ share }) => share > 0)
    .sort((a, b) => b.share - a.share)
    .map(({ share, name }) => `${percent(share)} ${name}`);
  const marks = marksIn(present).map(mark => LEGEND[mark].name);
  if (parts.length === 0) return `${title}: loading`;
  return `${title}: ${parts.join(', ')}${marks.length === 0 ? '' : `; with ${marks.join(', ')}`}`;
}

function percent(share: number): string {
  if (share >= 0.995 && share < 1) return 'over 99 %';
  return share < 0.01 ? 'under 1 %' : `${Math.round(share * 100)} %`;
}
