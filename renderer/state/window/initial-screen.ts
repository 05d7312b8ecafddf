/** What the window shows first: the chain that the program was started with, where it comes at once. */
import { refreshApp } from '../chain/opening.ts';
import { getState, useStore } from '../store.ts';

/** Milliseconds that the first view waits for a chain on its way; then the empty view says that it is being opened. */
const PATIENCE = 200;

/**
 * Resolves when it is known what to show first. To draw the empty view before a chain would hold the chain's up;
 * `meanwhile` is called once where one is waited for.
 */
export async function waitForInitialTarget(meanwhile: () => void): Promise<void> {
  await refreshApp();
  if (getState().opening === undefined) return;
  meanwhile();
  await new Promise<void>(resolve => {
    const done = () => {
      clearTimeout(timer);
      stop();
      resolve();
    };
    const timer = setTimeout(done, PATIENCE);
    const stop = useStore.subscribe(({ opening }) => {
      if (opening === undefined) done();
    });
  });
}
