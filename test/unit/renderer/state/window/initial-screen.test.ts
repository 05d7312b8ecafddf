/** What the window waits for before it draws anything. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { setState } from '../../../../../renderer/state/store.ts';
import { waitForInitialTarget } from '../../../../../renderer/state/window/initial-screen.ts';
import type { OpenTarget } from '../../../../../shared/model/target.ts';
import { fakeBridge } from '../../../../support/window/fake-bridge.ts';
import { goldenChain } from '../../../../support/window/fake-chain.ts';

const target: OpenTarget = { kind: 'files', files: ['/images/top.qcow2'] };
let shown: boolean;
let rehearsals: number;

beforeEach(() => {
  vi.useFakeTimers();
  Object.assign(window, { cowscope: fakeBridge(goldenChain()) });
  shown = false;
  rehearsals = 0;
});

afterEach(() => {
  setState({ opening: undefined });
  vi.useRealTimers();
});

async function wait(milliseconds: number): Promise<boolean> {
  await vi.advanceTimersByTimeAsync(milliseconds);
  return shown;
}

function start(): void {
  void waitForInitialTarget(
    () => {},
    () => {
      rehearsals++;
    },
  ).then(() => {
    shown = true;
  });
}

test('with nothing to open the first view is there once the program has answered', async () => {
  start();
  expect(shown).toBe(false);
  expect(await wait(0)).toBe(true);
  expect(rehearsals).toBe(0);
});

test('a chain on its way is waited for', async () => {
  setState({ opening: target });
  start();
  expect(await wait(50)).toBe(false);
  expect(rehearsals).toBe(1);
  setState({ opening: undefined });
  expect(await wait(0)).toBe(true);
});

test('but not for long', async () => {
  setState({ opening: target });
  start();
  expect(await wait(150)).toBe(false);
  expect(await wait(100)).toBe(true);
});
