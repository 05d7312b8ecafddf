/** Which view is shown. The views themselves are registered in renderer/views/registry.ts. */
import type { AxisId } from '../axis/axis-id.ts';
import { requestDraw } from '../canvas/frame.ts';
import { type AxisNavigation, navigationOf } from './axes/axis-navigation.ts';
import { getState, setState } from './store.ts';
import type { ViewInfo } from './view-info.ts';

/** Sets the views that can be chosen, in their order. The first is shown until another is chosen. */
export function offerViews(views: readonly ViewInfo[]): void {
  setState({ views });
}

/** Shows a view. The pointer is over nothing of it until it moves. */
export function showView(id: string): void {
  setState({ viewId: id, hover: undefined });
  requestDraw();
}

/** The view that is shown: the chosen one, else the first. Undefined while none is offered. */
export function shownView<V extends ViewInfo>({
  views,
  viewId,
}: {
  readonly views: readonly V[];
  readonly viewId: string;
}): V | undefined {
  return views.find(({ id }) => id === viewId) ?? views[0];
}

/** The id of the view that shows the tracks of the chain. */
const TRACKS_VIEW = 'chain';

/** True while the tracks of the chain are shown. */
export function areTracksShown(): boolean {
  return shownView(getState())?.id === TRACKS_VIEW;
}

/** Shows the tracks of the chain. */
export function showTracks(): void {
  showView(TRACKS_VIEW);
}

/** Shows the tracks of the chain, and calls `act` once they are there. */
export function onTracks(act: () => unknown): void {
  if (areTracksShown()) {
    act();
    return;
  }
  showTracks();
  requestAnimationFrame(() => void act());
}

/** The axis of the view that is shown. */
export function currentAxis(): AxisId {
  return shownView(getState())?.axis ?? 'guest';
}

/** Moves over the axis of the view that is shown. */
export function currentNavigation(): AxisNavigation {
  return navigationOf(currentAxis());
}
