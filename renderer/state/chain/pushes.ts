/** What the main process reports by itself. */
import type { Arrival } from '../../../shared/model/arrival.ts';
import { invoke, listenToPush } from '../../bridge/bridge.ts';
import { requestDraw } from '../../canvas/frame.ts';
import { dataOf } from '../axes/axis-data.ts';
import { takeComparisonState } from '../compare/comparison.ts';
import { refreshSelection } from '../selection/column.ts';
import { getState, setState } from '../store.ts';
import { checkWhenRead } from './check.ts';

/** How long nothing must be read at the selection before it is requested again. */
const REFRESH_MS = 200;

/** What pushes lead to elsewhere in the window. */
export interface PushTargets {
  /** Runs the command of an id. */
  readonly run: (id: string) => void;
  /** Shows what came from outside the window. */
  readonly show: (arrival: Arrival) => void;
}

/** Listens to every push until the returned function is called. */
export function listenToPushes({ run, show }: PushTargets): () => void {
  let refreshing: ReturnType<typeof setTimeout> | undefined;
  // Pushes about a chain begin when the window has subscribed to it; those on their way from a former one are dropped.
  const isOpen = (sessionId: number) => getState().chain?.sessionId === sessionId;
  const stops = [
    listenToPush('app:arrival', show),
    listenToPush('app:command', ({ id }) => run(id)),
    listenToPush('chain:progress', ({ sessionId, layers }) => {
      if (!isOpen(sessionId)) return;
      setState({ progress: layers });
      void checkWhenRead(layers);
    }),
    listenToPush('chain:changed', ({ sessionId, version, start, end }) => {
      if (!isOpen(sessionId)) return;
      dataOf('guest').loader?.invalidate(version, start, end);
      requestDraw();
      const offset = getState().selection?.offset;
      if (offset === undefined || offset < start || offset >= end) return;
      clearTimeout(refreshing);
      refreshing = setTimeout(refreshSelection, REFRESH_MS);
    }),
    listenToPush('chain:filesChanged', ({ sessionId, layers }) => {
      if (isOpen(sessionId)) setState({ changedLayers: layers, announcement: 'Changed on disk' });
    }),
    listenToPush('chain:tracks', ({ sessionId, tracks }) => {
      const { chain } = getState();
      if (chain?.sessionId === sessionId) setState({ chain: { ...chain, tracks } });
    }),
    listenToPush('compare:state', takeComparisonState),
    listenToPush('chain:findings', ({ sessionId, summary }) => {
      if (isOpen(sessionId)) setState({ findings: summary });
    }),
  ];
  return () => {
    clearTimeout(refreshing);
    for (const stop of stops) stop();
  };
}

/** Stops reading; what was read stays. */
export function cancelReading(): Promise<void> {
  return invokeForChain('chain:cancel');
}

/** Continues what was cancelled or failed, where it ended. */
export function retryReading(): Promise<void> {
  return invokeForChain('chain:retry');
}

async function invokeForChain(name: 'chain:cancel' | 'chain:retry'): Promise<void> {
  const sessionId = getState().chain?.sessionId;
  if (sessionId === undefined) return;
  const reply = await invoke(name, { sessionId });
  if (!reply.ok && getState().chain?.sessionId === sessionId) setState({ error: reply.error });
}
