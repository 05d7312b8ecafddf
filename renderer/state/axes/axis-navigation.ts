/** Moving over an axis. Every move ends in `setViewport`; a viewport that was rested at goes into the history. */
import { type AxisId, perAxis } from '../../axis/axis-id.ts';
import { bytesPerPx, interpolateViewport } from '../../axis/scale.ts';
import {
  type AxisBounds,
  clampViewport,
  panBy,
  revealOffset,
  type Viewport,
  wholeAxis,
  withMargin,
  zoomAt,
} from '../../axis/viewport.ts';
import { animateFrames, requestDraw } from '../../canvas/frame.ts';
import { getAxis, setAxis } from '../store.ts';
import { travelHistory, visitView } from './history.ts';

/** How long a viewport must rest before it counts as visited. */
const SETTLE_MS = 500;
/** How long a glide takes. */
const GLIDE_MS = 160;

/** What one key press makes of the span, and pans as a share of it. */
export const KEY_ZOOM_FACTOR = 0.6;
export const KEY_PAN_SHARE = 0.25;

/** Moves the viewport of one axis. */
export class AxisNavigation {
  readonly #axis: AxisId;
  #settling: ReturnType<typeof setTimeout> | undefined;
  /** Moves begun so far: a glide ends when another move begins. */
  #moves = 0;

  constructor(axis: AxisId) {
    this.#axis = axis;
  }

  /** The viewport. */
  get viewport(): Viewport {
    return getAxis(this.#axis).viewport;
  }

  /** The length of the axis and the width of what is drawn along it. */
  get bounds(): AxisBounds {
    const { size, width } = getAxis(this.#axis);
    return { size, width: Math.max(width, 1) };
  }

  /** Shows the nearest possible viewport at once. It goes into the history, unless `remember` is false. */
  setViewport(view: Viewport, remember = true): void {
    this.#moves++;
    setAxis(this.#axis, { viewport: clampViewport(view, this.bounds) });
    requestDraw();
    clearTimeout(this.#settling);
    if (remember) this.#settling = setTimeout(() => this.#settle(), SETTLE_MS);
  }

  /** Glides to a viewport; at once where the person prefers reduced motion. */
  glideTo(view: Viewport, remember = true): void {
    if (matchMedia('(prefers-reduced-motion: reduce)').matches) {
      this.setViewport(view, remember);
      return;
    }
    const to = clampViewport(view, this.bounds);
    const viewportAt = interpolateViewport(this.viewport, to);
    const move = ++this.#moves;
    let begun = 0;
    animateFrames(time => {
      if (move !== this.#moves) return false;
      if (begun === 0) begun = time;
      const share = Math.min(1, (time - begun) / GLIDE_MS);
      if (share === 1) {
        this.setViewport(to, remember);
        return false;
      }
      setAxis(this.#axis, { viewport: viewportAt(easeOutCubic(share)) });
      return true;
    });
  }

  /** Ends a glide and forgets the viewport that was about to be remembered: another disk lies along the axis now. */
  stop(): void {
    this.#moves++;
    clearTimeout(this.#settling);
  }

  /** Zooms at once by a factor of the span (below 1 zooms in), with the offset `at` staying where it is. */
  zoomAt(factor: number, at: number): void {
    this.setViewport(zoomAt(this.viewport, factor, at, this.bounds));
  }

  /** Glides to a zoom by a factor of the span, around the offset `at` if that is on screen, else around the middle. */
  glideZoom(factor: number, at?: number): void {
    const { start, end } = this.viewport;
    const anchor = at !== undefined && at >= start && at < end ? at : (start + end) / 2;
    this.glideTo(zoomAt(this.viewport, factor, anchor, this.bounds));
  }

  /** Glides by a share of what is on screen (negative is left). */
  panByShare(share: number): void {
    const { start, end } = this.viewport;
    this.glideTo(panBy(this.viewport, (end - start) * share, this.bounds));
  }

  /** Moves by CSS pixels at once. */
  panByPx(px: number): void {
    const { viewport, width } = getAxis(this.#axis);
    this.setViewport(panBy(viewport, px * bytesPerPx(viewport, width), this.bounds));
  }

  /** Shows the whole axis. */
  fitAll(): void {
    this.glideTo(wholeAxis(this.bounds));
  }

  /** Shows [start, end) with a margin. */
  fitRange(start: number, end: number): void {
    this.glideTo(withMargin(start, end, this.bounds));
  }

  /** Glides to the start or the end of the axis, without zooming. */
  goToEdge(edge: 'start' | 'end'): void {
    const { start, end } = this.viewport;
    const { size } = this.bounds;
    this.glideTo(
      edge === 'end' ? { start: size - (end - start), end: size } : { start: 0, end: end - start },
    );
  }

  /** Shows an offset in the middle, without zooming. */
  centerOn(offset: number): void {
    const { start, end } = this.viewport;
    const half = (end - start) / 2;
    this.glideTo({ start: offset - half, end: offset + half });
  }

  /** Moves no further than needed to have an offset on screen. */
  reveal(offset: number): void {
    const view = revealOffset(this.viewport, offset, this.bounds);
    if (view !== this.viewport) this.glideTo(view);
  }

  /** Goes back (negative) or forward through the viewports that were visited. */
  goInHistory(steps: number): void {
    clearTimeout(this.#settling);
    this.#settle();
    const history = travelHistory(getAxis(this.#axis).history, steps);
    const view = history?.visited[history.at];
    if (history === undefined || view === undefined) return;
    setAxis(this.#axis, { history });
    this.glideTo(view, false);
  }

  #settle(): void {
    const { history, viewport } = getAxis(this.#axis);
    setAxis(this.#axis, { history: visitView(history, viewport) });
  }
}

const NAVIGATIONS = perAxis(axis => new AxisNavigation(axis));

/** Moves the viewport of an axis. */
export function navigationOf(axis: AxisId): AxisNavigation {
  return NAVIGATIONS[axis];
}

/** Fast at first, slow at the end. */
function easeOutCubic(share: number): number {
  return 1 - (1 - share) ** 3;
}
