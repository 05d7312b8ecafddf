/** Offsets, sizes and counts as text: how people of this field write them, and back. */

const UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

/** Digits of an offset at least. */
const MIN_DIGITS = 8;

/** An offset in hexadecimal, grouped by four digits from the right, at least eight digits: `0x0012_0000`. */
export function formatOffset(offset: number | bigint): string {
  return `0x${grouped(offset.toString(16).padStart(MIN_DIGITS, '0'))}`;
}

/**
 * A raw value in the form of {@link formatOffset}: `0x8000_0000_0005_0000`. One of two digits, and one that is stored with
 * leading zeros, keep their length; a text that is no hexadecimal number, or several of them, stays as it is.
 */
export function formatRawValue(value: string): string {
  if (!/^0x[0-9a-f]+(?: 0x[0-9a-f]+)*$/.test(value)) return value;
  return value.replace(/(?<=0x)[0-9a-f]{3,}/g, digits =>
    grouped(digits.startsWith('0') ? digits : digits.padStart(MIN_DIGITS, '0')),
  );
}

/** Digits in groups of four from the right. */
function grouped(digits: string): string {
  const lead = digits.length % 4;
  const groups = lead === 0 ? [] : [digits.slice(0, lead)];
  for (let i = lead; i < digits.length; i += 4) groups.push(digits.slice(i, i + 4));
  return groups.join('_');
}

/** A size in the largest binary unit that keeps it at 1 or above, with at most two decimals: `1.25 MiB`. */
export function formatSize(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  let rounded = Number(value.toFixed(2));
  if (rounded === 1024 && unit < UNITS.length - 1) {
    rounded = 1;
    unit++;
  }
  const text = String(rounded);
  return unit === 0 && bytes === 1 ? '1 byte' : `${text} ${UNITS[unit]}`;
}

/** A size with its exact bytes: `1 MiB (1,048,576 bytes)`; `512 bytes` where that is all there is to say. */
export function exactSize(bytes: number): string {
  return bytes < 1024 ? formatSize(bytes) : `${formatSize(bytes)} (${formatCount(bytes)} bytes)`;
}

/** Two different sizes as text: with their bytes where they would read the same. */
export function formatTwoSizes(one: number, other: number): readonly [string, string] {
  const texts = [formatSize(one), formatSize(other)] as const;
  if (texts[0] !== texts[1]) return texts;
  return [exactSize(one), exactSize(other)];
}

/**
 * A share of 1 as percent with one digit: `12.5 %`; one that is there and has no digit to show, `under 0.1 %`, and one that
 * only nearly is all, `over 99.9 %`.
 */
export function formatShare(share: number): string {
  if (share > 0 && share < 0.001) return 'under 0.1 %';
  return share < 1 && share > 0.999 ? 'over 99.9 %' : `${(share * 100).toFixed(1)} %`;
}

/** A whole number with its digits grouped by three: `16,777,216`. Intl does the same after loading for 25 milliseconds. */
export function formatCount(count: number | bigint): string {
  return String(count).replace(/\B(?=(?:\d{3})+$)/g, ',');
}

/** A count and what is counted: `1 entry`, `1,024 entries`. Without `several` that is `one` with an s. */
export function countOf(count: number, one: string, several = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : several}`;
}

/**
 * The offset in bytes that `text` names, or undefined. Accepts decimal, 0x hexadecimal (with underscores),
 * and decimal numbers with a binary suffix K, M, G, T, P (optionally followed by iB).
 */
export function parseOffset(text: string): number | undefined {
  const clean = text.trim().replaceAll('_', '');
  if (/^0x[0-9a-f]+$/i.test(clean)) return bounded(Number.parseInt(clean, 16));
  const match = /^(\d+(?:\.\d+)?)\s*(?:([kmgtp])(?:i?b)?)?$/i.exec(clean);
  if (match === null) return undefined;
  const power = match[2] === undefined ? 0 : 'kmgtp'.indexOf(match[2].toLowerCase()) + 1;
  return bounded(Math.floor(Number(match[1]) * 1024 ** power));
}

function bounded(offset: number): number | undefined {
  return Number.isSafeInteger(offset) ? offset : undefined;
}
