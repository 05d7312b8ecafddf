/** Findings from the times at which files were last changed: evidence, and no proof. */
import { EVIDENCE_MILLISECONDS, type Finding, makeFinding } from '../../../shared/model/finding.ts';
import type { LayerInfo } from '../../../shared/model/layer.ts';
import { formatSize } from '../../../shared/text/offset.ts';
import { formatTime } from '../../../shared/text/time.ts';

/**
 * Milliseconds by which a base must be newer than its overlay. Files of a chain that are copied one after the other get
 * the times of their copies, in any order.
 */
const MARGIN_MS = 60_000;

/** True if a base was changed after its overlay was. Times in milliseconds; below 0 nothing is known. */
export function isNewer(base: number, overlay: number): boolean {
  return base >= 0 && overlay >= 0 && base > overlay + MARGIN_MS;
}

/** A finding for each layer that was changed after the layer right above it, base first. */
export function timeFindings(layers: readonly Pick<LayerInfo, 'modified' | 'size'>[]): Finding[] {
  return layers.flatMap((base, layer) => {
    const above = layers[layer + 1];
    const baseTime = base.modified ?? -1;
    const overlayTime = above?.modified ?? -1;
    if (above === undefined || !isNewer(baseTime, overlayTime)) return [];
    const larger =
      base.size > above.size
        ? `, and its disk is larger (${formatSize(base.size)}, above it ${formatSize(above.size)})`
        : '';
    return makeFinding({
      code: 'CHAIN_BASE_NEWER',
      severity: 'hazard',
      layer,
      what: `it was changed ${formatTime(baseTime / 1000)}, after the layer above it was last written (${formatTime(overlayTime / 1000)})${larger}: it may not be the file that the layer above was made on`,
      advice:
        'compare it with a backup: if its content changed, what is read through the layer above is wrong; copying a file can change its time, too, so that this is evidence and no proof',
      evidence: [
        { source: 'time of the last change', value: String(baseTime), bits: EVIDENCE_MILLISECONDS },
        {
          source: 'the same of the layer above',
          value: String(overlayTime),
          bits: EVIDENCE_MILLISECONDS,
        },
      ],
    });
  });
}
