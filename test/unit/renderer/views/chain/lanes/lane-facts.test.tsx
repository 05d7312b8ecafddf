import { cleanup, render, screen } from '@testing-library/react';
import { afterEach, expect, test } from 'vitest';
import { LaneFacts } from '../../../../../../renderer/views/chain/lanes/lane-facts.tsx';
import { PARTS } from '../../../../../../shared/extent/parts.ts';
import type { TrackBytes } from '../../../../../../shared/model/statistics.ts';
import { goldenChain } from '../../../../../support/window/fake-chain.ts';

afterEach(cleanup);

const KIB = 1024;

/** Sums with these bytes of unhidden data, which the guest reads, of what cannot be read, and of hidden data. */
function sums(data: number, unreadable: number, hidden = 0): TrackBytes {
  const parts = PARTS.map(({ state, variant }) => {
    if (state === 'unreadable' && variant === 'plain') return unreadable;
    if (state !== 'data') return 0;
    return variant === 'plain' ? data : variant === 'overridden' ? hidden : 0;
  });
  return { track: 1, parts, read: data };
}

test('what is lost of a layer is not counted as held: it is named instead', () => {
  const { tracks } = goldenChain();
  render(<LaneFacts track={tracks[1]!} bytes={sums(256 * KIB, 64 * KIB)} />);
  const facts = screen.getByText('64 KiB unreadable · holds 256 KiB');
  expect(facts.title).toContain('it holds 256 KiB: 64 KiB cannot be read, the guest reads 256 KiB');
  render(<LaneFacts track={tracks[0]!} bytes={sums(256 * KIB, 64 * KIB)} />);
  expect(screen.getByText('what the VM reads · 256 KiB').title).toContain('64 KiB cannot be read, the rest');
});

test('a whole layer says how much it holds and how much of it the guest reads', () => {
  const { tracks } = goldenChain();
  render(<LaneFacts track={tracks[1]!} bytes={sums(256 * KIB, 0)} />);
  expect(screen.getByText('holds 256 KiB, all read').title).not.toContain('cannot be read');
});

test('a layer of which a little is hidden is never all read, however large it is', () => {
  const { tracks } = goldenChain();
  render(<LaneFacts track={tracks[1]!} bytes={sums(2 ** 40, 0, 64 * KIB)} />);
  expect(screen.getByText('holds 1 TiB, 64 KiB hidden').title).toContain('64 KiB is hidden');
  render(<LaneFacts track={tracks[1]!} bytes={sums(384 * KIB, 0, 128 * KIB)} />);
  expect(screen.getByText('holds 512 KiB, 384 KiB read').title).toContain('128 KiB is hidden');
});
