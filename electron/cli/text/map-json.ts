/** The JSON document of `cowscope map`: docs/map-schema.md and docs/map.schema.json. */
import type { ErrorRecord } from '../../../shared/error.ts';
import { STATES, stateOf } from '../../../shared/extent/flags.ts';
import type { RangeFinding } from '../../../shared/model/finding.ts';
import type { MapTotals } from '../../../shared/model/statistics.ts';
import type { ChainSession } from '../../service/chain-session.ts';
import type { MapOptions } from '../commands/map.ts';
import { lanesOf } from './map-text.ts';

/** Name and version of the document; both change only together with its schema. */
const SCHEMA = { schema: 'cowscope.map', version: 1 } as const;

/** What comes after the rows. */
export interface MapTail {
  readonly sums: MapTotals;
  readonly layer: number | undefined;
  readonly problems: readonly ErrorRecord[];
  readonly findings: readonly RangeFinding[];
  /** Findings beyond those listed. */
  readonly more: number;
}

/** Everything before the rows, without the closing brace. */
export function mapHeadJson(session: ChainSession, options: MapOptions): string {
  const { chain } = session;
  const { layer, snapshot } = options;
  const head = {
    ...SCHEMA,
    witness: chain.layers[0]?.format === 'nbd' ? 'nbd' : options.witness,
    size: layer === undefined ? chain.size : (chain.layers[layer]?.size ?? 0),
    complete: chain.complete,
    ...(layer === undefined ? {} : { layer }),
    ...(snapshot === undefined ? {} : { snapshot }),
    layers: chain.layers.map(({ index, name, path, format, size, clusterSize, notes }) => ({
      index,
      name,
      path,
      format,
      size,
      clusterSize,
      notes,
    })),
  };
  return `${JSON.stringify(head).slice(0, -1)},\n`;
}

/** Everything after the rows. */
export function mapTailJson(session: ChainSession, tail: MapTail): string {
  const { sums, layer, more } = tail;
  const document = {
    totals: totalsOf(session, sums, layer),
    notes: session.chain.notes,
    problems: tail.problems.map(({ code, what, subject, advice }) => ({ code, what, subject, advice })),
    findings: tail.findings.filter(found => layer === undefined || found.layer === layer).map(findingOf),
    ...(more === 0 ? {} : { moreFindings: more }),
  };
  return `${JSON.stringify(document).slice(1)}\n`;
}

function findingOf({ kind, code, layer, start, end, text, evidence, words }: RangeFinding) {
  return {
    kind,
    code,
    layer,
    ...(start < 0 ? {} : { start, length: end - start }),
    text,
    ...(evidence === undefined ? {} : { evidence }),
    ...(words === undefined ? {} : { metadata: stateOf(words.metadata), nbd: stateOf(words.nbd) }),
  };
}

function totalsOf(session: ChainSession, sums: MapTotals, layer: number | undefined) {
  const lanes = lanesOf(session, sums, layer);
  return {
    states: Object.fromEntries(
      STATES.map((state, s) => [state, sums.states[s]]).filter(([, bytes]) => bytes !== 0),
    ),
    owners: lanes.map(({ key, index }, lane) => ({
      [key]: index,
      owned: sums.owners[lane],
      overridden: sums.overridden[lane],
      shadowed: sums.shadowed[lane],
    })),
    unowned: sums.owners[lanes.length],
    overrides: sums.overrides,
    holeOverrides: sums.holeOverrides,
    extents: sums.extents,
  };
}
