import { expect, test, vi } from 'vitest';
import { openTarget } from '../../../../../renderer/state/chain/opening.ts';
import { seekFirst, selectNext } from '../../../../../renderer/state/selection/seek.ts';
import { getAxis, getState, setAxis } from '../../../../../renderer/state/store.ts';
import { ok } from '../../../../../shared/result.ts';
import { start } from '../../../../support/window/fake-window.tsx';

const golden = { kind: 'files', files: ['/images/top.qcow2'] } as const;

test('seekFirst finds a match at offset 0', async () => {
  const bridge = start();
  await openTarget(golden);
  bridge.answer('chain:seek', ({ from }) => ok(from < 0 ? 0 : -1));
  expect(await seekFirst(1, 'override')).toBe(0);
});

test('a jump that leaves its target under 8 px zooms to it, and going through extents does not', async () => {
  start();
  await openTarget(golden);
  setAxis('guest', { width: 100 });
  const { size } = getAxis('guest');
  // Clusters of 5 px each; the first zeros that hide data are one cluster of the middle layer.
  await selectNext('change', false, 'extent');
  await new Promise(resolve => setTimeout(resolve, 50));
  expect(getAxis('guest').viewport).toEqual({ start: 0, end: size });
  await selectNext('holeOverride', false, 'hole');
  expect(getState().selection).toMatchObject({ offset: 3 * 65536 });
  expect(getState().message).toBe('1 of 3: hole in the guest’s view');
  expect(getState().announcement).toMatch(/zero.*\. 1 of 3: hole/);
  await vi.waitFor(() => {
    const { viewport } = getAxis('guest');
    expect(viewport.end - viewport.start).toBeLessThan(size);
    expect(65536 / ((viewport.end - viewport.start) / 100)).toBeGreaterThanOrEqual(8);
  }, 20_000);
});
