/** The commands and their options. */
import type { Command } from 'commander';
import { expect, it } from 'vitest';
import { createProgram } from '../../../electron/cli/program.ts';

/** The help of a command as it is printed. */
function helpOf(program: Command, name: string): string {
  const command = program.commands.find(known => known.name() === name);
  let text = '';
  command?.configureOutput({
    writeOut: piece => {
      text += piece;
    },
  });
  command?.outputHelp();
  return text;
}

const all = createProgram(() => {});

it.each(
  all.commands.map(command => command.name()).filter(name => name !== 'completion' && name !== 'manual'),
)('%s alone is the same command as among all', name => {
  const alone = createProgram(() => {}, ['--debug', name, 'top.qcow2']);
  expect(alone.commands.map(command => command.name())).toEqual([name]);
  expect(helpOf(alone, name)).toBe(helpOf(all, name));
  expect(helpOf(alone, name)).toContain(`Usage: cowscope ${name}`);
});

it.each([
  [[]],
  [['--help']],
  [['top.qcow2', 'map']],
  [['--format', 'map']],
  [['completion']],
  [['constructor']],
])('has every command for %j', words => {
  const names = createProgram(() => {}, words).commands.map(command => command.name());
  expect(names).toEqual(all.commands.map(command => command.name()));
});
