/** The rows of `cowscope map` as comma-separated values: docs/map-schema.md. */
import { DAMAGED, DIRTY, DIRTY_UNKNOWN, HOLE_OVERRIDES, LOCAL, stateOf } from '../../shared/extent/flags.ts';
import { jsonNumber } from '../../shared/text/json.ts';
import { csvRow } from './csv.ts';
import type { ListFormat } from './list-format.ts';
import type { MapRowKinds } from './map-rows.ts';

/** The columns, in their order. The host offset is the last one, which only lists with host offsets have. */
const COLUMNS = [
  'start',
  'length',
  'owner',
  'state',
  'overrides',
  'shadows',
  'hole_overrides',
  'damaged',
  'dirty',
] as const;

/** How rows name the layers they are about. */
export interface MapCsvRows {
  readonly kinds: MapRowKinds;
  /** The layer that is mapped alone. */
  readonly layer: number | undefined;
  /** The number of depths of an NBD export: owners are depths then, and layers otherwise. */
  readonly depths: number | undefined;
  /** With a column of host offsets. */
  readonly hosts: boolean;
}

/** The rows as lines, below one of names. Layers and marks that a row has several of are separated by blanks. */
export function mapCsvRows({ kinds, layer, depths, hosts }: MapCsvRows): ListFormat {
  /** All of a row that does not depend on where it lies. */
  function kindValues(key: number): readonly (string | number)[] {
    const { word, stop, overridden, shadowed } = kinds.kind(key);
    const owner = depths === undefined ? (layer ?? stop) : depths - stop;
    const dirty = word & DIRTY ? 'yes' : word & DIRTY_UNKNOWN ? 'unknown' : '';
    return [
      word & LOCAL ? owner : '',
      stateOf(word),
      overridden.join(' '),
      shadowed.join(' '),
      word & HOLE_OVERRIDES ? 'yes' : '',
      word & DAMAGED ? 'yes' : '',
      dirty,
    ];
  }
  return {
    head: csvRow(hosts ? [...COLUMNS, 'host'] : COLUMNS),
    separator: '',
    tail: '',
    plainNumbers: false, // the host offset comes last
    row(start, length, key, host) {
      const offset = host < 0 ? '' : jsonNumber(host);
      return csvRow([jsonNumber(start), jsonNumber(length), ...kindValues(key), ...(hosts ? [offset] : [])]);
    },
  };
}
