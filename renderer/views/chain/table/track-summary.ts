/** The text that describes a track to a screen reader. */
import { stateAt } from '../../../../shared/extent/flags.ts';
import { type Legend, marksIn } from '../../../../shared/legend.ts';
import type { TrackInfo } from '../../../../shared/model/track.ts';
import { escapeUntrusted } from '../../../../shared/text/untrusted-text.ts';
import type { Summary } from '../../../data/summary.ts';

/** `mid.qcow2: 62 % data, 35 % unallocated; marks: override, zeros that hide data`. Largest share first. */
export function trackSummary(track: TrackInfo, { shares, present }: Summary, legend: Legend): string {
  const title = track.kind === 'guest' ? 'Guest' : escapeUntrusted(track.title);
  const parts = shares
    .map((share, state) => ({ share, label: legend[stateAt(state)].label }))
    .filter(({ share }) => share > 0)
    .sort((a, b) => b.share - a.share)
    .map(({ share, label }) => `${percent(share)} ${label}`);
  const marks = marksIn(present).map(mark => legend[mark].label);
  if (parts.length === 0) return `${title}: loading`;
  return `${title}: ${parts.join(', ')}${marks.length === 0 ? '' : `; marks: ${marks.join(', ')}`}`;
}

function percent(share: number): string {
  if (share >= 0.995 && share < 1) return 'over 99 %';
  return share < 0.01 ? 'under 1 %' : `${Math.round(share * 100)} %`;
}
