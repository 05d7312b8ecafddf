import { expect, test } from 'vitest';
import { exportUri, serversIn } from '../../../../renderer/state/chain/nbd-servers.ts';
import { statisticsTsv } from '../../../../renderer/state/selection/statistics-tsv.ts';
import { trackRows } from '../../../../renderer/views/chain/table/track-rows.ts';
import { trackSummary } from '../../../../renderer/views/chain/table/track-summary.ts';
import { tickLabels, tickOffsets, ticksOf } from '../../../../shared/draw/ticks.ts';
import { STATES } from '../../../../shared/extent/flags.ts';
import { LEGEND } from '../../../../shared/legend.ts';
import { PRESENT } from '../../../../shared/model/tile.ts';
import { fakeBridge } from '../../../support/window/fake-bridge.ts';
import { goldenChain } from '../../../support/window/fake-chain.ts';

const chain = goldenChain();
const opened = { sessionId: 1, chain: chain.info, tracks: chain.tracks };
const mid = chain.tracks[2]!;

test('a track in words names the largest share first, then the marks', () => {
  const shares = STATES.map(
    state => ({ data: 0.62, unallocated: 0.378, zeroHole: 0.002 })[state as string] ?? 0,
  );
  expect(trackSummary(mid, { shares, present: PRESENT.holeOverrides | PRESENT.overrides }, LEGEND)).toBe(
    'mid.qcow2: 62 % data, 38 % unallocated, under 1 % zero (no space); marks: zeros that hide data',
  );
  expect(trackSummary(mid, { shares: STATES.map(() => 0), present: 0 }, LEGEND)).toBe('mid.qcow2: loading');
});

test('the rows of a table are the extents in view', async () => {
  const reply = await fakeBridge(chain).call('chain:extents', {
    sessionId: 1,
    start: 0,
    end: chain.info.size,
  });
  if (!reply.ok || reply.value.tooMany) throw new Error('exact extents are wanted');
  const exact = { start: 0, end: reply.value.end, tracks: reply.value.tracks };
  const rows = trackRows(exact, { start: 3 * 65536 + 0.5, end: 6 * 65536 }, mid, opened);
  const common = { length: 65536, owner: 'mid.qcow2', marks: ['holeOverrides'] };
  expect(rows).toEqual([
    { ...common, start: 196608, state: 'zeroHole', label: 'zero (no space)' },
    { ...common, start: 262144, state: 'zeroAllocated', label: 'zero (allocated)' },
    { ...common, start: 327680, state: 'zeroHole', label: 'zero (no space)' },
  ]);
  const guest = trackRows(exact, { start: 0, end: 2 * 65536 }, chain.tracks[0]!, opened);
  expect(guest.map(({ owner }) => owner)).toEqual(['base.qcow2', 'mid.qcow2']);
});

test('ticks are multiples of a power of two and far enough apart', () => {
  const view = { start: 12_345, end: 9_876_543 };
  const ticks = tickOffsets(view, 1000, 130);
  const step = ticks[1]! - ticks[0]!;
  expect(Number.isInteger(Math.log2(step))).toBe(true);
  expect(ticks.every(tick => tick % step === 0 && tick >= view.start && tick <= view.end)).toBe(true);
  expect((step / (view.end - view.start)) * 1000).toBeGreaterThanOrEqual(130);
});

test('a tick lies on the pixel of its offset', () => {
  const ticks = ticksOf({ start: 1 << 20, end: 9 << 20 }, 1000);
  expect(ticks).toEqual([2, 4, 6, 8].map(mib => ({ offset: mib << 20, px: (mib - 1) * 125 })));
});

test('a size stands beside an offset only where it says it exactly', () => {
  expect(tickLabels(2 ** 20)).toEqual(['0x0010_0000', '1 MiB']);
  expect(tickLabels(2 ** 20 + 4096)).toEqual(['0x0010_1000', '']);
});

test('statistics as tab-separated values', () => {
  const zeros = STATES.map(() => 0);
  const first = (value: number) => [value, ...zeros.slice(1)];
  const sums = { runs: first(2), shortest: first(1), longest: first(7), median: first(4) };
  const marks = { overrideBytes: 8, holeOverrideBytes: 0, shadowedBytes: 0, dirtyBytes: 0 };
  const tsv = statisticsTsv([{ track: 0, bytes: first(8), ...sums, ...marks }], opened, {
    start: 0,
    end: 16,
  });
  expect(tsv.split('\n').slice(1, 3)).toEqual([
    'guest\t0\t16\tdata\t8\t50.000\t2\t1\t4\t7',
    'guest\t0\t16\toverrides\t8\t50.000',
  ]);
});

test('a name that a spreadsheet would run is text', () => {
  const tracks = [{ ...chain.tracks[0]!, title: '=cmd()' }];
  const zeros = STATES.map(() => 1);
  const sums = { bytes: zeros, runs: zeros, shortest: zeros, longest: zeros, median: zeros };
  const marks = { overrideBytes: 0, holeOverrideBytes: 0, shadowedBytes: 0, dirtyBytes: 0 };
  expect(
    statisticsTsv([{ track: 0, ...sums, ...marks }], { ...opened, tracks }, { start: 0, end: 10 }),
  ).toContain("'=cmd()");
});

test('the address of an export keeps the server and its socket', () => {
  expect(exportUri('nbd://host:10809', 'vm7/disk0')).toBe('nbd://host:10809/vm7/disk0');
  expect(exportUri('nbd+unix:///old?socket=/run/x.sock', 'a b')).toBe('nbd+unix:///a%20b?socket=/run/x.sock');
  expect(exportUri('nbd://host/old', '')).toBe('nbd://host');
});

test('servers opened before are offered once, without password', () => {
  const target = (uri: string) => ({ title: uri, target: { kind: 'nbd' as const, uri } });
  const recent = [target('nbds://me:secret@host/a'), target('nbds://me:secret@host/b')];
  expect(serversIn(recent)).toEqual(['nbds://host']);
});
