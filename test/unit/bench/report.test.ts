/** The bench's table: what is compared with what, and whether it is good enough. */
import { describe, expect, it } from 'vitest';
import { type Row, tableOf } from '../../bench/report.ts';

/** The cells of the table's only row. */
function cellsOf(row: Row): string[] {
  const line = tableOf([row]).split('\n')[2] ?? '';
  return line
    .split('|')
    .slice(1, -1)
    .map(cell => cell.trim());
}

const MAP: Row = { what: 'map', unit: 's', ours: 1, peer: { name: 'other', value: 40 }, atMost: 1 / 30 };

describe('a row', () => {
  it('is judged by its ratio to the peer', () => {
    expect(cellsOf(MAP)).toEqual(['map', 'other 40.0 s', '1.00 s', '1/40', '1/30', 'yes', '']);
    expect(cellsOf({ ...MAP, ours: 2 })).toEqual(['map', 'other 40.0 s', '2.00 s', '1/20', '1/30', 'no', '']);
  });

  it('is judged by its figure where there is no peer', () => {
    const row: Row = { what: 'task', unit: 'ms', ours: 9, atMost: 8 };
    expect(cellsOf(row)).toEqual(['task', '', '9.00 ms', '', '8.00 ms', 'no', '']);
  });

  it('shows a stretch that is met, or not, without failing', () => {
    expect(cellsOf({ ...MAP, stretch: 1 / 60 }).slice(-2)).toEqual(['yes', '1/60']);
    expect(cellsOf({ ...MAP, ours: 0.5, stretch: 1 / 60 }).slice(-2)).toEqual(['yes', '1/60, met']);
  });

  it('that could not be measured is not met', () => {
    expect(cellsOf({ ...MAP, ours: Number.NaN })).toEqual([
      'map',
      'other 40.0 s',
      'unknown',
      'unknown',
      '1/30',
      'no',
      '',
    ]);
  });

  it('without a target is not judged', () => {
    expect(cellsOf({ what: 'size', unit: 'MiB', ours: 83.7 })).toEqual([
      'size',
      '',
      '83.7 MiB',
      '',
      '',
      '',
      '',
    ]);
  });
});
