/** The link to what the window shows. */
import { deepLink } from '../../../shared/text/deep-link.ts';
import { announce, getAxis, getState } from '../store.ts';
import { shownView } from '../views.ts';
import { copyText } from './track-actions.ts';

/** Copies the link that opens this chain again and shows the same part of it: the range, the selection or the viewport. */
export async function copyLink(): Promise<void> {
  const { target } = getState();
  if (target?.kind !== 'files') return announce('An NBD address is its own link');
  const link = deepLink(target.files, { ...shownBytes(), ...shownViewId() });
  if (link === undefined) announce('A link names at most 10 files, and 16,384 characters');
  else await copyText(link);
}

function shownBytes(): { readonly at: number; readonly length?: number } {
  const { range, selection } = getState();
  if (range !== undefined) return { at: range.start, length: range.end - range.start };
  if (selection !== undefined) return { at: selection.offset };
  const { start, end } = getAxis('guest').viewport;
  return { at: Math.floor(start), length: Math.ceil(end - start) };
}

function shownViewId(): { readonly view?: string } {
  const view = shownView(getState());
  return view === undefined ? {} : { view: view.id };
}
