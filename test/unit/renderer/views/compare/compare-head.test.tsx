import { cleanup, render, screen } from '@testing-library/react';
import { afterEach, expect, it } from 'vitest';
import type { ComparisonView } from '../../../../../renderer/state/compare/compare-state.ts';
import { CompareHead } from '../../../../../renderer/views/compare/compare-head.tsx';
import { type ComparisonState, DIFFERENCE_KINDS } from '../../../../../shared/model/comparison.ts';

const MIB = 2 ** 20;
const NONE = { bytes: 0, ranges: 0 };
const KINDS = { content: NONE, mayDiffer: NONE, unreadable: NONE, length: NONE, state: NONE };

afterEach(cleanup);

/** Shows a comparison of two disks of 4 MiB; what `kinds` do not have is the same. */
function show(
  state: Partial<ComparisonState>,
  kinds: Partial<ComparisonState['sums']['kinds']> = {},
  b: Partial<ComparisonView['opened']['b']> = {},
): void {
  const all = { ...KINDS, ...kinds };
  const other = DIFFERENCE_KINDS.reduce((sum, kind) => sum + all[kind].bytes, 0);
  const disk = { title: 'top.qcow2', size: 4 * MIB, layers: ['top.qcow2'], incomplete: false };
  const view: ComparisonView = {
    opened: { comparisonId: 1, a: disk, b: { ...disk, ...b }, size: 4 * MIB },
    layer: undefined,
    other: {
      kind: 'target',
      target: { kind: 'files', files: ['/b'] },
      consent: { allow: [], allowAll: false },
    },
    kinds: DIFFERENCE_KINDS,
    row: -1,
    chosen: undefined,
    state: {
      phase: 'ended',
      at: 4 * MIB,
      read: 0,
      elapsedMs: 0,
      left: 0,
      listedTo: -1,
      errors: [],
      listed: { content: 0, mayDiffer: 0, unreadable: 0, length: 0, state: 0 },
      sums: { same: 4 * MIB - other, kinds: all, firstContent: all.content.bytes > 0 ? 65_536 : -1 },
      ...state,
    },
  };
  render(<CompareHead comparison={view} />);
}

const outcome = () => screen.getByRole('status').textContent;
const buttons = () => screen.getAllByRole('button').map(({ textContent }) => textContent);
const ELSE = 'Compare with something else';

it('says what it came to, and how much comparing the content would read', () => {
  show({ left: 2 * MIB }, { mayDiffer: { bytes: MIB, ranges: 1 } });
  expect(outcome()).toBe('The disks may differ: 1 MiB hold data that was not compared.');
  expect(buttons()).toEqual(['Compare content: reads 2 MiB', ELSE]);
});

it('calls disks the same only where nothing is left', () => {
  show({});
  expect([outcome(), buttons()]).toEqual(['The disks are the same.', [ELSE]]);
  cleanup();
  show({}, { state: { bytes: MIB, ranges: 1 } });
  expect(outcome()).toBe('The disks read the same, and store it otherwise.');
  cleanup();
  show({}, { content: { bytes: 512, ranges: 1 } });
  expect(outcome()).toBe('The disks differ, first at 0x0001_0000.');
});

it('says how far it is and how fast, and can be cancelled', () => {
  const read = { at: MIB, read: 8 * MIB, elapsedMs: 2000 };
  show({ phase: 'content', ...read }, { content: { bytes: 512, ranges: 1 } });
  expect(outcome()).toBe('Comparing content: 25 %, 8 MiB read, 4 MiB/s. They differ, first at 0x0001_0000.');
  expect(buttons()).toEqual(['Cancel', ELSE]);
});

it('offers no content where the tables were not compared to the end, but to compare again', () => {
  const sums = { same: MIB, kinds: KINDS, firstContent: -1 };
  show({ phase: 'cancelled', at: MIB, left: MIB, sums });
  expect(outcome()).toContain('Cancelled at 0x0010_0000');
  expect(buttons()).toEqual(['Compare again', ELSE]);
});

it('says that not everything could be compared, why, and which file only lacks consent', () => {
  const errors = [{ code: 'CONTENT_READ_FAILED', what: 'reading failed', subject: '/b', advice: '' }];
  const b = { incomplete: true, asksFor: '/elsewhere/base' };
  show({ errors }, { unreadable: { bytes: MIB, ranges: 1 } }, b);
  expect(outcome()).toBe('Not everything could be compared: 1 MiB cannot be read.');
  expect(screen.getByText(/CONTENT_READ_FAILED: reading failed/)).toBeTruthy();
  expect(buttons()).toEqual(['Compare again', ELSE, 'Allow /elsewhere/base']);
});

it('says that a file changed meanwhile, and nothing of ranges that could all be read', () => {
  show({ errors: [{ code: 'COMPARE_CHANGED', what: 'it changed', subject: '/b', advice: '' }] });
  expect(outcome()).toBe('A file has changed while it was compared: what was found may be out of date.');
  expect(buttons()).toEqual(['Compare again', ELSE]);
});
