/** Where findings lie on the guest's axis and in a file: requested for what is drawn in every frame. */
import { MAX_MARK_COLUMNS } from '../../shared/ipc/questions.ts';
import type { FindingMarks } from '../../shared/model/finding.ts';
import type { AxisId } from '../axis/axis-id.ts';
import type { Viewport } from '../axis/viewport.ts';
import { requestDraw } from '../canvas/frame.ts';
import { askChain } from './chain/ask-chain.ts';
import { getAxis, getState } from './store.ts';

/** Marks of a range of an axis. */
interface LoadedMarks {
  readonly session: number | undefined;
  readonly range: Viewport;
  readonly marks: readonly FindingMarks[];
}

/** The part of an axis that marks are for: what is in view of the guest's axis, all of it, and the same of a layer's file. */
export type MarkedPart = 'view' | 'disk' | 'fileView' | 'file';

/** The axis that a part is of. */
export function axisOfPart(part: MarkedPart): AxisId {
  return part === 'file' || part === 'fileView' ? 'host' : 'guest';
}

/** A column with a mark, as offsets. */
export interface MarkedRange extends Viewport {
  /** As in FindingMarks. */
  readonly mark: number;
}

const loaded = new Map<MarkedPart, LoadedMarks>();
/** What was requested last of each part: nothing is requested twice. */
const requested = new Map<MarkedPart, string>();
const revisions = new Map<MarkedPart, number>();

/** Requests the marks of a part, unless they are what was requested last. */
export async function requestMarks(part: MarkedPart): Promise<void> {
  const { chain, findings, host } = getState();
  const axis = axisOfPart(part);
  const { viewport, size, width } = getAxis(axis);
  if (chain === undefined || width === 0 || (axis === 'host' && host.layer < 0)) return;
  const { start, end } = part === 'view' || part === 'fileView' ? viewport : { start: 0, end: size };
  const range = { start: Math.max(0, Math.floor(start)), end: Math.min(size, Math.ceil(end)) };
  const columns = Math.min(MAX_MARK_COLUMNS, Math.round(width));
  const { total, severities } = findings;
  const layer = axis === 'host' ? host.layer : -1;
  const key = JSON.stringify([chain.sessionId, layer, range, columns, total, severities]);
  if (requested.get(part) === key) return;
  requested.set(part, key);
  const session = chain.sessionId;
  const ask = () =>
    axis === 'host'
      ? askChain('hostFindingMarks', { layer, ...range, columns })
      : askChain('findingMarks', { ...range, columns });
  const reply = total === severities.note ? undefined : await ask();
  if (requested.get(part) !== key) return;
  const marks = reply?.ok ? reply.value : [];
  const isUnmarked = marks.length === 0 && !hasMarks(part);
  loaded.set(part, { session, range, marks });
  if (isUnmarked) return; // there was nothing to draw, and there is nothing
  revisions.set(part, marksRevision(part) + 1);
  requestDraw();
}

/** Grows whenever the marks of a part are other ones. */
export function marksRevision(part: MarkedPart): number {
  return revisions.get(part) ?? 0;
}

/** True if anything of a layer, or of any layer, may be marked. */
export function hasMarks(part: MarkedPart, layer?: number): boolean {
  return marksOfLayer(part, layer).length > 0;
}

/** The marked columns of a layer, or of all layers, joined where neighbors have the same mark. */
export function marksOf(part: MarkedPart, layer?: number): readonly MarkedRange[] {
  const range = loaded.get(part)?.range;
  if (range === undefined) return [];
  return marksOfLayer(part, layer).flatMap(({ columns }) => joined(columns, range));
}

/** What was loaded for the open chain. */
function marksOfLayer(part: MarkedPart, layer: number | undefined): readonly FindingMarks[] {
  const known = loaded.get(part);
  if (known === undefined || known.session !== getState().chain?.sessionId) return [];
  return known.marks.filter(marked => layer === undefined || marked.layer === layer);
}

function joined(columns: Uint8Array, { start, end }: Viewport): MarkedRange[] {
  const span = (end - start) / columns.length;
  const ranges: MarkedRange[] = [];
  for (let from = 0; from < columns.length; ) {
    const mark = columns[from] as number;
    let to = from + 1;
    while (to < columns.length && columns[to] === mark) to++;
    if (mark !== 0) ranges.push({ start: start + from * span, end: start + to * span, mark });
    from = to;
  }
  return ranges;
}
