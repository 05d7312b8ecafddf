/** Metadata contexts as nbdinfo prints them (libnbd 1.14 to 1.22, `--map --json` and `--map --totals --json`). */
import { DIRTY_UNKNOWN, HOLE, isUnanswered, LOCAL, OUT_OF_RANGE, ZERO } from '../../shared/extent/flags.ts';
import {
  type ContextRole,
  type ContextValue,
  contextWithRole,
  type KnownContext,
} from '../../shared/nbd-contexts.ts';
import { jsonNumber, jsonString } from '../../shared/text/json.ts';
import type { ListFormat } from './list-format.ts';
import { type RowKeys, SKIP } from './row-walk.ts';

/** One row of the list. A context of unknown meaning (undefined) has no descriptions. */
export function contextRow(
  context: KnownContext | undefined,
  start: number,
  length: number,
  value: ContextValue,
): string {
  const range = `"offset": ${jsonNumber(start)}, "length": ${jsonNumber(length)}`;
  return `{ ${range}, "type": ${value}${descriptionOf(context, value)}}`;
}

function descriptionOf(context: KnownContext | undefined, value: ContextValue): string {
  const label = context?.nbdinfoLabel(value) ?? '';
  return label === '' ? '' : `, "description": "${label}"`;
}

/** The array of one context; the key of a row is the context's value. */
export function nbdinfoFormat(context: KnownContext | undefined): ListFormat {
  return {
    head: '[\n',
    separator: ',\n',
    tail: '\n]\n',
    plainNumbers: true,
    row: (start, length, value) => contextRow(context, start, length, value),
  };
}

/** What stands around the arrays of several contexts: one object of name to array. A single array stands alone. */
export function contextFrame(names: readonly string[], index: number): { head: string; tail: string } {
  if (names.length === 1) return { head: '', tail: '' };
  const isLast = index === names.length - 1;
  return {
    head: `${index === 0 ? '{\n' : ''}${jsonString(names[index] as string)}: `,
    tail: isLast ? '}\n' : ',\n',
  };
}

/**
 * The value that qemu-nbd reports for a context of the whole chain or of one layer. Parts for which
 * qemu has no answer are left out. The values of a bitmap are those of the layer that holds it.
 */
export function nbdContextKeys(role: ContextRole, layerCount: number, bitmapLayer: number): RowKeys {
  const { ownTable, valueFor } = contextWithRole(role);
  if (ownTable !== undefined)
    return {
      keyOf({ words }, combo) {
        const word = (words[bitmapLayer] as Uint32Array)[combo] as number;
        return word & DIRTY_UNKNOWN ? SKIP : valueFor(word, 0);
      },
    };
  return {
    keyOf({ stops, guest }, combo) {
      const stop = stops[combo] as number;
      const word = guest[combo] as number;
      if (isUnanswered(word)) return SKIP;
      if (stop < 0) return valueFor(HOLE | ZERO, 0);
      // Past the end of a shorter layer qemu reports zeros, and that layer as their owner.
      if (word & OUT_OF_RANGE) return valueFor(HOLE | ZERO, layerCount - stop);
      return valueFor(word, word & LOCAL ? layerCount - stop : 0);
    },
  };
}

/** The array of totals, values ascending. Percentages carry six significant digits, as printf's %g. */
export function contextTotals(
  context: KnownContext | undefined,
  sums: readonly (readonly [value: ContextValue, bytes: number])[],
  size: number,
): string {
  const rows = sums.map(([value, bytes]) => {
    const percent = sixDigits((100 * bytes) / size);
    return `{ "size": ${jsonNumber(bytes)}, "percent": ${percent}, "type": ${value}${descriptionOf(context, value)} }`;
  });
  return `[\n${rows.join(',\n')}\n]\n`;
}

/** Six significant digits as printf's %g rounds them: a tie goes to the even digit, where toPrecision rounds up. */
function sixDigits(value: number): number {
  const [mantissa = '', exponent = '0'] = value.toExponential(100).split('e'); // exact: a double has no more digits here
  const tieAfterEven = /^\d\.\d{4}[02468]50*$/.test(mantissa);
  return Number(tieAfterEven ? `${mantissa.slice(0, 7)}e${exponent}` : value.toPrecision(6));
}
