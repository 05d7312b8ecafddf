/**
 * Deep links, to a place on a chain: `cowscope://open?path=/images/top.qcow2#at=0x50000&len=65536&view=chain`. They are made here,
 * and followed by electron/shell/deep-link.ts.
 */
import type { StartView } from '../model/arrival.ts';

/** Most files of a link: a person who is asked reads every one. */
export const MAX_LINK_FILES = 10;
/** Longest link, in characters. */
export const MAX_LINK_CHARACTERS = 2 ** 14;

/** The link to files that are open, and to what of them is looked at; undefined where that is more than a link may hold. */
export function deepLink(files: readonly string[], { at, length, view }: StartView): string | undefined {
  const paths = files.map(file => `path=${encodeURIComponent(file)}`).join('&');
  const start = [
    ...(at === undefined ? [] : [`at=0x${at.toString(16)}`]),
    ...(length === undefined ? [] : [`len=${length}`]),
    ...(view === undefined ? [] : [`view=${view}`]),
  ].join('&');
  const link = `cowscope://open?${paths}${start === '' ? '' : `#${start}`}`;
  return files.length > MAX_LINK_FILES || link.length > MAX_LINK_CHARACTERS ? undefined : link;
}
