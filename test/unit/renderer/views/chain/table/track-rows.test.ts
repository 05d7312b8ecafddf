import { expect, test } from 'vitest';
import { trackRows } from '../../../../../../renderer/views/chain/table/track-rows.ts';
import { fakeBridge } from '../../../../../support/window/fake-bridge.ts';
import { goldenChain } from '../../../../../support/window/fake-chain.ts';

const chain = goldenChain();
const opened = { sessionId: 1, chain: chain.info, tracks: chain.tracks };
const mid = chain.tracks[2]!;

test('the rows of a table are the extents in view', async () => {
  const reply = await fakeBridge(chain).call('chain:extents', {
    sessionId: 1,
    start: 0,
    end: chain.info.size,
  });
  if (!reply.ok || reply.value.tooMany) throw new Error('exact extents are wanted');
  const exact = { start: 0, end: reply.value.end, tracks: reply.value.tracks };
  const rows = trackRows(exact, { start: 3 * 65536 + 0.5, end: 6 * 65536 }, mid, opened);
  const common = { length: 65536, layer: 1, owner: 'mid.qcow2', marks: ['holeOverrides'], isCut: false };
  expect(rows).toEqual([
    { ...common, start: 196608, state: 'zeroHole', label: 'zero (no space)' },
    { ...common, start: 262144, state: 'zeroAllocated', label: 'zero (allocated)' },
    { ...common, start: 327680, state: 'zeroHole', label: 'zero (no space)' },
  ]);
  const guest = trackRows(exact, { start: 0, end: 2 * 65536 }, chain.tracks[0]!, opened);
  expect(guest.map(({ owner, layer }) => [owner, layer])).toEqual([
    ['base.qcow2', 0],
    ['mid.qcow2', 1],
  ]);
});

test('a row whose extent goes on, or may go on, outside of what is in view is cut', () => {
  const extents = {
    track: 2,
    starts: Float64Array.of(0, 100, 200),
    words: Uint32Array.of(1, 4, 1),
    owners: new Int16Array(0),
  };
  const cut = (exact: { start: number; end: number }, start: number, end: number) =>
    trackRows({ ...exact, tracks: [undefined, undefined, extents] }, { start, end }, mid, opened).map(
      row => row.isCut,
    );
  const size = opened.chain.size;
  expect(cut({ start: 0, end: size }, 0, size)).toEqual([false, false, false]);
  expect(cut({ start: 0, end: size }, 50, 250)).toEqual([true, false, true]);
  expect(cut({ start: 0, end: 300 }, 0, 300)).toEqual([false, false, true]);
});
