/** What dirty bitmaps say of what is in view, and their sums over the disk: requested for their tracks, which draw them. */
import { MAX_MARK_COLUMNS } from '../../shared/ipc/questions.ts';
import type { BitmapMarks } from '../../shared/model/bitmap/bitmap-marks.ts';
import type { BitmapChoice } from '../../shared/model/context.ts';
import type { Viewport } from '../axis/viewport.ts';
import { requestDraw } from '../canvas/frame.ts';
import { askChain } from './chain/ask-chain.ts';
import { getAxis, getState, setState, toggled } from './store.ts';

/** Bitmaps of one layer that are shown without asking: more are folded first. */
const MAX_UNFOLDED = 4;

/** The marks of a range, and how often others came. */
interface LoadedMarks {
  readonly session: number | undefined;
  readonly range: Viewport;
  readonly marks: readonly BitmapMarks[];
}

/** Adjacent columns that say the same. */
export interface BitmapRun extends Viewport {
  /** As in BitmapMarks. */
  readonly bits: number;
}

const NONE: LoadedMarks = { session: undefined, range: { start: 0, end: 0 }, marks: [] };

let loaded = NONE;
let requested = '';
let revision = 0;

/** How much has been read over NBD, in steps: bitmaps that come with it are asked for again as they grow. */
export function bitmapsRead(): string {
  return getState()
    .progress.filter(({ witness }) => witness === 'nbd')
    .map(({ phase, covered, total }) => `${phase} ${Math.floor((20 * covered) / Math.max(1, total))}`)
    .join();
}

/** Requests the marks of what is in view, unless they are what was requested last. */
export async function requestBitmapMarks(): Promise<void> {
  const { chain, bitmaps } = getState();
  const { viewport, size, width } = getAxis('guest');
  if (chain === undefined || width === 0 || bitmaps.length === 0) return;
  const range = {
    start: Math.max(0, Math.floor(viewport.start)),
    end: Math.min(size, Math.ceil(viewport.end)),
  };
  const columns = Math.min(MAX_MARK_COLUMNS, Math.round(width));
  const session = chain.sessionId;
  const key = `${session} ${range.start} ${range.end} ${columns} ${bitmapsRead()}`;
  if (requested === key) return;
  requested = key;
  const reply = await askChain('bitmapMarks', { ...range, columns });
  if (requested !== key || reply?.ok !== true) return;
  loaded = { session, range, marks: reply.value };
  revision++;
  requestDraw();
}

/** Requests the sums of all bitmaps: which there are is known from the reply. */
export async function requestBitmapSums(): Promise<void> {
  const reply = await askChain('bitmapSums', {});
  if (reply?.ok === true) setState({ bitmaps: reply.value });
}

/** Grows whenever the marks in view are other ones. */
export function bitmapRevision(): number {
  return revision;
}

/** The runs of a bitmap in view that are not clean. */
export function bitmapRuns({ layer, name }: BitmapChoice): readonly BitmapRun[] {
  const { session, range, marks } = loaded;
  const found = marks.find(bitmap => bitmap.layer === layer && bitmap.name === name);
  if (found === undefined || session !== getState().chain?.sessionId) return [];
  const { columns } = found;
  const span = (range.end - range.start) / columns.length;
  const runs: BitmapRun[] = [];
  let from = 0;
  columns.forEach((bits, c) => {
    if (columns[c + 1] === bits) return;
    if (bits !== 0) runs.push({ start: range.start + from * span, end: range.start + (c + 1) * span, bits });
    from = c + 1;
  });
  return runs;
}

/** True where the bitmaps of a layer have their tracks shown: a few without asking, more once they were asked for. */
export function areBitmapsShown(layer: number, count: number, toggledLayers: ReadonlySet<number>): boolean {
  return count <= MAX_UNFOLDED !== toggledLayers.has(layer);
}

/** Shows or folds the bitmaps of a layer. */
export function toggleBitmaps(layer: number): void {
  setState({ toggledBitmaps: toggled(getState().toggledBitmaps, layer) });
}
