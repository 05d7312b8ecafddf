/** Findings about layers of different virtual size. */
import { guestRange } from '../../../shared/finding-collector.ts';
import { EVIDENCE_BYTES, type Finding, makeFinding } from '../../../shared/model/finding.ts';
import { formatTwoSizes } from '../../../shared/text/offset.ts';

/**
 * Findings of each layer from the virtual sizes of all in bytes, base first. A layer that ends before another below it
 * hides the rest of that: what is read there through it are zeros, and a commit or rebase can bring the data back.
 */
export function sizeFindings(sizes: readonly number[]): Finding[] {
  const guestSize = sizes.at(-1) ?? 0;
  return sizes.flatMap((size, layer) => {
    const below = Math.max(0, ...sizes.slice(0, layer));
    const above = sizes[layer + 1];
    const found: Finding[] = [];
    if (below > size) {
      const [own, reach] = formatTwoSizes(size, below);
      found.push(
        makeFinding({
          code: 'CHAIN_LAYER_SHORTER',
          severity: 'hazard',
          layer,
          what: `it is ${own} long, and a layer below reaches past that point, up to ${reach}: what is stored there is hidden only because this layer is short, and a commit, rebase or resize can bring it back`,
          advice: 'see what is hidden there before a commit, rebase or resize',
          guest: rangeOf(size, below, guestSize),
          bytesAtRisk: 0,
          evidence: [sizeEvidence(size), sizeEvidence(below)],
        }),
      );
    }
    if (above !== undefined && above > size) {
      const [own, reach] = formatTwoSizes(size, above);
      found.push(
        makeFinding({
          code: 'CHAIN_LAYER_GROWN',
          severity: 'note',
          layer,
          what: `it is shorter (${own}) than the layer above (${reach}): past ${own} it reads as zeros`,
          guest: rangeOf(size, above, guestSize),
          bytesAtRisk: 0,
          evidence: [sizeEvidence(size), sizeEvidence(above)],
        }),
      );
    }
    return found;
  });
}

function rangeOf(start: number, end: number, guestSize: number): Finding['guest'] {
  const { guest } = guestRange(start, end, guestSize);
  return guest === undefined ? [] : [guest];
}

function sizeEvidence(size: number) {
  return { source: 'virtual size', value: String(size), bits: EVIDENCE_BYTES };
}
