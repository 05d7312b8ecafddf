/** The list of findings: which are shown, which one is chosen, and which a person has reviewed. */
import type { OpenedChain } from '../../shared/model/chain.ts';
import type { Finding, FindingFilter } from '../../shared/model/finding.ts';
import { formatCount } from '../../shared/text/offset.ts';
import { goToFinding, startOfFinding } from './findings.ts';
import { jumpToRange } from './selection/selection.ts';
import { announce, getState, setState, toggled } from './store.ts';
import { shownView, showTracks, showView } from './views.ts';

/** The id of the view that lists findings. */
export const FINDINGS_VIEW = 'findings';

/** Shows where a check of all data is offered with what it reads. */
export function offerDeepCheck(): void {
  showView(FINDINGS_VIEW);
  requestAnimationFrame(() => document.querySelector<HTMLElement>('.deep-check')?.focus());
}

/** Shows the findings that a filter lets through, from the first on. */
export function filterFindings(filter: FindingFilter): void {
  setState({ findingList: { filter, row: 0, total: 0, chosen: undefined } });
}

/** Chooses a row of the list; the nearest one where there is no such row. */
export function chooseFinding(row: number): void {
  const { findingList } = getState();
  const at = Math.min(Math.max(row, 0), Math.max(findingList.total - 1, 0));
  setState({ findingList: { ...findingList, row: at } });
}

/** Goes to the next (or previous) finding: a row of the list where that is shown, else a place on the tracks. */
export function stepFinding(backwards: boolean): void {
  const { findingList } = getState();
  if (shownView(getState())?.id !== FINDINGS_VIEW) {
    void goToFinding(backwards);
    return;
  }
  const row = findingList.row + (backwards ? -1 : 1);
  if (row < 0 || row >= findingList.total) announce(`No ${backwards ? 'earlier' : 'further'} finding`);
  else {
    chooseFinding(row);
    announce(`Finding ${formatCount(row + 1)} of ${formatCount(findingList.total)}`);
  }
}

/** Shows where a finding begins, in the chain view. One that is about no offset of the guest cannot be shown there. */
export async function showFinding(finding: Finding, chain: OpenedChain): Promise<void> {
  const start = startOfFinding(finding, chain);
  const [range] = finding.guest;
  if (start === undefined || range === undefined) {
    announce('This finding is about no offset of the guest');
    return;
  }
  showTracks();
  await jumpToRange(start, { start: range[0], end: range[0] + range[1] });
}

/** Names a finding across openings of the same image. */
export function reviewKey({ layer, id }: Finding, { chain }: OpenedChain): string {
  const { path = '' } = chain.layers[layer] ?? chain.layers.at(-1) ?? {};
  return `${layer < 0 ? 'chain' : ''}\n${path}\n${id}`;
}

/** Marks the chosen finding as reviewed, or as not reviewed; kept until the window closes. */
export function toggleReviewed(): void {
  const { chain, findingList, reviewed } = getState();
  const { chosen } = findingList;
  if (chain === undefined || chosen === undefined || shownView(getState())?.id !== FINDINGS_VIEW) {
    announce('Choose a finding in the list of findings first');
    return;
  }
  const key = reviewKey(chosen, chain);
  setState({ reviewed: toggled(reviewed, key) });
  announce(`${reviewed.has(key) ? 'Not reviewed' : 'Reviewed'}: ${chosen.code}`);
}
