import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { publishedRuns, withRuns } from '../../bench/performance-tables.mjs';
import { tableOf } from '../../bench/report.ts';

const PAGE = readFileSync(new URL('../../../docs/performance.md', import.meta.url), 'utf8');

test('docs/performance.md has the tables that node test/bench/performance-tables.mjs writes', async () => {
  const runs = await publishedRuns();
  expect(runs.length).toBeGreaterThan(0);
  expect(withRuns(PAGE, runs, tableOf)).toBe(PAGE);
});

test('a run is named with its day, size, commit and machine, and each line with its notes', () => {
  const page = '<!-- runs: here -->\nold\n<!-- /runs -->\n';
  const run = {
    date: '2026-01-02',
    commit: 'abc',
    setting: { machine: '2 cores', programs: 'Node 20' },
    options: { size: 'M' },
    results: [{ line: 'map', rows: [{ what: 'it', unit: 's' as const, ours: 1 }], notes: ['Cold.'] }],
  };
  const made = withRuns(page, [run], tableOf);
  expect(made).toContain('### 2026-01-02, size M, commit abc\n\n2 cores; Node 20.\n\n**map**\n\n| what');
  expect(made).toMatch(/\n\nCold\.\n\n<!-- \/runs -->\n$/);
  expect(() => withRuns('no marks', [], tableOf)).toThrow('no marks around the table "runs"');
});
