/** What a capture says of how it was made. */
import { type Finding, makeFinding } from '../../../shared/model/finding.ts';
import { formatSize } from '../../../shared/text/offset.ts';
import type { CapturedResult } from '../../capture/format.ts';

/** Findings about one layer of a capture; the layer in them is 0. */
export function capturedFindings({ unchanged, left, unread, unreadBytes }: CapturedResult): Finding[] {
  const found: Finding[] = [];
  if (!unchanged)
    found.push(
      makeFinding({
        code: 'CAPTURE_CHANGED',
        severity: 'hazard',
        what: 'its header or L1 table was changed while it was captured: what is shown may be of two moments, and damage that is shown may not be there',
        advice: 'capture it again while no program writes to it',
      }),
    );
  if (unreadBytes > 0)
    found.push(
      makeFinding({
        code: 'CAPTURE_UNREAD',
        severity: 'hazard',
        what: `${formatSize(unreadBytes)} of its tables could not be read when it was captured: what they describe is not known`,
        advice: 'look at the disk or the file system that holds the file, on the machine where it lies',
        host: unread,
      }),
    );
  if (left > 0)
    found.push(
      makeFinding({
        code: 'CAPTURE_LEFT_OUT',
        severity: 'hazard',
        what: 'its tables name more than a capture takes, and the rest was left out',
        advice: 'look at the image itself: an honest image does not have so many tables',
      }),
    );
  return found;
}
