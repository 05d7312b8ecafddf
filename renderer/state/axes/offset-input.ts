/** Offsets as a person types them into the "go to" field. */
import { parseOffset } from '../../../shared/text/offset.ts';

/** What relative offsets refer to: the present offset, the axis, and the geometry of the top layer's tables. */
export interface OffsetContext {
  readonly current: number;
  readonly size: number;
  readonly clusterSize: number;
  /** Guest bytes behind one L1 entry; 0 where there are no tables. */
  readonly l1Coverage: number;
}

/**
 * The offset that `text` names, clamped to the axis, or undefined. Understands what parseOffset does, and
 * `+64K` / `-1M` from the present offset, `50%`, `cluster 0x12`, `L1[3]`.
 */
export function parseOffsetInput(text: string, context: OffsetContext): number | undefined {
  const offset = resolve(text.trim(), context);
  if (offset === undefined || !Number.isFinite(offset)) return undefined;
  return Math.floor(Math.min(Math.max(offset, 0), Math.max(context.size - 1, 0)));
}

function resolve(
  text: string,
  { current, size, clusterSize, l1Coverage }: OffsetContext,
): number | undefined {
  const percent = /^%\s*(\d+(?:\.\d+)?)$|^(\d+(?:\.\d+)?)\s*%$/.exec(text);
  if (percent !== null) return (size * Number(percent[1] ?? percent[2])) / 100;
  const relative = /^([+-])\s*(.+)$/.exec(text);
  if (relative !== null) {
    const by = parseOffset(relative[2] ?? '');
    return by === undefined ? undefined : current + (relative[1] === '-' ? -by : by);
  }
  const cluster = /^cluster\s+(\S+)$/i.exec(text);
  if (cluster !== null) return scaled(cluster[1], clusterSize);
  const entry = /^l1\s*\[\s*(\S+?)\s*\]$/i.exec(text);
  if (entry !== null) return l1Coverage === 0 ? undefined : scaled(entry[1], l1Coverage);
  return parseOffset(text);
}

function scaled(text: string | undefined, unit: number): number | undefined {
  const number = parseOffset(text ?? '');
  return number === undefined ? undefined : number * unit;
}
