import { bytesInState, heldBytes, hiddenBytes } from '../../../../shared/extent/track-bytes.ts';
import type { TrackBytes } from '../../../../shared/model/statistics.ts';
import type { TrackInfo } from '../../../../shared/model/track.ts';
import { formatSize } from '../../../../shared/text/offset.ts';

interface LaneFactsProps {
  readonly track: TrackInfo;
  /** Undefined until they have arrived. */
  readonly bytes: TrackBytes | undefined;
}

/** How much a track holds, and how much of it the guest reads: in numbers, and of a layer as a bar as long as it is. */
export function LaneFacts({ track, bytes }: LaneFactsProps) {
  const known = bytes !== undefined && bytesInState(bytes, 'unread') === 0 ? bytes : undefined;
  return (
    <>
      <p className="lane-facts" title={known === undefined ? undefined : longFacts(track, known)}>
        {known === undefined ? plainFacts(track) : shortFacts(track, known)}
      </p>
      {known !== undefined && track.kind === 'layer' && track.size > 0 && (
        <div className="share-bar" aria-hidden="true">
          <Share part="read" bytes={known.read} track={track} />
          <Share part="hidden" bytes={hiddenBytes(known)} track={track} />
        </div>
      )}
    </>
  );
}

interface ShareProps {
  readonly part: 'read' | 'hidden';
  readonly bytes: number;
  readonly track: TrackInfo;
}

/** A part of the bar, at least a pixel where there is any. */
function Share({ part, bytes, track: { size } }: ShareProps) {
  return bytes > 0 && <i data-part={part} style={{ width: `${(100 * bytes) / size}%` }} />;
}

/** What is said of a track before its bytes are counted. */
function plainFacts(track: TrackInfo): string {
  if (track.kind === 'guest') return 'what the VM reads';
  if (track.kind === 'layer') return formatSize(track.size);
  return track.depth === 1 ? 'active layer' : `${track.depth - 1} below the active layer`;
}

/** `holds 6.97 GiB, 6.58 GiB read`; where rounding leaves no difference, what is hidden: `holds 6.97 GiB, 64 KiB hidden`. */
function shortFacts(track: TrackInfo, bytes: TrackBytes): string {
  const read = formatSize(bytes.read);
  if (track.kind === 'guest') return `what the VM reads · ${read}`;
  if (track.kind === 'depth') return `${plainFacts(track)} · guest reads ${read}`;
  const held = formatSize(heldBytes(bytes));
  const lost = bytesInState(bytes, 'unreadable');
  if (lost > 0) return `${formatSize(lost)} unreadable · holds ${held}`;
  if (heldBytes(bytes) === 0) return 'holds nothing';
  if (heldBytes(bytes) === bytes.read) return `holds ${held}, all read`;
  return `holds ${held}, ${held === read ? `${formatSize(hiddenBytes(bytes))} hidden` : `${read} read`}`;
}

function longFacts(track: TrackInfo, bytes: TrackBytes): string {
  const read = formatSize(bytes.read);
  const lost = bytesInState(bytes, 'unreadable');
  const lostText = lost === 0 ? '' : `${formatSize(lost)} cannot be read, `;
  if (track.kind === 'guest')
    return `The layers hold ${read} of the disk of ${formatSize(track.size)}; ${lostText}the rest is stored nowhere.`;
  if (track.kind === 'depth') return `The guest reads ${read} of it. What it hides is not known.`;
  return `Of ${formatSize(track.size)} it holds ${formatSize(heldBytes(bytes))}: ${lostText}the guest reads ${read}, and ${formatSize(hiddenBytes(bytes))} is hidden.`;
}
