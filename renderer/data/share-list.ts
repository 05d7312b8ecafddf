/** The shares of one pixel as a person reads them: in whole percent that add up to 100. */
import type { ExtentState } from '../../shared/extent/flags.ts';
import { PARTS, type PartIndex } from '../../shared/extent/parts.ts';

/** A state and its share of a pixel, hidden by a layer above or not. */
export interface StateShare {
  readonly state: ExtentState;
  readonly isHidden: boolean;
  /** 0 for what is less than a percent can tell. */
  readonly percent: number;
}

/** Shares of parts, out of any whole, by state: largest first. */
export function stateShares(shares: readonly (readonly [part: PartIndex, share: number])[]): StateShare[] {
  const sums = new Map<string, { state: ExtentState; isHidden: boolean; share: number }>();
  let total = 0;
  for (const [index, share] of shares) {
    const part = PARTS[index];
    if (part === undefined) continue;
    const isHidden = part.variant === 'overridden' || part.variant === 'shadowed';
    const key = `${part.state} ${isHidden}`;
    const sum = sums.get(key) ?? { state: part.state, isHidden, share: 0 };
    sum.share += share;
    sums.set(key, sum);
    total += share;
  }
  const list = [...sums.values()].sort((a, b) => b.share - a.share);
  const percents = wholePercents(list.map(({ share }) => share / total));
  return list.map(({ state, isHidden }, i) => ({ state, isHidden, percent: percents[i] ?? 0 }));
}

/** Shares that sum to 1 as whole percent that sum to 100: those cut most are rounded up. */
function wholePercents(shares: readonly number[]): number[] {
  const percents = shares.map(share => Math.floor(share * 100));
  const cut = (i: number) => (shares[i] as number) * 100 - (percents[i] as number);
  const byCut = [...percents.keys()].sort((a, b) => cut(b) - cut(a));
  const lacking = 100 - percents.reduce((sum, percent) => sum + percent, 0);
  for (const i of byCut.slice(0, Math.max(0, lacking))) percents[i] = (percents[i] as number) + 1;
  return percents;
}
