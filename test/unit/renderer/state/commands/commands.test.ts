import { afterEach, expect, test } from 'vitest';
import { canRun, labelNow, runCommand } from '../../../../../renderer/state/commands/commands.ts';
import { getState, setState } from '../../../../../renderer/state/store.ts';
import { COMMANDS } from '../../../../../shared/commands.ts';

afterEach(() => setState({ dialog: undefined, range: undefined }));

test('without a chain only the commands that say so can be run', () => {
  expect(COMMANDS.filter(({ id }) => canRun(id)).map(({ id }) => id)).toEqual(
    COMMANDS.filter(({ withoutChain }) => withoutChain).map(({ id }) => id),
  );
});

test('a command runs by its id; an unknown id and one that needs a chain do nothing', () => {
  runCommand('help');
  expect(getState().dialog).toEqual({ kind: 'keys' });
  runCommand('snapshot');
  runCommand('no-such-command');
  expect(getState().dialog).toEqual({ kind: 'keys' });
});

test('the copy command names what it would copy', () => {
  expect(labelNow('copy')).toBe('Copy start of the selection');
  setState({ range: { start: 0, end: 4096 } });
  expect(labelNow('copy')).toBe('Copy range');
  expect(labelNow('fit')).toBe('Fit the whole disk');
});
