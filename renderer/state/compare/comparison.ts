/** Comparing the open chain: beginning, content, going from difference to difference. */
import type { CompareRequest, IpcPushes } from '../../../shared/ipc/contract.ts';
import { DIFFERENCE_KINDS, type Difference, type DifferenceKind } from '../../../shared/model/comparison.ts';
import type { OpenTarget } from '../../../shared/model/target.ts';
import { NewestRun } from '../../../shared/newest-run.ts';
import { formatCount, formatOffset } from '../../../shared/text/offset.ts';
import { bytesPerPx } from '../../axis/scale.ts';
import { invoke } from '../../bridge/bridge.ts';
import { requestDraw } from '../../canvas/frame.ts';
import { dataOf, openAxis } from '../axes/axis-data.ts';
import { navigationOf } from '../axes/axis-navigation.ts';
import { announce, getAxis, getState, setState } from '../store.ts';
import { shownView } from '../views.ts';
import { type ComparisonView, NO_COMPARISON, shownCount, toggledKinds } from './compare-state.ts';
import { comparedSource } from './compared-source.ts';
import { forgetComparedStrips } from './compared-strips.ts';

/** The id of the view that compares. */
const COMPARE_VIEW = 'compare';
/** CSS pixels that a difference has at least when it is gone to, and how many of its lengths are shown otherwise. */
const MIN_TARGET_PX = 8;
const SHOWN_LENGTHS = 17;

/** Comparisons begun: only the newest one is shown. */
const runs = new NewestRun();
/** The last report: it may come before the comparison's number is known here. */
let lastPushed: IpcPushes['compare:state'] | undefined;

/** Compares what the open chain shows with the image in a file, which is the top of its chain. */
export async function compareWithFiles(files: readonly string[]): Promise<void> {
  if (files.length === 1) await compareWith({ kind: 'files', files });
  else if (files.length > 1) announce('Choose one image: the top of its chain');
}

/** Compares what the open chain shows with another target. */
export function compareWith(target: OpenTarget): Promise<void> {
  const { consent } = getState();
  return begin(undefined, { kind: 'target', target, consent });
}

/** Compares again, with consent to one more file that the other disk names. */
export async function compareAllowing(path: string): Promise<void> {
  const other = getState().compare.comparison?.other;
  if (other?.kind !== 'target') return;
  const { target, consent } = other;
  await begin(undefined, { ...other, target, consent: { ...consent, allow: [...consent.allow, path] } });
}

/** Compares the same disks again, by their tables. */
export async function compareAgain(): Promise<void> {
  const { comparison } = getState().compare;
  if (comparison !== undefined) await begin(comparison.layer, comparison.other);
}

/** Compares two layers of the open chain, each with what lies below it. */
export function compareLayers(a: number, b: number): Promise<void> {
  return begin(a, { kind: 'layer', layer: b });
}

/** Lets the person choose an image to compare with. */
export async function chooseAndCompare(): Promise<void> {
  const reply = await invoke('dialog:openFiles', undefined);
  if (!reply.ok) setState({ error: reply.error });
  else await compareWithFiles(reply.value);
}

async function begin(layer: number | undefined, other: CompareRequest['other']): Promise<void> {
  const sessionId = getState().chain?.sessionId;
  if (sessionId === undefined) return;
  const isNewest = runs.begin();
  forget();
  setState({ compare: { ...NO_COMPARISON, isOpening: true }, error: undefined });
  const reply = await invoke('compare:open', { sessionId, ...(layer === undefined ? {} : { layer }), other });
  if (!isNewest() || getState().chain?.sessionId !== sessionId) return;
  if (!reply.ok) {
    setState({ compare: NO_COMPARISON, error: reply.error });
    return;
  }
  const opened = reply.value;
  openAxis('compare', comparedSource(opened));
  const pushed = lastPushed?.comparisonId === opened.comparisonId ? lastPushed.state : undefined;
  setComparison({ opened, layer, other, state: pushed, kinds: DIFFERENCE_KINDS, row: -1, chosen: undefined });
}

/** Compares the content of what may differ. */
export async function compareContent(): Promise<void> {
  const { comparison } = getState().compare;
  if (comparison === undefined) return;
  const { comparisonId } = comparison.opened;
  const reply = await invoke('compare:content', { comparisonId });
  if (!reply.ok) setState({ error: reply.error });
}

/** Ends what is being compared; what was compared stays. */
export async function cancelComparison(): Promise<void> {
  const { comparison } = getState().compare;
  if (comparison === undefined) return;
  const reply = await invoke('compare:cancel', { comparisonId: comparison.opened.comparisonId });
  if (!reply.ok) setState({ error: reply.error });
}

