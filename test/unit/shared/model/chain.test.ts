import { expect, test } from 'vitest';
import { layerCountText, type OpenedChain } from '../../../../shared/model/chain.ts';
import { goldenChain } from '../../../support/window/fake-chain.ts';

const { info, tracks } = goldenChain();
const opened: OpenedChain = { sessionId: 1, chain: info, tracks };

/** The golden chain with its lowest layers alone. */
function cutTo(count: number, complete = true): OpenedChain {
  return { ...opened, chain: { ...info, layers: info.layers.slice(0, count), complete } };
}

test('layers are counted in the singular and the plural, and a missing one is never left out of the count', () => {
  expect(layerCountText(cutTo(1))).toBe('1 layer');
  expect(layerCountText(cutTo(3))).toBe('3 layers');
  expect(layerCountText(cutTo(1, false))).toBe('1 of at least 2 layers');
  const [first] = tracks;
  const depth = { ...first!, kind: 'depth', depth: 1 } as const;
  expect(layerCountText({ ...cutTo(1), tracks: [first!, depth] })).toBe('1 layer seen by depth');
});

test('where the header is lost it is not claimed that there is a layer below', () => {
  const chain = cutTo(1, false);
  const [base] = chain.chain.layers;
  const error = { code: 'CHAIN_BACKING_UNKNOWN', what: '', subject: '', advice: '' };
  const lost = { ...base!, backing: { ...base!.backing, error } };
  expect(layerCountText({ ...chain, chain: { ...chain.chain, layers: [lost] } })).toBe(
    '1 layer, perhaps more',
  );
});
