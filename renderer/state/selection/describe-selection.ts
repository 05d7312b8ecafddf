/** What is selected in one line, for the live region. */
import { presentBits } from '../../../shared/extent/columns.ts';
import { stateOf } from '../../../shared/extent/flags.ts';
import { legendOf, legendOn, marksIn } from '../../../shared/legend.ts';
import type { OpenedChain } from '../../../shared/model/chain.ts';
import type { Inspection } from '../../../shared/model/inspection.ts';
import { ownerTrack } from '../../../shared/model/tracks.ts';
import { formatOffset, formatSize } from '../../../shared/text/offset.ts';

/** `0x0012_0000, 64 KiB, zero (no space), zeros that hide data, top.qcow2`. */
export function describeSelection(inspection: Inspection, track: number, chain: OpenedChain): string {
  const { tracks } = chain;
  const shown = tracks[track];
  const legend = shown === undefined ? legendOf(chain) : legendOn(shown, chain);
  const extent = inspection.layers.find(layer => layer.track === track) ?? inspection;
  const owner = ownerTrack(chain, inspection.owner)?.title;
  const parts = [
    formatOffset(extent.start),
    formatSize(extent.end - extent.start),
    legend[stateOf(extent.word)].label,
    ...marksIn(presentBits(extent.word)).map(mark => legend[mark].label),
    tracks[track]?.kind === 'guest' ? (owner ?? 'no layer') : (tracks[track]?.title ?? ''),
  ];
  return parts.filter(part => part !== '').join(', ');
}
