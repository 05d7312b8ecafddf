import { cleanup, render, screen } from '@testing-library/react';
import { afterEach, expect, test } from 'vitest';
import { LaneFacts } from '../../../../../../renderer/views/chain/lanes/lane-facts.tsx';
import { PARTS } from '../../../../../../shared/extent/parts.ts';
import type { TrackBytes } from '../../../../../../shared/model/statistics.ts';
import { goldenChain } from '../../../../../support/window/fake-chain.ts';

afterEach(cleanup);

const KIB = 1024;

/** Sums with these bytes of unhidden data, which the guest reads, and of what cannot be read. */
function sums(data: number, unreadable: number): TrackBytes {
  const parts = PARTS.map(({ state, variant }) =>
    variant !== 'plain' ? 0 : state === 'data' ? data : state === 'unreadable' ? unreadable : 0,
  );
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
