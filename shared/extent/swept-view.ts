/** What one segment of a swept page holds. */
import type { SweptPage } from './sweep.ts';

/** The word that the guest sees in segment `i`: that of the layer where the walk stops, dirty where any bitmap is. */
export function guestWord(swept: SweptPage, i: number): number {
  return swept.guest[swept.combos[i] as number] as number;
}

/** The word that the guest's track shows in segment `i`: past the end of a layer nothing is stored. */
export function shownWord(swept: SweptPage, i: number): number {
  return swept.shown[swept.combos[i] as number] as number;
}

/** The layer where the walk stops in segment `i`, as the guest's track shows it; -1 where nothing is stored. */
export function shownStop(swept: SweptPage, i: number): number {
  return swept.shownStops[swept.combos[i] as number] as number;
}

/** The layer where the walk stops in segment `i`, -1 where every layer is absent. */
export function stopAt(swept: SweptPage, i: number): number {
  return swept.stops[swept.combos[i] as number] as number;
}

/** The word of one layer in segment `i`, with marks. */
export function layerWord(swept: SweptPage, layer: number, i: number): number {
  return (swept.words[layer] as Uint32Array)[swept.combos[i] as number] as number;
}

/** Indexes of the layers whose word carries `mark` in a combination, base first. */
export function layersWithMark(swept: SweptPage, combo: number, mark: number): number[] {
  const found: number[] = [];
  for (let layer = 0; layer < swept.words.length; layer++)
    if (((swept.words[layer] as Uint32Array)[combo] as number) & mark) found.push(layer);
  return found;
}

/** Indexes of the layers whose word carries `mark` in segment `i`, base first. */
export function layersWith(swept: SweptPage, i: number, mark: number): number[] {
  return layersWithMark(swept, swept.combos[i] as number, mark);
}
