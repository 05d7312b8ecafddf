/** Whether the window is at rest: nothing being opened, read, loaded or drawn. Tests and pictures wait for it. */
import { invoke } from '../../bridge/bridge.ts';
import { addPainter, drawing, requestDraw } from '../../canvas/frame.ts';
import { currentLoader } from '../chain/chain-data.ts';
import { getState, useStore } from '../store.ts';

/** True while anything is on its way. */
function isBusy(): boolean {
  const { opening, app, error, progress, chain, width } = getState();
  if ((app === undefined && error === undefined) || opening !== undefined || drawing()) return true;
  // A chain whose reading nobody has spoken of yet is about to be read.
  if (chain !== undefined && (width === 0 || progress.length === 0)) return true;
  if (progress.some(({ phase }) => phase === 'waiting' || phase === 'reading')) return true;
  return currentLoader()?.busy() === true;
}

/** Keeps `data-idle` of the document true to the state, and tells the main process of each rest after an opening. */
export function watchIdle(): () => void {
  let told: unknown;
  let checking: ReturnType<typeof setTimeout> | undefined;
  let said: boolean | undefined;
  const say = (idle: boolean) => {
    if (idle !== said) document.documentElement.dataset.idle = String(idle);
    said = idle;
  };
  const check = () => {
    checking = undefined;
    const idle = !isBusy();
    say(idle);
    const { chain, error } = getState();
    const outcome = chain ?? error;
    if (!idle || outcome === undefined || outcome === told) return;
    told = outcome;
    void invoke('app:idle', undefined);
  };
  // After the frame, so that what it asked for counts.
  const later = () => {
    checking ??= setTimeout(check, 0);
  };
  const stopPainter = addPainter(later);
  const stopStore = useStore.subscribe((state, before) => {
    if (state.viewport !== before.viewport || state.chain !== before.chain) requestDraw();
    say(false);
    later();
  });
  requestDraw();
  return () => {
    stopPainter();
    stopStore();
    clearTimeout(checking);
  };
}