/** Forgets the comparison, so that another one can be chosen. */
export function closeComparison(): void {
  runs.end();
  forget();
  setState({ compare: NO_COMPARISON });
  void invoke('compare:close', undefined);
}

function forget(): void {
  navigationOf('compare').stop();
  dataOf('compare').close();
  forgetComparedStrips();
}

/** Takes over a report about a comparison. */
export function takeComparisonState(pushed: IpcPushes['compare:state']): void {
  lastPushed = pushed;
  const { comparison } = getState().compare;
  if (comparison?.opened.comparisonId !== pushed.comparisonId) return;
  const { version, start, end, state } = pushed;
  if (end > start) dataOf('compare').loader?.invalidate(version, start, end);
  requestDraw();
  const isNews = comparison.state?.phase !== state.phase;
  setComparison({ ...comparison, state });
  if (isNews && state.phase === 'ended') setState({ announcement: 'Compared' });
}

/** Shows a kind in the list, or no more. */
export function toggleKind(kind: DifferenceKind): void {
  const { comparison } = getState().compare;
  if (comparison === undefined) return;
  const kinds = toggledKinds(comparison.kinds, kind);
  setComparison({ ...comparison, kinds, row: -1, chosen: undefined });
}

/** Chooses a row of the list, whose difference is loaded, and brings it on screen. */
export function chooseDifference(row: number, chosen: Difference): void {
  const { comparison } = getState().compare;
  if (comparison === undefined) return;
  setComparison({ ...comparison, row, chosen });
  reveal(chosen);
}

/** Chooses the difference at an offset, else the next one behind it. */
export async function chooseDifferenceAt(offset: number): Promise<void> {
  const { comparison } = getState().compare;
  if (comparison === undefined) return;
  const last = await find(comparison, Math.floor(offset) + 1, true);
  const isInside = last != null && offset < last.difference.start + last.difference.length;
  const place = isInside ? last : await find(comparison, Math.floor(offset), false);
  if (place != null) chooseDifference(place.row, place.difference);
}

/** Goes to the next or previous difference, from the chosen one or from what is on screen. */
export async function stepDifference(backwards: boolean): Promise<void> {
  const { comparison } = getState().compare;
  if (comparison === undefined) return;
  const { viewport } = getAxis('compare');
  const edge = backwards ? Math.ceil(viewport.end) : Math.floor(viewport.start) - 1;
  const from = Math.max(-1, comparison.chosen?.start ?? edge);
  const place = await find(comparison, from, backwards);
  if (place === undefined) return;
  if (place === null) {
    announce(`No ${backwards ? 'earlier' : 'further'} difference`);
    return;
  }
  chooseDifference(place.row, place.difference);
  announce(
    `Difference ${formatCount(place.row + 1)} of ${formatCount(place.total)}, at ${formatOffset(place.difference.start)}`,
  );
}

/** True where the view that compares is shown. */
export function isComparing(): boolean {
  return shownView(getState())?.id === COMPARE_VIEW;
}

/** Undefined where the answer is about nothing that is shown any more. */
async function find({ opened, kinds }: ComparisonView, from: number, backwards: boolean) {
  const { comparisonId } = opened;
  const reply = await invoke('compare:find', { comparisonId, kinds, from, backwards });
  if (getState().compare.comparison?.opened.comparisonId !== comparisonId) return undefined;
  if (reply.ok) return reply.value;
  setState({ error: reply.error });
  return undefined;
}

function reveal({ start, length }: Difference): void {
  const { viewport, width, size } = getAxis('compare');
  const navigation = navigationOf('compare');
  if (width === 0) return;
  if (length / bytesPerPx(viewport, width) >= MIN_TARGET_PX) {
    navigation.reveal(start);
    return;
  }
  const around = (length * (Math.min(SHOWN_LENGTHS, width / (2 * MIN_TARGET_PX)) - 1)) / 2;
  navigation.fitRange(Math.max(0, start - around), Math.min(size, start + length + around));
}

function setComparison(comparison: ComparisonView): void {
  setState({ compare: { isOpening: false, comparison } });
  requestDraw();
}

/** "3 of 835", or how many there are where none is chosen. */
export function differenceCountText(comparison: ComparisonView): string {
  const total = shownCount(comparison);
  if (comparison.row < 0) return `${formatCount(total)} ${total === 1 ? 'difference' : 'differences'}`;
  return `${formatCount(comparison.row + 1)} of ${formatCount(total)}`;
}
