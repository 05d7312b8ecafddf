/** Short labels for names, each unlike the others. */
import { expect, it } from 'vitest';
import { distinctLabels } from '../../../../shared/text/distinct-labels.ts';

it('cuts long names where that leaves them unlike the others', () => {
  expect(distinctLabels(['base', 'a name that is long'], 8)).toEqual(['base', 'a name …']);
});

it('leaves names whole that would look the same, and numbers names that are the same', () => {
  const names = ['disk', 'machine-snapshot-1', 'machine-snapshot-2', 'disk', 'other-snapshot-1'];
  expect(distinctLabels(names, 8)).toEqual([
    '0 disk',
    'machine-snapshot-1',
    'machine-snapshot-2',
    '3 disk',
    'other-s…',
  ]);
});

it('gives labels that are safe for a terminal', () => {
  expect(distinctLabels(['\u001b[2J', '\u001b[2J', 'x'], 8)).toEqual(['0 \\x1b[2J', '1 \\x1b[2J', 'x']);
});
