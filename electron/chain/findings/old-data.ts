/** Data of lower layers that shows where a layer lost what hid it: under an L2 table that was wiped. */
import { WordSet } from '../../../shared/extent/page.ts';
import {
  type Finding,
  MAX_FINDING_PLACES,
  makeFinding,
  type Range,
  totalLength,
} from '../../../shared/model/finding.ts';
import { formatOffset, formatSize } from '../../../shared/text/offset.ts';
import { escapeUntrusted } from '../../../shared/text/untrusted-text.ts';
import { passOver } from '../../plan/layers/block-status.ts';
import { type LayerRuns, Qcow2Runs, RawRuns } from '../../plan/layers/layer-runs.ts';
import { LEAKED_CLUSTER } from '../../qcow2/check/rules/refcounts.ts';
import type { Qcow2Image } from '../../qcow2/read/image.ts';
import { createMap } from '../../qcow2/read/map.ts';
import { type SlicedWork, shouldYield } from '../../qcow2/read/sliced-work.ts';

/** A layer of the chain; `image` is absent of one without tables, which is data throughout. */
export interface ReadLayer {
  readonly name: string;
  readonly size: number;
  readonly image?: Qcow2Image | undefined;
}

/** Runs that are looked at: those of 64 KiB in 64 GiB. */
const MAX_RUNS = 2 ** 20;
/** Ranges that the sentence lists. */
const MAX_LISTED = 3;

/** Data of one lower layer that shows, neighbors together. */
interface Shown {
  readonly layer: number;
  readonly start: number;
  end: number;
}

/**
 * What the guest reads from the layers below in the range of the empty L2 tables of a layer, if that is anything. `chain`
 * is from the base up, and known to its end; `findings` are those of the layer's check. Throws QCOW2_READ_FAILED.
 */
export function* findOldData(
  chain: readonly ReadLayer[],
  layer: number,
  findings: readonly Finding[],
): SlicedWork<Finding[]> {
  const empty = findings.find(isEmptyTables);
  if (empty === undefined || layer === 0) return [];
  const shown = yield* shownBelow(chain.map(runsOf), layer, empty.guest);
  if (shown === undefined || shown.length === 0) return [];
  const bytes = shown.reduce((sum, { start, end }) => sum + end - start, 0);
  const listed = shown
    .slice(0, MAX_LISTED)
    .map(({ layer: owner, start, end }) => rangeText(chain[owner]?.name ?? '', start, end));
  if (shown.length > MAX_LISTED) listed.push(`and more, ${formatSize(bytes)} in all`);
  const isOne = empty.count === 1;
  // What the entries named is counted and not referred to: no more than that is missing.
  const lost = findings.reduce((sum, { code, count }) => sum + (code === LEAKED_CLUSTER.code ? count : 0), 0);
  const lostBytes = lost * (chain[layer]?.image?.geometry.clusterSize ?? 0);
  const areAllListed = empty.bytesAtRisk <= totalLength(empty.guest);
  const most = lostBytes === 0 ? bytes : Math.min(bytes, lostBytes);
  const old = areAllListed
    ? `; at most ${formatSize(most)} of that is old data in place of what ${isOne ? 'its' : 'their'} entries named`
    : '';
  return [
    makeFinding({
      code: 'CHAIN_OLD_DATA',
      severity: 'hazard',
      layer,
      what: `data of the layers below shows in the range of the empty ${isOne ? 'table' : 'tables'}: ${listed.join(', ')}${old}`,
      advice:
        'do not start the machine, which would take old data for its own; compare these ranges with a backup',
      guest: shown.slice(0, MAX_FINDING_PLACES).map(({ start, end }): Range => [start, end - start]),
      count: shown.length,
      bytesAtRisk: 0, // counted with the table
      causedBy: empty.id,
    }),
  ];
}

function isEmptyTables({ code, severity, causedBy }: Finding): boolean {
  return code === 'QCOW2_L2_EMPTY' && severity === 'hazard' && causedBy === undefined;
}

function rangeText(name: string, start: number, end: number): string {
  return `${formatSize(end - start)} of "${escapeUntrusted(name)}" at ${formatOffset(start)}`;
}

function runsOf({ size, image }: ReadLayer): LayerRuns {
  return image === undefined ? new RawRuns(size) : new Qcow2Runs(createMap(image, { words: new WordSet() }));
}

/** Data of layers below `layer` that shows through all layers in these ranges; undefined where there are too many runs. */
function* shownBelow(
  runs: readonly LayerRuns[],
  layer: number,
  ranges: readonly Range[],
): SlicedWork<readonly Shown[] | undefined> {
  const top = runs.length - 1;
  const size = (runs[top] as LayerRuns).size;
  const shown: Shown[] = [];
  let looked = 0;
  for (const [start, length] of ranges) {
    const end = Math.min(start + length, size);
    for (let offset = start; offset < end; ) {
      if (shouldYield(looked++)) yield;
      if (looked > MAX_RUNS) return undefined;
      const status = passOver(runs, top, 0, offset, end - offset);
      const next = offset + status.length;
      if (status.layer >= 0 && status.layer < layer && !status.zero && !status.damaged) {
        const last = shown.at(-1);
        if (last?.layer === status.layer && last.end === offset) last.end = next;
        else shown.push({ layer: status.layer, start: offset, end: next });
      }
      offset = next;
    }
  }
  return shown;
}
