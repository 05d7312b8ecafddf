import { cleanup, render, screen } from '@testing-library/react';
import { afterEach, expect, test, vi } from 'vitest';
import { Badges } from '../../../../../../renderer/views/chain/lanes/badges.tsx';
import { goldenChain } from '../../../../../support/window/fake-chain.ts';

afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
});

test('a bitmap that cannot be used has an alarming badge with the reason', () => {
  const { info, tracks } = goldenChain();
  const layer = info.layers[2]!;
  const bitmap = { granularity: 65536, inUse: false, enabled: true };
  const bitmaps = [
    { ...bitmap, name: 'today' },
    { ...bitmap, name: 'interrupted', inUse: true, unusable: 'it was not saved' },
  ];
  const plain = { size: tracks[1]!.size, locked: false, findings: 0 };
  render(<Badges layer={{ ...layer, qcow2: { ...layer.qcow2!, bitmaps } }} track={tracks[1]!} {...plain} />);
  screen.getByText('2 bitmaps');
  const badge = screen.getByText('1 bitmap unusable');
  expect(badge.dataset.alarming).toBe('true');
  expect(badge.title).toBe('interrupted: it was not saved');
});

test('badges say in plain words what is wrong first, then where the map comes from and what sets the layer apart', () => {
  const { info, tracks } = goldenChain();
  const track = tracks[2]!;
  const given = { size: info.size, locked: true, findings: 2 };
  render(<Badges layer={{ ...info.layers[1]!, clusterSize: 2 ** 20 }} track={track} {...given} />);
  const texts = [...document.querySelectorAll('.badge')].map(badge => badge.textContent);
  expect(texts).toEqual(['2 findings', 'in use', 'from tables', 'ends at 1 MiB', '1 MiB clusters']);
});

test('badges without room are counted, and the count lists all of them with what they mean', () => {
  const { info, tracks } = goldenChain();
  vi.spyOn(HTMLElement.prototype, 'offsetHeight', 'get').mockReturnValue(18); // in a list that is not high at all
  const given = { track: tracks[2]!, size: info.size, locked: false, findings: 0 };
  render(<Badges layer={info.layers[1]!} {...given} />);
  const count = screen.getByRole('button', { name: '+2 more of mid.qcow2' });
  expect(count.textContent).toBe('+2');
  const list = document.getElementById(count.getAttribute('popovertarget') ?? '');
  expect([...(list?.querySelectorAll('dt') ?? [])].map(({ textContent }) => textContent)).toEqual([
    'from tables',
    'ends at 1 MiB',
  ]);
  expect(list?.textContent).toContain('past its end it reads as zeros');
});

test('what qemu-nbd says of a file and what a server says have different badges', () => {
  const { info, tracks } = goldenChain();
  const track = { ...tracks[1]!, witness: 'nbd' } as const;
  const given = { track, size: info.size, locked: false, findings: 0 };
  render(<Badges layer={{ ...info.layers[2]!, format: 'raw' }} {...given} />);
  render(<Badges layer={{ ...info.layers[2]!, format: 'nbd' }} {...given} />);
  const texts = [...document.querySelectorAll('.badge')].map(badge => badge.textContent);
  expect(texts).toEqual(['from qemu-nbd', 'raw', 'over NBD']);
});
