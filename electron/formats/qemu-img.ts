/** What `qemu-img map --output=json` prints, since 6.1. */
import { COMPRESSED, isOwnZero, isUnanswered, OUT_OF_RANGE } from '../../shared/extent/flags.ts';
import { jsonNumber } from '../../shared/text/json.ts';
import type { ListFormat } from './list-format.ts';
import type { QemuImgDialect } from './qemu-img-versions.ts';
import { type RowKeys, SKIP } from './row-walk.ts';

const PRESENT_BIT = 1;
const ZERO_BIT = 2;
const DATA_BIT = 4;
const COMPRESSED_BIT = 8;
const KEY_DEPTH = 16;

/**
 * Depth (counted from the top at the layer where the walk stops; past a shorter layer the layer above it; absent
 * everywhere the deepest), present, zero, data. Parts for which qemu has no answer are left out.
 */
export function qemuImgKeys(layerCount: number, { compressed }: QemuImgDialect): RowKeys {
  return {
    keyOf({ stops, guest }, combo) {
      const stop = stops[combo] as number;
      const word = guest[combo] as number;
      if (isUnanswered(word)) return SKIP;
      if (stop < 0) return (layerCount - 1) * KEY_DEPTH + ZERO_BIT;
      if (word & OUT_OF_RANGE) return Math.max(0, layerCount - 2 - stop) * KEY_DEPTH + ZERO_BIT;
      const content = isOwnZero(word) ? ZERO_BIT : DATA_BIT;
      const coding = compressed && word & COMPRESSED ? COMPRESSED_BIT : 0;
      return (layerCount - 1 - stop) * KEY_DEPTH + PRESENT_BIT + content + coding;
    },
  };
}

/** The array, as the version prints it. */
export function qemuImgFormat({ compressed }: QemuImgDialect): ListFormat {
  function flagsText(key: number): string {
    const flag = (name: string, bit: number) => `"${name}": ${(key & bit) !== 0}`;
    const flags = [flag('present', PRESENT_BIT), flag('zero', ZERO_BIT), flag('data', DATA_BIT)];
    if (compressed) flags.push(flag('compressed', COMPRESSED_BIT));
    return flags.join(', ');
  }
  const row = (start: number, length: number, depth: number, flags: string, host: number) => {
    const offset = host < 0 ? '' : `, "offset": ${jsonNumber(host)}`;
    return `{ "start": ${jsonNumber(start)}, "length": ${jsonNumber(length)}, "depth": ${depth}, ${flags}${offset}}`;
  };
  return {
    head: '[',
    separator: ',\n',
    tail: ']\n',
    plainNumbers: true,
    row: (start, length, key, host) =>
      row(start, length, Math.floor(key / KEY_DEPTH), flagsText(key % KEY_DEPTH), host),
    empty: row(0, 0, 0, flagsText(0), -1),
  };
}
