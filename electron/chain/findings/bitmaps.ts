/** Findings about dirty bitmaps that belong together by their names across the layers of a chain. */
import { type Finding, type FindingFields, makeFinding } from '../../../shared/model/finding.ts';
import type { LayerInfo } from '../../../shared/model/layer.ts';
import { escapeUntrusted } from '../../../shared/text/untrusted-text.ts';

/** Names listed in one sentence. */
const MAX_NAMES = 5;

type LayerBitmaps = Pick<LayerInfo, 'qcow2'>;

/**
 * A checkpoint is a bitmap of one name in every layer from the one in which it began up to the top, each with what was
 * changed while its layer was the active one (libvirt: "bitmaps and snapshots"). Where a layer lacks it, what was
 * written to that layer is not recorded.
 */
export function bitmapFindings(layers: readonly LayerBitmaps[]): Finding[] {
  const names = layers.map(({ qcow2 }) => new Set((qcow2?.bitmaps ?? []).map(({ name }) => name)));
  const top = layers.length - 1;
  const findings = [...gaps(names), ...notInTop(names)];
  const disabled = (layers[top]?.qcow2?.bitmaps ?? []).filter(({ enabled }) => !enabled);
  if (disabled.length > 0)
    findings.push(
      namedFinding(
        {
          code: 'CHAIN_BITMAP_DISABLED',
          severity: 'hazard',
          layer: top,
          what: '',
          advice:
            'use a bitmap that records, or take a full backup: one by a bitmap that does not record misses changes',
        },
        disabled.map(({ name }) => name),
        list =>
          `dirty bitmaps that do not record (flag auto is off), so that they miss what is written from then on: ${list}`,
      ),
    );
  return findings;
}

/** Bitmaps that layers below and above have. */
function gaps(names: readonly ReadonlySet<string>[]): Finding[] {
  const above = new Map<string, number>(); // the highest layer with that name
  for (const [layer, own] of names.entries()) for (const name of own) above.set(name, layer);
  const below = new Set<string>();
  return names.flatMap((own, layer) => {
    const missing = [...below].filter(name => !own.has(name) && (above.get(name) ?? 0) > layer);
    for (const name of own) below.add(name);
    if (missing.length === 0) return [];
    const facts: FindingFields = {
      code: 'CHAIN_BITMAP_GAP',
      severity: 'hazard',
      layer,
      what: '',
      advice: 'take a full backup: an incremental one by such a bitmap misses what this layer holds',
    };
    return namedFinding(
      facts,
      missing,
      list =>
        `dirty bitmaps that layers below and above it have are missing in it, so that the record of changes has a gap here: ${list}`,
    );
  });
}

/** Bitmaps of lower layers that have no part in the top layer any more. */
function notInTop(names: readonly ReadonlySet<string>[]): Finding[] {
  const top = names.at(-1) ?? new Set();
  return names.slice(0, -1).flatMap((own, layer) => {
    const stale = [...own].filter(name => !top.has(name));
    if (stale.length === 0) return [];
    const facts: FindingFields = {
      code: 'CHAIN_BITMAPS_NOT_IN_TOP',
      severity: 'note',
      layer,
      what: '',
      advice: 'before a commit into it, count their space in, or remove those that no backup needs',
    };
    return namedFinding(
      facts,
      stale,
      list =>
        `${stale.length} of its ${own.size} dirty bitmaps ${stale.length === 1 ? 'is' : 'are'} not in the top layer: ${list}; nothing is recorded in ${stale.length === 1 ? 'it' : 'them'} any more, and a commit into this layer keeps ${stale.length === 1 ? 'it' : 'them'}`,
    );
  });
}

function namedFinding(
  facts: FindingFields,
  names: readonly string[],
  sentence: (list: string) => string,
): Finding {
  const listed = names.slice(0, MAX_NAMES).map(name => `"${escapeUntrusted(name)}"`);
  const more = names.length - listed.length;
  const list = `${listed.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
  return makeFinding({ ...facts, what: sentence(list), count: names.length });
}
