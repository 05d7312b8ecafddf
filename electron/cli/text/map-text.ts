/** The sums of a map, and where witnesses differ, as lines for a person. */
import { STATES } from '../../../shared/extent/flags.ts';
import { legendOf } from '../../../shared/legend.ts';
import type { RangeFinding } from '../../../shared/model/finding.ts';
import type { MapTotals } from '../../../shared/model/statistics.ts';
import { formatOffset, formatSize } from '../../../shared/text/offset.ts';
import { escapeUntrusted } from '../../../shared/text/untrusted-text.ts';
import type { ChainSession } from '../../service/chain-session.ts';

const MAX_DIFFERENCES = 20;
/** Characters of the labels of sums, at least. */
const LABEL_WIDTH = 34;

/** One lane of the sums: a layer, or a depth of an NBD export of a whole chain. */
export interface Lane {
  readonly key: 'layer' | 'depth';
  readonly index: number;
  /** Untrusted text. */
  readonly name: string;
}

/** The lanes of the sums, base first. */
export function lanesOf(session: ChainSession, sums: MapTotals, layer: number | undefined): Lane[] {
  const { layers } = session.chain;
  const count = sums.shadowed.length;
  if (layer !== undefined) return [{ key: 'layer', index: layer, name: layers[layer]?.name ?? '' }];
  if (layers[0]?.format !== 'nbd') return layers.map(({ index, name }) => ({ key: 'layer', index, name }));
  return Array.from({ length: count }, (_, lane) => ({
    key: 'depth',
    index: count - lane,
    name: `depth ${count - lane}`,
  }));
}

/** The sums as lines. What layers do to each other is left out for one layer alone. */
export function totalsText(session: ChainSession, sums: MapTotals, layer: number | undefined): string {
  const size = sums.states.reduce((all, bytes) => all + bytes, 0);
  const lanes = lanesOf(session, sums, layer);
  const rows: [label: string, bytes: number][] = [];
  const add = (label: string, bytes: number) => rows.push([label, bytes]);
  const legend = legendOf(session);
  STATES.forEach((state, s) => {
    if (sums.states[s] !== 0) add(legend[state].label, sums.states[s] as number);
  });
  if (lanes.length > 1) {
    for (const [lane, { name }] of [...lanes.entries()].reverse()) {
      const short = escapeUntrusted(name, 24);
      add(`owned by ${short}`, sums.owners[lane] as number);
      if (sums.shadowed[lane] !== 0)
        add(`  of ${short} hidden by a shorter layer`, sums.shadowed[lane] as number);
    }
    if (sums.owners[lanes.length] !== 0) add('owned by no layer', sums.owners[lanes.length] as number);
    // An NBD export of a whole chain does not tell what is hidden.
    if (lanes[0]?.key === 'layer') {
      add('overrides a lower layer', sums.overrides);
      add(legend.holeOverrides.label, sums.holeOverrides);
    }
  }
  const width = Math.max(LABEL_WIDTH, ...rows.map(([label]) => label.length));
  const lines = rows.map(([label, bytes]) => {
    const percent = size === 0 ? '' : `${((100 * bytes) / size).toFixed(1)} %`;
    return `  ${label.padEnd(width)} ${formatSize(bytes).padStart(12)} ${percent.padStart(8)}`;
  });
  const head = `${formatSize(size)} in ${sums.extents} ${sums.extents === 1 ? 'extent' : 'extents'}`;
  return `${[head, ...lines].join('\n')}\n`;
}

/** Where the two witnesses differ, the first ranges one by one. That they agree is said where both have read `all`. */
export function differencesText(
  session: ChainSession,
  { findings, more }: { readonly findings: readonly RangeFinding[]; readonly more: number },
  layer: number | undefined,
  all: boolean,
): string {
  const found = findings.filter(
    finding => finding.kind === 'witnessesDiffer' && (layer === undefined || finding.layer === layer),
  );
  if (found.length + more === 0) return all ? '\nThe two witnesses agree.\n' : '';
  const lines = found.slice(0, MAX_DIFFERENCES).map(finding => {
    const name = escapeUntrusted(session.chain.layers[finding.layer]?.name ?? '', 40);
    const where = `${formatOffset(finding.start)} ${formatSize(finding.end - finding.start).padStart(12)}`;
    return `  ${where}  ${name}: ${escapeUntrusted(finding.text)}`;
  });
  const rest = found.length + more - lines.length;
  if (rest > 0) lines.push(`  and ${rest} more`);
  return `\nThe two witnesses differ:\n${lines.join('\n')}\n`;
}
