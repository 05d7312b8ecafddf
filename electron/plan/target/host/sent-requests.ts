/**
 * The requests of a job as they come to the target's file, and which of them nothing else can come between.
 * Source: qemu's block/mirror.c (mirror_iteration, mirror_perform, mirror_co_read), compared with qemu 7.2 and 10.0.
 */
import type { HoleRange } from '../../layers/host-holes.ts';
import type { HostEvent } from './host-events.ts';

/** A request. */
export interface SentRequest {
  /** What it does to the file, in its order. */
  readonly events: readonly HostEvent[];
  /** It reads no file, so its first step is done when it is sent. Others are done when their data was read. */
  readonly isImmediate: boolean;
  /** Where it is sent in parts, none of those under way goes on between them. */
  readonly isSentTogether: boolean;
  /** It is sent right after the one before it: none of those under way goes on between the two. */
  readonly followsAtOnce: boolean;
  /** Other requests may come between its last event and those before it. */
  readonly hasTail: boolean;
  /** It gives no cluster back before its last step has taken its own, if there are no more than {@link MAX_TASKS} before. */
  readonly releasesLast: boolean;
}

/**
 * Steps of one write that are under way together at most: QCOW2_MAX_WORKERS of qemu's block/qcow2.h. Where threads write,
 * qcow2_co_pwritev_part takes the clusters of the next step before it looks whether an earlier one has ended.
 */
export const MAX_TASKS = 8;

/** Ways to cut requests that are looked at. */
const MAX_VARIANTS = 64;

/**
 * All ways to send requests whole or in parts, each part as a request by itself, where qemu may find `holes` in the data of
 * a request. Parts end at multiples of `granularity`. Undefined where there are too many ways.
 */
export function withAllCuts(
  requests: readonly SentRequest[],
  holes: ReadonlyMap<SentRequest, readonly HoleRange[]>,
  granularity: number,
): SentRequest[][] | undefined {
  let variants: SentRequest[][] = [[]];
  for (const request of requests) {
    const ways = waysToCut(request, placesToCut(request, holes.get(request) ?? [], granularity));
    if (ways === undefined || variants.length * ways.length > MAX_VARIANTS) return undefined;
    variants = variants.flatMap(before => ways.map(way => [...before, ...way]));
  }
  return variants;
}

/**
 * Where a request may be cut: qemu's answer ends where a hole begins or ends, and a part where its answer ends, rounded down
 * to the granularity, or up for the first granule of a part.
 */
function placesToCut({ events }: SentRequest, holes: readonly HoleRange[], granularity: number): number[] {
  const places: number[] = [];
  const [{ start, end } = { start: 0, end: 0 }] = events;
  for (const [from, to] of holes) {
    const first = Math.ceil((from - granularity - start) / granularity);
    const last = Math.floor((to + granularity - start) / granularity);
    for (let granule = Math.max(1, first); granule <= last; granule++) {
      const place = start + granule * granularity;
      if (place < end && place > (places.at(-1) ?? start)) places.push(place);
    }
  }
  return places;
}

function waysToCut(request: SentRequest, places: readonly number[]): SentRequest[][] | undefined {
  if (places.length === 0) return [[request]];
  const [event] = request.events;
  if (event === undefined || request.events.length > 1 || 2 ** places.length > MAX_VARIANTS) return undefined;
  const { kind, start, end } = event;
  const part = (from: number, to: number): SentRequest => ({
    ...request,
    events: [{ kind, start: from, end: to }],
    followsAtOnce: from === start ? request.followsAtOnce : request.isSentTogether,
  });
  return Array.from({ length: 2 ** places.length }, (_, cuts) => {
    const ends = [...places.filter((_, place) => (cuts & (1 << place)) !== 0), end];
    return ends.map((to, index) => part(ends[index - 1] ?? start, to));
  });
}
