import { type RefObject, useEffect } from 'react';
import { offsetAt } from '../../../axis/viewport.ts';
import { fitRange, panByPx, zoomBy } from '../../../state/navigation/navigation.ts';
import { probeTrack } from '../../../state/selection/probe-track.ts';
import { selectAt } from '../../../state/selection/selection.ts';
import { getState, setState } from '../../../state/store.ts';

/** Pixels the pointer must move before a press becomes a drag. */
const THRESHOLD = 3;
/** Wheel units that halve the span. */
const HALVING = 240;
/** Pixels of a wheel line. */
const LINE = 24;

/** Wheel zooms at the pointer, Shift+wheel and drag pan, click selects, double click fits, right click opens the menu; moving shows the crosshair. */
export function useLanePointer(ref: RefObject<HTMLCanvasElement | null>, track: number): void {
  useEffect(() => {
    const canvas = ref.current;
    if (canvas === null) return;
    let pressed: { x: number; moved: boolean } | undefined;
    const pxOfEvent = (event: MouseEvent) => event.clientX - canvas.getBoundingClientRect().left;
    const offsetOf = (event: MouseEvent) => offsetAt(getState().viewport, pxOfEvent(event), getState().width);

    const onWheel = (event: WheelEvent) => {
      event.preventDefault();
      const unit = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? LINE : 1;
      const sideways = event.deltaX * unit;
      const upright = event.deltaY * unit;
      if (event.shiftKey) panByPx(upright !== 0 ? upright : sideways);
      else if (Math.abs(sideways) > Math.abs(upright)) panByPx(sideways);
      // A pinch arrives as Ctrl+wheel in small steps.
      else zoomBy(2 ** ((upright * (event.ctrlKey ? 4 : 1)) / HALVING), offsetOf(event));
    };
    const onMove = (event: PointerEvent) => {
      if (getState().width === 0) return; // not laid out yet
      if (pressed === undefined) {
        setState({ hover: { track, offset: Math.floor(offsetOf(event)), px: pxOfEvent(event) } });
        return;
      }
      if (!pressed.moved && Math.abs(event.clientX - pressed.x) < THRESHOLD) return;
      if (!pressed.moved) setState({ hover: undefined });
      pressed.moved = true;
      canvas.dataset.dragging = 'true';
      panByPx(pressed.x - event.clientX);
      pressed.x = event.clientX;
    };
    const onDown = (event: PointerEvent) => {
      if (event.button !== 0) return;
      pressed = { x: event.clientX, moved: false };
      canvas.setPointerCapture(event.pointerId);
    };
    const onUp = (event: PointerEvent) => {
      const click = pressed !== undefined && !pressed.moved;
      pressed = undefined;
      delete canvas.dataset.dragging;
      if (click && event.type === 'pointerup') void selectAt({ track, offset: offsetOf(event) });
    };
    const onLeave = () => {
      if (getState().hover?.track === track) setState({ hover: undefined });
    };
    const onDoubleClick = (event: MouseEvent) => {
      const found = probeTrack(track, offsetOf(event));
      if (found !== undefined) fitRange(found.start, found.end);
    };

    const onContextMenu = (event: MouseEvent) => {
      event.preventDefault();
      setState({ hover: undefined, dialog: { kind: 'menu', x: event.clientX, y: event.clientY } });
      void selectAt({ track, offset: offsetOf(event) });
    };

    canvas.addEventListener('wheel', onWheel, { passive: false });
    canvas.addEventListener('pointermove', onMove);
    canvas.addEventListener('pointerdown', onDown);
    canvas.addEventListener('pointerup', onUp);
    canvas.addEventListener('pointercancel', onUp);
    canvas.addEventListener('pointerleave', onLeave);
    canvas.addEventListener('dblclick', onDoubleClick);
    canvas.addEventListener('contextmenu', onContextMenu);
    return () => {
      canvas.removeEventListener('wheel', onWheel);
      canvas.removeEventListener('pointermove', onMove);
      canvas.removeEventListener('pointerdown', onDown);
      canvas.removeEventListener('pointerup', onUp);
      canvas.removeEventListener('pointercancel', onUp);
      canvas.removeEventListener('pointerleave', onLeave);
      canvas.removeEventListener('dblclick', onDoubleClick);
      canvas.removeEventListener('contextmenu', onContextMenu);
    };
  }, [ref, track]);
}
