/** The sizes of a plan in words: exact, one of a few, bounds. */
import { describe, expect, it } from 'vitest';
import type { PlannedTarget, PossibleSize } from '../../../../shared/model/plan/plan.ts';
import { planCaseText, planRows, planTitle } from '../../../../shared/text/plan-text.ts';
import { fakePlan } from '../../../support/window/fake-plan.ts';

const KIB = 1024;
const size = (kib: number, justOpened = true): PossibleSize => ({
  imageEnd: kib * KIB,
  fileLength: kib * KIB,
  justOpened,
});

/** The facts about the file of a target that may come to any of these sizes; none stand for bounds alone. */
function spaceFacts(possible: readonly PossibleSize[], change: Partial<PlannedTarget> = {}) {
  const { plan } = fakePlan();
  const ends = possible.map(({ imageEnd }) => imageEnd);
  const bounds = { imageEnd: Math.max(...ends), imageEndAtLeast: Math.min(...ends) };
  const lengths = { fileLength: bounds.imageEnd, fileLengthAtLeast: bounds.imageEndAtLeast };
  const target = {
    ...plan.target,
    ...bounds,
    ...lengths,
    exact: false,
    why: ['the order'],
    possible,
    ...change,
  };
  const names = ['file length', 'image end', 'just opened', ''];
  return planRows({ ...plan, target }).filter(([name]) => names.includes(name));
}

describe('the sizes of a plan', () => {
  it('are said to the byte where there is one', () => {
    expect(spaceFacts([size(448)], { exact: true, why: [] })).toEqual([
      ['file length', '320 KiB → 448 KiB (458,752 bytes)'],
      ['image end', '320 KiB → 448 KiB (458,752 bytes)'],
    ]);
  });

  it('are listed where there are a few', () => {
    expect(spaceFacts([size(448), size(512), size(576)])).toEqual([
      ['file length', '320 KiB → 458,752, 524,288 or 589,824 bytes'],
      ['image end', '320 KiB → 458,752, 524,288 or 589,824 bytes'],
      ['', 'not fixed: the order'],
    ]);
  });

  it('have bounds and their number where there are more', () => {
    const [length] = spaceFacts([448, 512, 576, 640, 704].map(kib => size(kib)));
    expect(length?.[1]).toBe('320 KiB → at most 704 KiB (720,896 bytes), at least 448 KiB, one of 5 sizes');
  });

  it('have bounds alone where not all are known', () => {
    const bounds = { imageEnd: 512 * KIB, imageEndAtLeast: 448 * KIB };
    const lengths = { fileLength: 512 * KIB, fileLengthAtLeast: 448 * KIB };
    expect(spaceFacts([], { ...bounds, ...lengths })).toEqual([
      ['file length', '320 KiB → at most 512 KiB (524,288 bytes), at least 448 KiB'],
      ['image end', '320 KiB → at most 512 KiB (524,288 bytes), at least 448 KiB'],
      ['', 'a bound: the order'],
    ]);
  });

  it('of a qemu that took no clusters of the target before are said apart', () => {
    expect(spaceFacts([size(448), size(512, false)])).toContainEqual([
      'just opened',
      'file length 448 KiB (458,752 bytes), image end 448 KiB (458,752 bytes): where qemu took no clusters of the target since it opened it',
    ]);
  });
});

it('tells layers apart that have the same name', () => {
  const { plan } = fakePlan();
  const [first, ...others] = plan.layers;
  const named = { ...plan, layers: plan.layers.map(layer => ({ ...layer, name: 'disk' })) };
  expect(planTitle(named)).toMatch(/^would commit (?:\d disk, )*1 disk into 0 disk$/);
  const entry = { holders: [0, 1], owner: 1, effect: 'overwritten', bytes: 1 } as const;
  expect(planCaseText(entry, named.layers)).toContain('held by 0 disk, 1 disk: ');
  expect(planCaseText(entry, plan.layers)).toContain(`held by ${first?.name}, ${others[0]?.name}: `);
});
