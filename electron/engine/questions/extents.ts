/** Exact extents of every track. */
import { segmentAt } from '../../../shared/extent/columns.ts';
import { OVERRIDDEN, SHADOWED } from '../../../shared/extent/flags.ts';
import type { SweptPage } from '../../../shared/extent/sweep.ts';
import { layersWith, layerWord, shownStop, shownWord } from '../../../shared/extent/swept-view.ts';
import { type ExtentsReply, MAX_EXACT_EXTENTS } from '../../../shared/ipc/questions.ts';
import type { TrackExtents } from '../../../shared/model/track.ts';
import type { ChainTables } from '../tables/chain-tables.ts';
import { forPages } from './page-loop.ts';

/** Exact extents of every track in [start,end), clipped to the axis, or that there are too many. */
export async function extentsOf(
  tables: ChainTables,
  version: number,
  start: number,
  end: number,
): Promise<ExtentsReply> {
  const { slotCount } = tables;
  const stop = Math.min(end, tables.plan.size);
  const lists = Array.from({ length: slotCount + 1 }, () => ({
    starts: [] as number[],
    words: [] as number[],
    owners: [] as number[],
  }));
  let total = 0;
  const addPage = (page: number): boolean => {
    const swept = tables.sweep(page);
    for (let i = segmentAt(swept, Math.max(0, start - swept.base)); i < swept.count; i++) {
      const at = Math.max(start, swept.base + (swept.starts[i] as number));
      if (at >= stop) break;
      lists.forEach((list, t) => {
        const word = slotWord(swept, t - 1, i);
        const owner = slotStop(swept, t - 1, i);
        if (list.words.at(-1) === word && (t > 0 || list.owners.at(-1) === owner)) return;
        list.starts.push(at);
        list.words.push(word);
        if (t === 0) list.owners.push(owner);
        total++;
      });
      if (total > MAX_EXACT_EXTENTS) return false;
    }
    return true;
  };
  await forPages(tables, start, stop, addPage);
  if (total > MAX_EXACT_EXTENTS) return { tooMany: true, version };
  const tracks = lists.map(
    (list, t): TrackExtents => ({
      track: t === 0 ? 0 : slotCount + 1 - t,
      starts: Float64Array.from(list.starts),
      words: Uint32Array.from(list.words),
      owners: Int16Array.from(list.owners),
    }),
  );
  return { tooMany: false, version, end: stop, tracks: tracks.sort((a, b) => a.track - b.track) };
}

/** Layers hidden at one segment, as slot indexes: by a LOCAL layer above, and by a shorter one. */
export function hiddenAt(swept: SweptPage, segment: number): { overridden: number[]; shadowed: number[] } {
  return {
    overridden: layersWith(swept, segment, OVERRIDDEN),
    shadowed: layersWith(swept, segment, SHADOWED),
  };
}

/** The word of a slot in one segment; slot -1 is the guest's track. */
export function slotWord(swept: SweptPage, slot: number, i: number): number {
  return slot < 0 ? shownWord(swept, i) : layerWord(swept, slot, i);
}

/** Where the walk stops in one segment of the guest's track; -1 on the others, whose extents have no owners. */
export function slotStop(swept: SweptPage, slot: number, i: number): number {
  return slot < 0 ? shownStop(swept, i) : -1;
}

/** True if two segments belong to one extent of a slot: equal words, and for the guest's track one owner. */
export function sameExtent(swept: SweptPage, slot: number, i: number, j: number): boolean {
  return (
    slotWord(swept, slot, i) === slotWord(swept, slot, j) &&
    slotStop(swept, slot, i) === slotStop(swept, slot, j)
  );
}
