/** What the main process says by itself. */
import type { PushName } from '../../../shared/ipc/contract.ts';
import { invoke, listen } from '../../bridge/bridge.ts';
import { requestDraw } from '../../canvas/frame.ts';
import { refreshSelection } from '../selection/selection.ts';
import { getState, setState, useStore } from '../store.ts';
import { currentLoader } from './chain-data.ts';
import { openTarget } from './opening.ts';

/** Milliseconds of quiet before the selection is asked again. */
const REFRESH = 200;

/** Listens to every push until the returned function is called. `run` gets the ids of commands. */
export function listenToPushes(run: (id: string) => void): () => void {
  let refreshing: ReturnType<typeof setTimeout> | undefined;
  const mine = (sessionId: number) => getState().chain?.sessionId === sessionId;
  // Answers and pushes travel by ways of their own: news of a chain may be here before the answer that opens it.
  let early: { readonly sessionId: number; readonly news: Map<PushName, () => void> } | undefined;
  const tell = (name: PushName, sessionId: number, act: () => void) => {
    if (mine(sessionId)) return act();
    if (getState().opening === undefined) return;
    if (early?.sessionId !== sessionId) early = { sessionId, news: new Map() };
    early.news.set(name, act);
  };
  const stops = [
    useStore.subscribe(({ chain }, before) => {
      if (chain === undefined || chain.sessionId === before.chain?.sessionId) return;
      const news = early?.sessionId === chain.sessionId ? early.news : [];
      early = undefined;
      for (const [, act] of news) act();
    }),
    listen('app:open', ({ target }) => void openTarget(target)),
    listen('app:command', ({ id }) => run(id)),
    listen('chain:progress', ({ sessionId, layers }) => {
      tell('chain:progress', sessionId, () => setState({ progress: layers }));
    }),
    listen('chain:changed', ({ sessionId, version, start, end }) => {
      if (!mine(sessionId)) return;
      currentLoader()?.changed(version, start, end);
      requestDraw();
      const offset = getState().selection?.offset;
      if (offset === undefined || offset < start || offset >= end) return;
      clearTimeout(refreshing);
      refreshing = setTimeout(refreshSelection, REFRESH);
    }),
    listen('chain:tracks', ({ sessionId, tracks }) => {
      tell('chain:tracks', sessionId, () => {
        const { chain } = getState();
        if (chain !== undefined) setState({ chain: { ...chain, tracks } });
      });
    }),
    listen('chain:findings', ({ sessionId, findings, more }) => {
      tell('chain:findings', sessionId, () => setState({ findings, moreFindings: more }));
    }),
  ];
  return () => {
    clearTimeout(refreshing);
    for (const stop of stops) stop();
  };
}

/** Ends reading; what was read stays. */
export function cancelReading(): Promise<void> {
  return askSession('chain:cancel');
}

/** Takes up again what was cancelled or failed, where it ended. */
export function retryReading(): Promise<void> {
  return askSession('chain:retry');
}

async function askSession(name: 'chain:cancel' | 'chain:retry'): Promise<void> {
  const sessionId = getState().chain?.sessionId;
  if (sessionId === undefined) return;
  const reply = await invoke(name, { sessionId });
  if (!reply.ok) setState({ error: reply.error });
}
