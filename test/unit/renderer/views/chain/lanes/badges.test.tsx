import { render, screen } from '@testing-library/react';
import { expect, test } from 'vitest';
import { Badges } from '../../../../../../renderer/views/chain/lanes/badges.tsx';
import { goldenChain } from '../../../../../support/window/fake-chain.ts';

test('a bitmap that cannot be used has an alarming badge with the reason', () => {
  const { info, tracks } = goldenChain();
  const layer = info.layers[2]!;
  const bitmap = { granularity: 65536, inUse: false, enabled: true };
  const bitmaps = [
    { ...bitmap, name: 'today' },
    { ...bitmap, name: 'interrupted', inUse: true, unusable: 'it was not saved' },
  ];
  render(<Badges layer={{ ...layer, qcow2: { ...layer.qcow2!, bitmaps } }} track={tracks[1]!} />);
  screen.getByText('2 bitmaps');
  const badge = screen.getByText('1 bitmap unusable');
  expect(badge.dataset.alarming).toBe('true');
  expect(badge.title).toBe('interrupted: it was not saved');
});
