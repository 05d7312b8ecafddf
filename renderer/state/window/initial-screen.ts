/** What the window draws first: the chain that the program was started with, if it opens at once. */
import type { Arrival } from '../../../shared/model/arrival.ts';
import { refreshApp } from '../chain/opening.ts';
import { getState, useStore } from '../store.ts';

/** How long the first drawing waits for a chain that is being opened; then the start screen is drawn. */
const MAX_WAIT_MS = 200;

/**
 * Resolves when it is known what to draw first. Drawing the start screen before a chain would delay the chain, so one
 * that is being opened is waited for; `meanwhile` is called once then. `show` gets what the program was started with.
 */
export async function waitForInitialTarget(
  show: (arrival: Arrival) => void,
  meanwhile: () => void,
): Promise<void> {
  const arrival = await refreshApp();
  if (arrival !== undefined) show(arrival);
  if (getState().opening === undefined) return;
  meanwhile();
  await new Promise<void>(resolve => {
    const done = () => {
      clearTimeout(timer);
      stop();
      resolve();
    };
    const timer = setTimeout(done, MAX_WAIT_MS);
    const stop = useStore.subscribe(({ opening }) => {
      if (opening === undefined) done();
    });
  });
}
