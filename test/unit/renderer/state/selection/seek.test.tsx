import { expect, test } from 'vitest';
import { openTarget } from '../../../../../renderer/state/chain/opening.ts';
import { seekFirst } from '../../../../../renderer/state/selection/seek.ts';
import { ok } from '../../../../../shared/result.ts';
import { start } from '../../../../support/window/fake-window.tsx';

const golden = { kind: 'files', files: ['/images/top.qcow2'] } as const;

test('seekFirst finds a match at offset 0', async () => {
  const bridge = start();
  await openTarget(golden);
  bridge.answer('chain:seek', ({ from }) => ok(from < 0 ? 0 : -1));
  expect(await seekFirst(1, 'override')).toBe(0);
});
