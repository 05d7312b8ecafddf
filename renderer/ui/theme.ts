/** The color set of the theme in force, for what is painted rather than styled. */
import { useSyncExternalStore } from 'react';
import { type ColorSet, colorSetOf } from '../../shared/draw/color-set.ts';
import { DARK_PALETTE, LIGHT_PALETTE, type Palette } from '../../shared/palette.ts';
import { followFonts, fontVersion } from '../canvas/fonts.ts';
import { getState, useStore } from '../state/store.ts';

const DARK = matchMedia('(prefers-color-scheme: dark)');
const FORCED = matchMedia('(forced-colors: active)');

let known: { readonly key: string; readonly colorSet: ColorSet } | undefined;

/** The color set now. The same object until the theme changes, or fonts were loaded in which texts are drawn. */
export function currentColorSet(): ColorSet {
  const { theme } = getState();
  const forced = FORCED.matches;
  const dark = theme === 'system' ? DARK.matches : theme === 'dark';
  const key = `${forced} ${dark} ${fontVersion()}`;
  if (known?.key !== key)
    known = { key, colorSet: colorSetOf(forced ? systemPalette() : dark ? DARK_PALETTE : LIGHT_PALETTE) };
  return known.colorSet;
}

/** The color set now, for a component that paints again when it is another one. */
export function useColorSet(): ColorSet {
  return useSyncExternalStore(subscribe, currentColorSet);
}

function subscribe(changed: () => void): () => void {
  const lists = [DARK, FORCED];
  for (const list of lists) list.addEventListener('change', changed);
  const stopFonts = followFonts(changed);
  const stop = useStore.subscribe((state, before) => {
    if (state.theme !== before.theme) changed();
  });
  return () => {
    for (const list of lists) list.removeEventListener('change', changed);
    stop();
    stopFonts();
  };
}

/** Forced colors: the system's few colors; pattern, letter and position distinguish states. */
function systemPalette(): Palette {
  const probe = document.createElement('span');
  document.body.append(probe);
  const color = (name: string) => {
    probe.style.color = name;
    return hexOfComputed(getComputedStyle(probe).color);
  };
  const palette: Palette = {
    states: {
      data: color('CanvasText'),
      compressed: color('GrayText'),
      zeroAllocated: color('LinkText'),
      zeroHole: color('Canvas'),
      unallocated: color('Canvas'),
      dirty: color('Highlight'),
      override: color('CanvasText'),
      corrupt: color('VisitedText'),
      outOfRange: color('GrayText'),
    },
    lane: color('Canvas'),
    frame: color('CanvasText'),
    compressedEdge: color('Canvas'),
    zeroHoleEdge: color('CanvasText'),
  };
  probe.remove();
  return palette;
}

/** A computed color, `rgb(...)`, as `#rrggbb`. */
export function hexOfComputed(computed: string): string {
  const channels = computed.match(/\d+/g)?.slice(0, 3) ?? ['0', '0', '0'];
  return `#${channels.map(channel => Number(channel).toString(16).padStart(2, '0')).join('')}`;
}
