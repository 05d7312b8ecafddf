/** Captures in words, for the command line and the window. */

import type { CaptureInfo } from '../model/layer.ts';
import type { CaptureSummary } from '../model/report/capture-summary.ts';
import { formatSize } from './offset.ts';
import { formatTime } from './time.ts';

/** One sentence about the capture that a chain is read from. Untrusted text. */
export function captureSentence({ created, tool, redacted }: CaptureInfo): string {
  return `Capture of ${formatTime(created / 1000)}, made by ${tool}: metadata only, ${redacted ? 'names redacted' : 'with names'}.`;
}

/** What was written into a capture, and what was not, a line each. Untrusted text. */
export function captureLines({ path, bytes, redacted, complete, layers }: CaptureSummary): string[] {
  const count = `${layers.length} ${layers.length === 1 ? 'layer' : 'layers'}`;
  const lines = [
    `${path ?? 'standard output'}: ${count}, ${formatSize(bytes)}, ${redacted ? 'names redacted' : 'with the names of files, snapshots and bitmaps'}`,
  ];
  for (const [index, layer] of layers.entries())
    lines.push(
      layer.format === 'raw'
        ? `layer ${index} ${layer.name}: a raw file has no tables; nothing but its length is captured`
        : `layer ${index} ${layer.name}: ${formatSize(layer.captured)} of tables`,
    );
  lines.push(
    'not captured: data of the guest, compressed data, VM state, keys; a table that was overwritten is captured as it is, with what lies in it',
  );
  if (!complete) lines.push('not captured: what lies below a backing file that could not be opened');
  for (const [index, layer] of layers.entries()) {
    if (layer.unreadBytes > 0)
      lines.push(`layer ${index}: ${formatSize(layer.unreadBytes)} of its tables could not be read`);
    if (layer.left > 0)
      lines.push(`layer ${index}: it names more tables than are captured; the rest was left out`);
    if (!layer.unchanged)
      lines.push(`layer ${index}: it was changed meanwhile: capture it again while nothing writes to it`);
  }
  return lines;
}

/** True where a part of the chain's tables is missing in a capture that was written. */
export function isPartialCapture({ complete, layers }: CaptureSummary): boolean {
  return (
    !complete || layers.some(({ unchanged, left, unreadBytes }) => !unchanged || left > 0 || unreadBytes > 0)
  );
}
