/** The commands and their options. */
import type { Command } from 'commander';
import { expect, it, vi } from 'vitest';
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

it.each([60, 80, 132])('has help within %d columns, with every word of it', width => {
  vi.stubEnv('COLUMNS', String(width));
  const program = createProgram(() => {});
  for (const command of program.commands) {
    const text = helpOf(program, command.name());
    expect(text.split('\n').filter(line => line.length > width)).toEqual([]);
    const words = new Set(text.split(/\s+/));
    for (const option of command.createHelp().visibleOptions(command))
      for (const word of `${option.flags} ${option.description}`.split(' ')) expect(words).toContain(word);
  }
  const pieces: string[] = [];
  program.configureOutput({ writeOut: piece => pieces.push(piece) }).outputHelp();
  expect(
    pieces
      .join('')
      .split('\n')
      .filter(line => line.length > width),
  ).toEqual([]);
  vi.unstubAllEnvs();
});

it('puts a description beside its option, and below one that is long', () => {
  vi.stubEnv('COLUMNS', '60');
  const text = helpOf(
    createProgram(() => {}),
    'misread',
  );
  expect(text).toContain(`
  --backing-format <raw|qcow2>  format of backing files
                                whose overlay records none
`);
  expect(text).toContain(`
  --reader <hole-bit|offset-only|allocated>
                                kind of reader;
`);
  vi.unstubAllEnvs();
});
