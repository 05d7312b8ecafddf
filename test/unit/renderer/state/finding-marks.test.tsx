import { screen, waitFor } from '@testing-library/react';
import { expect, test } from 'vitest';
import { openTarget } from '../../../../renderer/state/chain/opening.ts';
import { hasMarks, marksOf, marksRevision, requestMarks } from '../../../../renderer/state/finding-marks.ts';
import { getAxis, getState, setAxis } from '../../../../renderer/state/store.ts';
import { makeFinding } from '../../../../shared/model/finding.ts';
import { argsOf, start } from '../../../support/window/fake-window.tsx';

const K64 = 65_536;
const golden = { kind: 'files', files: ['/images/top.qcow2'] } as const;

async function opened(...severities: ('corruption' | 'hazard' | 'note')[]) {
  const bridge = start();
  await openTarget(golden);
  await screen.findByRole('heading', { level: 2, name: 'Guest' });
  setAxis('guest', { width: 20 }); // a cluster a pixel
  bridge.find(
    ...severities.map((severity, i) =>
      makeFinding({
        id: `${i}`,
        code: 'X',
        severity,
        layer: 1 + (i % 2),
        what: 'x',
        guest: [[i * 4 * K64, 2 * K64]],
      }),
    ),
  );
  await waitFor(() => expect(getState().findings.total).toBe(severities.length));
  return bridge;
}

test('places of findings are marked on the tracks of their layers, and all of them on the overview', async () => {
  await opened('corruption', 'hazard', 'note');
  await requestMarks('disk');
  expect(marksOf('disk', 1)).toEqual([{ start: 0, end: 2 * K64, mark: 1 }]);
  expect(marksOf('disk', 2)).toEqual([{ start: 4 * K64, end: 6 * K64, mark: 2 }]);
  expect(marksOf('disk')).toHaveLength(2);
  expect(document.querySelectorAll('canvas.finding-ticks')).toHaveLength(4); // three layers, and the overview
});

test('marks of what is in view are requested again for another view, and not twice for the same', async () => {
  const bridge = await opened('corruption');
  await requestMarks('view');
  const before = argsOf(bridge, 'chain:findingMarks').length;
  await requestMarks('view');
  expect(argsOf(bridge, 'chain:findingMarks')).toHaveLength(before);
  setAxis('guest', { viewport: { start: K64, end: 3 * K64 } });
  await requestMarks('view');
  expect(argsOf(bridge, 'chain:findingMarks').at(-1)).toMatchObject({ start: K64, end: 3 * K64 });
  expect(marksOf('view', 1)).toEqual([{ start: K64, end: 2 * K64, mark: 1 }]);
  expect(getAxis('guest').size).toBe(20 * K64);
});

test('with nothing but notes there is nothing to ask for', async () => {
  const bridge = await opened('note');
  await requestMarks('disk');
  expect(marksOf('disk')).toEqual([]);
  expect(argsOf(bridge, 'chain:findingMarks')).toEqual([]);
});

test('marks are drawn again where they are other ones, and not where there are none before and after', async () => {
  const bridge = await opened('corruption');
  const requestAt = async (start: number) => {
    setAxis('guest', { viewport: { start, end: start + 2 * K64 } });
    await requestMarks('view');
    return marksRevision('view');
  };
  const first = await requestAt(10 * K64);
  expect(hasMarks('view')).toBe(false);
  const asked = argsOf(bridge, 'chain:findingMarks').length;
  expect(await requestAt(12 * K64)).toBe(first);
  expect(argsOf(bridge, 'chain:findingMarks')).toHaveLength(asked + 1);
  const marked = await requestAt(0);
  expect(marked).toBe(first + 1);
  expect([hasMarks('view'), hasMarks('view', 1), hasMarks('view', 2)]).toEqual([true, true, false]);
  expect(await requestAt(K64)).toBe(marked + 1);
  expect(await requestAt(10 * K64)).toBe(marked + 2);
  expect(hasMarks('view')).toBe(false);
});
