import { afterEach, expect, test, vi } from 'vitest';

afterEach(() => void vi.unstubAllGlobals());

async function inWindow(isNarrow: boolean) {
  vi.resetModules();
  vi.stubGlobal('matchMedia', () => ({
    matches: isNarrow,
    addEventListener: () => {},
    removeEventListener: () => {},
  }));
  const { getState } = await import('../../../../../renderer/state/store.ts');
  const inspector = await import('../../../../../renderer/state/window/inspector.ts');
  return { getState, ...inspector };
}

test('in a narrow window it lies over the lanes, hidden at first, and the preference stays', async () => {
  const { getState, toggleInspector, showInspector } = await inWindow(true);
  expect(getState()).toMatchObject({ inspectorOpen: true, inspectorOverlay: false });
  toggleInspector();
  expect(getState()).toMatchObject({ inspectorOpen: true, inspectorOverlay: true });
  showInspector(false);
  expect(getState()).toMatchObject({ inspectorOpen: true, inspectorOverlay: false });
});

test('in a wide window it is a preference', async () => {
  const { getState, toggleInspector } = await inWindow(false);
  toggleInspector();
  expect(getState()).toMatchObject({ inspectorOpen: false, inspectorOverlay: false });
});
