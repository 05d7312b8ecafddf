/** The window over a main process in memory, new for each test of a file. */
import { cleanup, configure, render } from '@testing-library/react';
import { afterEach, beforeEach } from 'vitest';
import { App } from '../../../renderer/app/app.tsx';
import { showArrival } from '../../../renderer/state/arrival.ts';
import { unloadChain } from '../../../renderer/state/chain/chain-data.ts';
import { listenToPushes } from '../../../renderer/state/chain/pushes.ts';
import { runCommand } from '../../../renderer/state/commands/commands.ts';
import { listenToKeys } from '../../../renderer/state/commands/keyboard.ts';
import { getState, useStore } from '../../../renderer/state/store.ts';
import type { View } from '../../../renderer/ui/view.ts';
import { VIEWS } from '../../../renderer/views/registry.ts';
import type { AppState } from '../../../shared/ipc/contract.ts';
import { type FakeBridge, fakeBridge } from './fake-bridge.ts';
import { type FakeChain, goldenChain } from './fake-chain.ts';

// A busy machine draws late; nothing here tests how late.
configure({ asyncUtilTimeout: 20_000 });

const BLANK = getState();
const stops: (() => void)[] = [];

beforeEach(() => useStore.setState(BLANK, true));
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
  cleanup();
  unloadChain();
});

/** Shows the window over a fake bridge. */
export function start(
  chain: FakeChain = goldenChain(),
  app: Partial<AppState> = {},
  views: readonly View[] = VIEWS,
): FakeBridge {
  const bridge = fakeBridge(chain, app);
  Object.assign(window, { cowscope: bridge });
  stops.push(
    listenToPushes({ run: runCommand, show: arrival => void showArrival(arrival, runCommand) }),
    listenToKeys(false),
  );
  render(<App views={views} />);
  return bridge;
}

/** The arguments of every call of that name so far. */
export function argsOf(bridge: FakeBridge, name: string): readonly unknown[] {
  return bridge.calls.filter(call => call.name === name).map(call => call.args);
}
