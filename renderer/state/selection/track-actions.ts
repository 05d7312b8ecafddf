/** Actions on one track, and small actions of the keyboard. */

import { ownerTrack } from '../../../shared/model/tracks.ts';
import { pxOf } from '../../axis/scale.ts';
import { announce, getAxis, getState, setState, toggled } from '../store.ts';
import { plainHex, plainRange } from './copy-forms.ts';
import { goTo, selectAt, selectedExtent } from './selection.ts';

/** Shows a track as a table, or as a picture again, and gives the new one the focus. */
export function toggleTable(track: number): void {
  setState({ tables: toggled(getState().tables, track), focusedTrack: track });
  requestAnimationFrame(() => focusElement(`[data-track="${track}"] [data-twin]`));
}

/** Folds or unfolds a track. */
export function toggleTrack(track: number): void {
  setState({ hidden: toggled(getState().hidden, track) });
}

/** Moves the focus to the track above (-1) or below (1), with the selection. */
export function focusTrack(step: number): void {
  const { chain, focusedTrack, selection, hidden } = getState();
  const shown = (chain?.tracks ?? []).filter(track => !hidden.has(track.id));
  const at = shown.findIndex(track => track.id === focusedTrack);
  const track = shown[Math.min(Math.max(at + step, 0), shown.length - 1)];
  if (track === undefined) return;
  setState({ focusedTrack: track.id });
  focusElement(`[data-track="${track.id}"] [data-twin]`);
  if (selection !== undefined) void goTo({ track: track.id, offset: selection.offset });
}

/** Opens the context menu of the selection beside its track; with nothing selected, of the first offset on screen. */
export async function openContextMenu(): Promise<void> {
  const { selection, focusedTrack } = getState();
  const { viewport, width } = getAxis('guest');
  const target = selection ?? { track: focusedTrack, offset: Math.ceil(viewport.start) };
  if (selection === undefined) await selectAt(target);
  const box = document.querySelector(`[data-track="${target.track}"] [data-twin]`)?.getBoundingClientRect();
  const px = Math.min(Math.max(pxOf(viewport, target.offset, width), 0), width);
  setState({ dialog: { kind: 'menu', x: (box?.left ?? 0) + px, y: box?.bottom ?? 0 } });
}

/** Selects the same offset on the track of the layer that is read there. */
export function goToOwner(): void {
  const { chain, inspection } = getState();
  if (chain === undefined || inspection === undefined) {
    announce('Select an extent first');
    return;
  }
  const owner = ownerTrack(chain, inspection.owner);
  if (owner === undefined) {
    announce('No layer is known to hold this offset');
    return;
  }
  setState({ hidden: new Set([...getState().hidden].filter(id => id !== owner.id)) });
  void selectAt({ track: owner.id, offset: inspection.offset });
  requestAnimationFrame(() => focusElement(`[data-track="${owner.id}"] [data-twin]`));
}

/** Selects the start of the next (or previous) cluster of the focused track's layer. */
export function moveByCluster(step: number): void {
  const { chain, focusedTrack, selection } = getState();
  if (chain === undefined) return;
  const layer = chain.tracks.find(track => track.id === focusedTrack)?.layer ?? -1;
  const { clusterSize } = chain.chain.layers[layer] ?? chain.chain.layers.at(-1) ?? { clusterSize: 65536 };
  const unit = clusterSize > 1 ? clusterSize : 65536;
  const offset = selection?.offset ?? getAxis('guest').viewport.start;
  void goTo({ track: focusedTrack, offset: (Math.floor(offset / unit) + step) * unit });
}

/** Copies the range, or where the selection starts, as text. Text that is selected in the document is left to the system. */
export function copySelection(): void {
  if (getSelection()?.toString() !== '') return;
  const { range, selection } = getState();
  const extent = range ?? selectedExtent();
  if (range !== undefined) void copyText(plainRange(range.start, range.end));
  else if (selection !== undefined) void copyText(plainHex(extent?.start ?? selection.offset));
  else announce('Select an extent first');
}

/** Puts a text on the clipboard, and announces `what` was copied: the text itself, unless it is long. */
export async function copyText(text: string, what = text.length > 60 ? 'the text' : text): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    announce(`Copied ${what}`);
  } catch {
    announce('The clipboard could not be used');
  }
}

/** Focuses the first element of a selector, if it is there. */
export function focusElement(selector: string): void {
  const element = document.querySelector<HTMLElement>(selector);
  element?.focus();
  if (element instanceof HTMLInputElement) element.select();
}
