import { useEffect, useRef } from 'react';
import { type ExtentState, STATES } from '../../shared/extent/flags.ts';
import { PRESENT } from '../../shared/ipc/contract.ts';
import { glyphsFor } from '../draw/glyphs.ts';
import { holeSwatchLayout, laneLayout } from '../draw/lane-layout.ts';
import { paintTrack } from '../draw/paint-track.ts';
import { createStrip, MARKS } from '../lod/strip.ts';
import { LEGEND, type LegendKey, type MarkKey } from '../state/legend-keys.ts';
import { useInk } from './theme.ts';

/** Nothing is highlighted: one list for all swatches, since colours are kept by it. */
const NOT_FADED: readonly boolean[] = [];
const WIDTH = 24;
const HEIGHT = 20;

/** The state that a mark is shown on. */
const GROUND: Readonly<Record<MarkKey, ExtentState>> = {
  overrides: 'data',
  holeOverrides: 'zeroHole',
  shadowed: 'data',
  dirty: 'data',
  damaged: 'unallocated',
  overridden: 'data',
};

interface StateSwatchProps {
  readonly of: LegendKey;
  /** Whether a state's letter is written on it, as on narrow runs in the lanes. */
  readonly lettered?: boolean;
}

/** A small picture of a state or mark, painted as in the lanes. */
export function StateSwatch({ of, lettered = false }: StateSwatchProps) {
  const ref = useRef<HTMLCanvasElement>(null);
  const ink = useInk();
  useEffect(() => {
    const canvas = ref.current;
    const context = canvas?.getContext('2d', { alpha: false });
    if (canvas === null || context === null || context === undefined) return;
    const mark = of in PRESENT ? (of as MarkKey) : undefined;
    const state = STATES.indexOf(mark === undefined ? (of as ExtentState) : GROUND[mark]);
    const ratio = Math.max(1, Math.round(devicePixelRatio));
    canvas.width = WIDTH * ratio;
    canvas.height = HEIGHT * ratio;
    const image = new ImageData(canvas.width, canvas.height);
    const strip = createStrip(canvas.width);
    strip.state.fill(state);
    strip.marks.fill(mark === undefined ? 0 : PRESENT[mark]);
    const full = canvas.height;
    const layout = (mark === 'holeOverrides' ? holeSwatchLayout : laneLayout)(full, ratio);
    const plain =
      mark === undefined
        ? { ...layout, bodyEnd: full, notchStart: full, notchEnd: full, holeEnd: full }
        : layout;
    const glyphs = glyphsFor(`500 ${11 * ratio}px ${getComputedStyle(document.body).fontFamily}`, ratio);
    const raster = {
      width: canvas.width,
      height: canvas.height,
      pixels: new Uint32Array(image.data.buffer),
    };
    paintTrack(raster, strip, plain, ink, glyphs, {
      labels: () => (lettered && mark === undefined ? [LEGEND[of].letter] : []),
      faded: NOT_FADED,
      marks: MARKS,
      phase: 0,
    });
    context.putImageData(image, 0, 0);
  }, [of, ink, lettered]);
  return <canvas className="swatch" ref={ref} />;
}
