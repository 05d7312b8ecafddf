/** What `qemu-img map --output=json` prints. */
import { isOwnZero, isUnanswered, OUT_OF_RANGE } from '../../shared/extent/flags.ts';
import { jsonNumber } from '../../shared/text/json.ts';
import type { ListFormat } from './list-format.ts';
import { type RowKeys, SKIP } from './row-walk.ts';

const PRESENT_BIT = 1;
const ZERO_BIT = 2;
const DATA_BIT = 4;
const KEY_DEPTH = 8;

/**
 * Depth (counted from the top at the layer where the walk stops; past a shorter layer the layer above it; absent
 * everywhere the deepest), present, zero, data. Parts for which qemu has no answer are left out.
 */
export function qemuImgKeys(layerCount: number): RowKeys {
  return {
    keyOf({ stops, guest }, combo) {
      const stop = stops[combo] as number;
      const word = guest[combo] as number;
      if (isUnanswered(word)) return SKIP;
      if (stop < 0) return (layerCount - 1) * KEY_DEPTH + ZERO_BIT;
      if (word & OUT_OF_RANGE) return Math.max(0, layerCount - 2 - stop) * KEY_DEPTH + ZERO_BIT;
      const zero = isOwnZero(word);
      return (layerCount - 1 - stop) * KEY_DEPTH + PRESENT_BIT + (zero ? ZERO_BIT : DATA_BIT);
    },
  };
}

function row(start: number, length: number, key: number, host: number): string {
  const depth = (key - (key % KEY_DEPTH)) / KEY_DEPTH;
  const flag = (name: string, bit: number) => `"${name}": ${(key & bit) !== 0}`;
  const flags = `${flag('present', PRESENT_BIT)}, ${flag('zero', ZERO_BIT)}, ${flag('data', DATA_BIT)}`;
  const offset = host < 0 ? '' : `, "offset": ${jsonNumber(host)}`;
  return `{ "start": ${jsonNumber(start)}, "length": ${jsonNumber(length)}, "depth": ${depth}, ${flags}${offset}}`;
}

/** The array that qemu-img 7.2 prints. */
export const QEMU_IMG_FORMAT: ListFormat = {
  head: '[',
  separator: ',\n',
  tail: ']\n',
  plainNumbers: true,
  row,
  empty: '{ "start": 0, "length": 0, "depth": 0, "present": false, "zero": false, "data": false}',
};
