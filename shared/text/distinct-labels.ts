/** Short labels for names, each unlike the others. */
import { escapeUntrusted } from './untrusted-text.ts';

/**
 * The names, each cut to `length` characters where that leaves it unlike the others; names that are equal have their numbers
 * in front. Safe for a terminal.
 */
export function distinctLabels(names: readonly string[], length: number): string[] {
  const short = names.map(name => escapeUntrusted(name, length));
  const whole = names.map(name => escapeUntrusted(name));
  const shortCounts = countsOf(short);
  const wholeCounts = countsOf(whole);
  return whole.map((name, index) => {
    const cut = short[index] ?? name;
    if (shortCounts.get(cut) === 1) return cut;
    return wholeCounts.get(name) === 1 ? name : `${index} ${name}`;
  });
}

function countsOf(texts: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return counts;
}
