/** The pointer on something that is drawn along an axis: it moves the axis, and tells what it points at. */
import type { AxisId } from '../../axis/axis-id.ts';
import { offsetAt } from '../../axis/scale.ts';
import { navigationOf } from '../../state/axes/axis-navigation.ts';
import { getAxis } from '../../state/store.ts';

/** How far the pointer must move before a press becomes a drag. */
export const DRAG_THRESHOLD_PX = 3;
/** Pixels of the wheel that double the span, and pixels in a wheel line. */
const WHEEL_DOUBLING_PX = 240;
const WHEEL_LINE_PX = 24;
/** A pinch arrives as Ctrl+wheel in small steps. */
const PINCH_FACTOR = 4;

/** What the pointer is at: an offset, maybe a fraction, and the CSS pixel from the element's left edge. */
export interface AxisPoint {
  readonly offset: number;
  readonly px: number;
}

/** What is done where the pointer moves or presses, beside panning and zooming. */
export interface AxisPointerActions {
  /** The pointer moves without a button pressed. */
  onHover(point: AxisPoint): void;
  /** The pointer leaves the element, or begins to drag. */
  onHoverEnd(): void;
  onClick(point: AxisPoint): void;
  onDoubleClick(point: AxisPoint): void;
  onContextMenu(point: AxisPoint, event: MouseEvent): void;
}

/** Wheel zooms at the pointer; Shift+wheel, a sideways wheel and a drag pan. */
export class AxisPointer {
  readonly #element: HTMLElement;
  readonly #axis: AxisId;
  readonly #actions: AxisPointerActions;
  #press: { x: number; hasMoved: boolean } | undefined;

  constructor(element: HTMLElement, axis: AxisId, actions: AxisPointerActions) {
    this.#element = element;
    this.#axis = axis;
    this.#actions = actions;
  }

  /** Listens until the returned function is called. */
  listen(): () => void {
    const stop = new AbortController();
    const { signal } = stop;
    const element = this.#element;
    element.addEventListener('wheel', event => this.#onWheel(event), { passive: false, signal });
    element.addEventListener('pointermove', event => this.#onMove(event), { signal });
    element.addEventListener('pointerdown', event => this.#onDown(event), { signal });
    element.addEventListener('pointerup', event => this.#onUp(event), { signal });
    element.addEventListener('pointercancel', event => this.#onUp(event), { signal });
    element.addEventListener('pointerleave', () => this.#actions.onHoverEnd(), { signal });
    element.addEventListener('dblclick', event => this.#actions.onDoubleClick(this.#pointOf(event)), {
      signal,
    });
    element.addEventListener(
      'contextmenu',
      event => {
        event.preventDefault();
        this.#actions.onContextMenu(this.#pointOf(event), event);
      },
      { signal },
    );
    return () => stop.abort();
  }

  #pointOf(event: MouseEvent): AxisPoint {
    const { viewport, width } = getAxis(this.#axis);
    const px = event.clientX - this.#element.getBoundingClientRect().left;
    return { offset: offsetAt(viewport, px, width), px };
  }

  #onWheel(event: WheelEvent): void {
    event.preventDefault();
    const navigation = navigationOf(this.#axis);
    const unit = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? WHEEL_LINE_PX : 1;
    const x = event.deltaX * unit;
    const y = event.deltaY * unit;
    if (event.shiftKey) navigation.panByPx(y !== 0 ? y : x);
    else if (Math.abs(x) > Math.abs(y)) navigation.panByPx(x);
    else {
      const doublings = (y * (event.ctrlKey ? PINCH_FACTOR : 1)) / WHEEL_DOUBLING_PX;
      navigation.zoomAt(2 ** doublings, this.#pointOf(event).offset);
    }
  }

  #onMove(event: PointerEvent): void {
    if (getAxis(this.#axis).width === 0) return; // not laid out yet
    const press = this.#press;
    if (press === undefined) {
      this.#actions.onHover(this.#pointOf(event));
      return;
    }
    if (!press.hasMoved && Math.abs(event.clientX - press.x) < DRAG_THRESHOLD_PX) return;
    if (!press.hasMoved) this.#actions.onHoverEnd();
    press.hasMoved = true;
    this.#element.dataset.dragging = 'true';
    navigationOf(this.#axis).panByPx(press.x - event.clientX);
    press.x = event.clientX;
  }

  #onDown(event: PointerEvent): void {
    if (event.button !== 0) return;
    this.#press = { x: event.clientX, hasMoved: false };
    this.#element.setPointerCapture(event.pointerId);
  }

  #onUp(event: PointerEvent): void {
    const isClick = this.#press?.hasMoved === false && event.type === 'pointerup';
    this.#press = undefined;
    delete this.#element.dataset.dragging;
    if (isClick) this.#actions.onClick(this.#pointOf(event));
  }
}
