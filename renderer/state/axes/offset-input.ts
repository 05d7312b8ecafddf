/** Offsets as a person types them into the "go to" field, or pastes them from a kernel log, a tool or the inspector. */
import type { GuestPartition } from '../../../shared/model/guest/guest-disk.ts';
import { parseOffset } from '../../../shared/text/offset.ts';

/** Bytes of a sector, the unit of kernel messages such as "I/O error, dev vda, sector 2048". */
const SECTOR_BYTES = 512;

/** What relative offsets refer to: the present offset, the axis, and the geometry of the top layer's tables. */
export interface OffsetContext {
  readonly current: number;
  readonly size: number;
  readonly clusterSize: number;
  /** Guest bytes behind one L1 entry; 0 where there are no tables. */
  readonly l1Coverage: number;
  /** The guest's partitions, where they were read. */
  readonly partitions?: readonly Pick<GuestPartition, 'number' | 'start'>[];
}

/** What a text names: an offset on the axis, one outside of it, or digits that may be meant as hexadecimal. */
export type OffsetInput =
  | { readonly kind: 'offset'; readonly offset: number }
  | { readonly kind: 'outside'; readonly side: 'before' | 'past' }
  | { readonly kind: 'unsure'; readonly meant: string }
  /** A partition that there is not, or whose table was not read. */
  | { readonly kind: 'noPartition'; readonly number: number; readonly isRead: boolean }
  | { readonly kind: 'none' };

/**
 * Understands what parseOffset does, with digits grouped by commas, and `+64K` / `-1M` from the present offset, `50%`,
 * `cluster 0x12`, `partition 2`, `sector 8`, `lba 8`, `2048s`, `L1[3]`, `L1[3] L2[5]`, `L2[5]` of the present table, and `end`.
 */
export function parseOffsetInput(text: string, context: OffsetContext): OffsetInput {
  const trimmed = text.trim();
  const partition = /^part(?:ition)?\s*#?(\d{1,3})$/i.exec(trimmed);
  if (partition !== null) return inPartitions(Number(partition[1]), context);
  const offset = resolve(trimmed, context);
  if (offset !== undefined && Number.isFinite(offset)) {
    const whole = Math.floor(offset);
    if (whole < 0) return { kind: 'outside', side: 'before' };
    return whole < context.size ? { kind: 'offset', offset: whole } : { kind: 'outside', side: 'past' };
  }
  return isBareHex(trimmed) ? { kind: 'unsure', meant: `0x${trimmed}` } : { kind: 'none' };
}

/** Where a partition begins. */
function inPartitions(number: number, { partitions, size }: OffsetContext): OffsetInput {
  const found = partitions?.find(partition => partition.number === number);
  if (found === undefined) return { kind: 'noPartition', number, isRead: partitions !== undefined };
  return found.start < size ? { kind: 'offset', offset: found.start } : { kind: 'outside', side: 'past' };
}

/** Hexadecimal digits as a debugger prints them. A number without letters is decimal. */
function isBareHex(text: string): boolean {
  return /^[0-9a-f]{2,16}$/i.test(text) && /[a-f]/i.test(text);
}

function resolve(text: string, context: OffsetContext): number | undefined {
  const { current, size } = context;
  if (/^end$/i.test(text)) return size - 1;
  const percent = /^%\s*(\d+(?:\.\d+)?)$|^(\d+(?:\.\d+)?)\s*%$/.exec(text);
  if (percent !== null) {
    const share = Number(percent[1] ?? percent[2]) / 100;
    return share === 1 ? size - 1 : size * share;
  }
  const relative = /^([+-])\s*(.+)$/.exec(text);
  if (relative !== null) {
    const by = parseOffset(relative[2] ?? '');
    return by === undefined ? undefined : current + (relative[1] === '-' ? -by : by);
  }
  return inUnits(text, context) ?? inTables(text, context) ?? parseOffset(withoutCommas(text));
}

/** Clusters and sectors. */
function inUnits(text: string, { clusterSize }: OffsetContext): number | undefined {
  const cluster = /^cluster\s+(\S+)$/i.exec(text);
  if (cluster !== null) return scaled(cluster[1], clusterSize);
  const sector = /^(?:sector|lba)\s+(\S+)$|^(\d+)\s*s$/i.exec(text);
  return sector === null ? undefined : scaled(sector[1] ?? sector[2], SECTOR_BYTES);
}

/** Entries of the tables, as the inspector prints them. */
function inTables(text: string, { current, clusterSize, l1Coverage }: OffsetContext): number | undefined {
  const entry = /^(?:l1\s*\[\s*(\w+)\s*\])?[\s,]*(?:l2\s*\[\s*(\w+)\s*\])?$/i.exec(text);
  if (entry === null || l1Coverage === 0) return undefined;
  const [, l1, l2] = entry;
  if (l1 === undefined && l2 === undefined) return undefined;
  const table = l1 === undefined ? Math.floor(current / l1Coverage) * l1Coverage : scaled(l1, l1Coverage);
  const inside = l2 === undefined ? 0 : scaled(l2, clusterSize);
  if (table === undefined || inside === undefined || inside >= l1Coverage) return undefined;
  return table + inside;
}

/** `1,048,576` without its commas; other texts as they are. */
function withoutCommas(text: string): string {
  return /^\d{1,3}(?:,\d{3})+$/.test(text) ? text.replaceAll(',', '') : text;
}

function scaled(text: string | undefined, unit: number): number | undefined {
  const number = parseOffset(withoutCommas(text ?? ''));
  return number === undefined ? undefined : number * unit;
}
