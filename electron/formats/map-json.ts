/** The JSON document of `cowscope map`: docs/map-schema.md and docs/map.schema.json. */
import type { ErrorRecord } from '../../shared/error.ts';
import {
  DAMAGED,
  DIRTY,
  DIRTY_UNKNOWN,
  HOLE_OVERRIDES,
  LOCAL,
  ownerKnown,
  STATES,
  stateOf,
} from '../../shared/extent/flags.ts';
import type { Finding } from '../../shared/model/finding.ts';
import { type Confidence, leastSure } from '../../shared/model/inference.ts';
import type { ChainInfo } from '../../shared/model/layer.ts';
import type { MapTotals } from '../../shared/model/statistics.ts';
import { jsonNumber, jsonText } from '../../shared/text/json.ts';
import type { ListFormat } from './list-format.ts';
import { bitmapRowsOf, bitmapsLeft } from './map-bitmaps.ts';
import { areHiddenKnown, type MapOwner, ownersOf } from './map-owners.ts';
import type { MapRowKinds } from './map-rows.ts';

/** Name and version of the document; both change only together with its schema. */
const SCHEMA = { schema: 'cowscope.map', version: 2 } as const;

/** What is mapped. */
export interface MapSubject {
  readonly chain: ChainInfo;
  /** Who was asked to read qcow2 layers. */
  readonly witness: string;
  /** The layer that is mapped alone. */
  readonly layer?: number | undefined;
  readonly snapshot?: string | undefined;
}

/** What comes after the rows. */
export interface MapTail {
  readonly sums: MapTotals;
  /** What could not be read. */
  readonly errors: readonly ErrorRecord[];
  /** Of the layer that is mapped alone, else of all. */
  readonly findings: readonly Finding[];
}

/** Everything before the rows, which are in the document or not. */
export function mapJsonHead({ chain, witness, layer, snapshot }: MapSubject, withRows: boolean): string {
  const head = {
    ...SCHEMA,
    witness: chain.layers[0]?.format === 'nbd' ? 'nbd' : witness,
    size: layer === undefined ? chain.size : (chain.layers[layer]?.size ?? 0),
    complete: chain.complete,
    layer,
    snapshot,
    layers: chain.layers.map(({ index, name, path, format, size, clusterSize, inference, notes }) => ({
      index,
      name,
      path,
      format,
      size,
      clusterSize,
      inference,
      notes,
    })),
  };
  return `${jsonText(head).slice(0, -1)},\n${withRows ? '"rows":' : ''}`;
}

/** Everything after the rows, where the document has them. */
export function mapJsonTail({ chain, layer }: MapSubject, withRows: boolean, tail: MapTail): string {
  const document = {
    totals: totalsDocument(chain, tail.sums, layer),
    notes: chain.notes,
    errors: tail.errors.map(({ code, what, subject, advice }) => ({ code, what, subject, advice })),
    findings: tail.findings,
  };
  return `${withRows ? ',\n' : ''}${jsonText(document).slice(1)}\n`;
}

/** The sums of a map, of the whole chain or of one layer. */
export function totalsDocument(chain: ChainInfo, sums: MapTotals, layer: number | undefined) {
  const owners = ownersOf(chain, sums, layer);
  // Null where it is not known: 0 would say that nothing is hidden.
  const ofHidden = (bytes: number | undefined) =>
    layer !== undefined || areHiddenKnown(chain) ? bytes : null;
  const ofDepth = (key: MapOwner['key'], bytes: number | undefined) => (key === 'depth' ? null : bytes);
  return {
    states: Object.fromEntries(
      STATES.map((state, s) => [state, sums.states[s]]).filter(([, bytes]) => bytes !== 0),
    ),
    owners: owners.map(({ key, index }, i) => ({
      [key]: index,
      owned: sums.owners[i],
      overridden: ofDepth(key, sums.overridden[i]),
      shadowed: ofDepth(key, sums.shadowed[i]),
    })),
    unowned: sums.owners[owners.length],
    overrides: ofHidden(sums.overrides),
    holeOverrides: ofHidden(sums.holeOverrides),
    extents: sums.extents,
    bitmaps: bitmapRowsOf(chain, sums).map(({ layer: index, name, info, dirty, zero, unknown }) => ({
      layer: index,
      name,
      granularity: info?.granularity,
      enabled: info?.enabled,
      dirty,
      zero,
      unknown,
    })),
    moreBitmaps: bitmapsLeft(chain, sums, layer) || undefined,
  };
}

/** How rows name the layers they are about. */
export interface MapJsonRows {
  readonly kinds: MapRowKinds;
  /** The layer that is mapped alone. */
  readonly layer: number | undefined;
  /** The number of depths of an NBD export, where rows name depths instead of layers. */
  readonly depths: number | undefined;
  /** By layer, how sure what is inferred of it is; undefined for one that is read as it is stored. */
  readonly inferred: readonly (Confidence | undefined)[];
}

/** The rows as an array. */
export function mapJsonRows({ kinds, layer, depths, inferred }: MapJsonRows): ListFormat {
  /** Of the layers that decide a row: those from the top down to where the walk stops. */
  function confidenceOf(stop: number): Confidence | undefined {
    const layers = layer === undefined ? inferred.slice(Math.max(0, stop)) : [inferred[layer]];
    const known = layers.filter(confidence => confidence !== undefined);
    return known.length === 0 ? undefined : leastSure(known);
  }

  /** All of a row that does not depend on where it lies. */
  function kindText(key: number): string {
    const { word, stop, overridden, shadowed, dirtyIn } = kinds.kind(key);
    const state = stateOf(word);
    const owner = word & LOCAL ? (layer ?? stop) : null;
    const parts = [
      depths === undefined ? `"owner":${owner}` : `"depth":${word & LOCAL ? depths - stop : 0}`,
      `"state":"${state}"`,
      `"overrides":[${overridden.join(',')}]`,
      `"shadows":[${shadowed.join(',')}]`,
    ];
    const confidence = confidenceOf(stop);
    if (confidence !== undefined && state !== 'unreadable') parts.push(`"inferred":"${confidence}"`);
    if (word & HOLE_OVERRIDES) parts.push('"holeOverrides":true');
    if (word & DAMAGED) parts.push('"damaged":true');
    if (word & DIRTY) parts.push('"dirty":true');
    if (dirtyIn.length > 0) parts.push(`"dirtyIn":[${dirtyIn.join(',')}]`);
    if (word & DIRTY_UNKNOWN) parts.push('"dirtyUnknown":true');
    if (!ownerKnown(word) && stop >= 0 && state !== 'unread' && state !== 'unreadable')
      parts.push('"ownerUnknown":true');
    return parts.join(',');
  }
  return {
    head: '[\n',
    separator: ',\n',
    tail: '\n]',
    plainNumbers: true,
    row(start, length, key, host) {
      const hostText = host < 0 ? '' : `"host":${jsonNumber(host)},`;
      return `{"start":${jsonNumber(start)},"length":${jsonNumber(length)},${hostText}${kindText(key)}}`;
    },
  };
}
