/**
 * How well `query` matches `text`: -1 where its characters do not occur in order, else higher is better. Matches at
 * the beginnings of words and without gaps count most. An empty query matches every text with about 0.
 */
export function fuzzyScore(query: string, text: string): number {
  const wanted = query.toLowerCase().replaceAll(' ', '');
  const given = text.toLowerCase();
  let score = 0;
  let from = 0;
  let last = -2;
  for (const character of wanted) {
    const at = given.indexOf(character, from);
    if (at < 0) return -1;
    if (at === last + 1) score += 3;
    if (at === 0 || given[at - 1] === ' ') score += 4;
    score -= Math.min(at - from, 10) / 10;
    last = at;
    from = at + 1;
  }
  return Math.max(0, score - given.length / 200);
}
