/** The ink of the theme in force, for what is painted rather than styled. */
import { useSyncExternalStore } from 'react';
import { DARK_PALETTE, LIGHT_PALETTE, type Palette } from '../../shared/palette.ts';
import { type Ink, inkOf } from '../draw/ink.ts';
import { now, useStore } from '../state/store.ts';

const DARK = matchMedia('(prefers-color-scheme: dark)');
const FORCED = matchMedia('(forced-colors: active)');

let known: { readonly key: string; readonly ink: Ink } | undefined;

/** The ink now. The same object until the theme changes. */
export function currentInk(): Ink {
  const { theme } = now();
  const forced = FORCED.matches;
  const dark = theme === 'system' ? DARK.matches : theme === 'dark';
  const key = `${forced} ${dark}`;
  if (known?.key !== key)
    known = { key, ink: inkOf(forced ? systemPalette() : dark ? DARK_PALETTE : LIGHT_PALETTE) };
  return known.ink;
}

/** The ink now, for a component that paints again when the theme changes. */
export function useInk(): Ink {
  return useSyncExternalStore(subscribe, currentInk);
}

function subscribe(changed: () => void): () => void {
  const lists = [DARK, FORCED];
  for (const list of lists) list.addEventListener('change', changed);
  const stop = useStore.subscribe((state, before) => {
    if (state.theme !== before.theme) changed();
  });
  return () => {
    for (const list of lists) list.removeEventListener('change', changed);
    stop();
  };
}

/** Forced colours: the system's own few, told apart by pattern, letter and place. */
function systemPalette(): Palette {
  const probe = document.createElement('span');
  document.body.append(probe);
  const colour = (name: string) => {
    probe.style.color = name;
    return hexOf(getComputedStyle(probe).color);
  };
  const palette: Palette = {
    states: {
      data: colour('CanvasText'),
      compressed: colour('GrayText'),
      zeroAllocated: colour('LinkText'),
      zeroHole: colour('Canvas'),
      unallocated: colour('Canvas'),
      dirty: colour('Highlight'),
      override: colour('CanvasText'),
      corrupt: colour('VisitedText'),
      outOfRange: colour('GrayText'),
    },
    lane: colour('Canvas'),
    frame: colour('CanvasText'),
    compressedEdge: colour('Canvas'),
    zeroHoleEdge: colour('CanvasText'),
  };
  probe.remove();
  return palette;
}

/** A computed colour, `rgb(...)`, as `#rrggbb`. */
export function hexOf(computed: string): string {
  const channels = computed.match(/\d+/g)?.slice(0, 3) ?? ['0', '0', '0'];
  return `#${channels.map(channel => Number(channel).toString(16).padStart(2, '0')).join('')}`;
}
