/** Whether the window is at rest: nothing is being opened, read, loaded or drawn. Tests and screenshots wait for it. */
import { AXIS_IDS } from '../../axis/axis-id.ts';
import { invoke } from '../../bridge/bridge.ts';
import { addPainter, isFrameDue, requestDraw } from '../../canvas/frame.ts';
import { dataOf } from '../axes/axis-data.ts';
import { isComparingNow } from '../compare/compare-state.ts';
import { getAxis, getState, useStore } from '../store.ts';
import { shownView } from '../views.ts';

/** Milliseconds between two looks at a page that is still empty. */
const RENDER_CHECK_MS = 10;

/** True while anything is on its way. */
function isBusy(): boolean {
  const { opening, app, error, progress, chain, planner, compare, check } = getState();
  if ((app === undefined && error === undefined) || opening !== undefined || isFrameDue()) return true;
  if (isUnrendered()) return true;
  // A chain without progress is about to be read.
  if (chain !== undefined && (isUnmeasured() || progress.length === 0)) return true;
  if (planner?.isRunning === true || isComparingNow(compare)) return true;
  if (check.phase === 'estimating' || check.phase === 'running') return true;
  if (progress.some(({ phase }) => phase === 'waiting' || phase === 'reading')) return true;
  return AXIS_IDS.some(axis => dataOf(axis).isBusy);
}

/** True until the view has been laid out. */
function isUnmeasured(): boolean {
  const view = shownView(getState());
  const { phase } = getState().host.map;
  if (view?.axis === 'host' && phase !== 'mapped') return phase !== 'refused';
  return view?.isList !== true && getAxis(view?.axis ?? 'guest').width === 0;
}

/** True until React has put something on the page. */
function isUnrendered(): boolean {
  return document.getElementById('root')?.childElementCount === 0;
}

/** Keeps `data-idle` of the document up to date, and tells the main process when the window rests after its start or an opening. */
export function watchIdle(): () => void {
  let reported: unknown;
  let checking: ReturnType<typeof setTimeout> | undefined;
  let shown: boolean | undefined;
  const showIdle = (idle: boolean) => {
    if (idle !== shown) document.documentElement.dataset.idle = String(idle);
    shown = idle;
  };
  const check = () => {
    checking = undefined;
    const idle = !isBusy();
    showIdle(idle);
    if (isUnrendered()) later();
    const { app, chain, error } = getState();
    const outcome = chain ?? error ?? app;
    if (!idle || outcome === undefined || outcome === reported) return;
    reported = outcome;
    void invoke('app:idle', undefined);
  };
  // After the frame, so that requests made in it count.
  const later = () => {
    checking ??= setTimeout(check, isUnrendered() ? RENDER_CHECK_MS : 0);
  };
  const stopPainter = addPainter(later);
  const stopStore = useStore.subscribe((state, before) => {
    const hasMoved = AXIS_IDS.some(axis => state.axes[axis].viewport !== before.axes[axis].viewport);
    if (hasMoved || state.chain !== before.chain) requestDraw();
    showIdle(false);
    later();
  });
  requestDraw();
  return () => {
    stopPainter();
    stopStore();
    clearTimeout(checking);
  };
}
