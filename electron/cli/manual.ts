/** The manual page, made from the commands themselves. */
import type { Command, Option } from 'commander';

/** What a manual page says beside the commands. */
export interface ManualInfo {
  readonly version: string;
  /** One line: what the program is for. */
  readonly purpose: string;
  /** Exit codes and what they mean. */
  readonly exitCodes: readonly (readonly [code: number, meaning: string])[];
}

/** The manual page as man(7) text, section 1. */
export function manualPage(program: Command, { version, purpose, exitCodes }: ManualInfo): string {
  const help = program.createHelp();
  const commands = help.visibleCommands(program);
  const synopsis = commands.map(
    command => `.SY "${program.name()} ${command.name()}"\n${usage(command)}\n.YS`,
  );
  const sections = commands.map(command =>
    [
      `.SS ${text(`${program.name()} ${command.name()}${words(command)}`)}`,
      text(command.description()),
      ...help.visibleOptions(command).filter(isNotHelp).map(option),
    ].join('\n'),
  );
  return `${[
    `.TH COWSCOPE 1 "" "cowscope ${version}" "User Commands"`,
    '.SH NAME',
    `${program.name()} \\- ${text(purpose)}`,
    '.SH SYNOPSIS',
    ...synopsis,
    '.SH DESCRIPTION',
    text(program.description()),
    '.PP',
    text(
      `${program.name()} TARGET opens the window. TARGET is a file, several files (a chain, base first) or one NBD URI.`,
    ),
    '.SH OPTIONS',
    ...help.visibleOptions(program).map(option),
    '.SH COMMANDS',
    ...sections,
    '.SH EXIT STATUS',
    ...exitCodes.map(([code, meaning]) => `.TP\n.B ${code}\n${text(meaning)}`),
    '.PP',
    text('An error is one line on standard error.'),
    '.SH SEE ALSO',
    '.BR qemu\\-img (1),',
    '.BR qemu\\-nbd (8),',
    '.BR nbdinfo (1)',
  ].join('\n')}\n`;
}

function isNotHelp({ long }: Option): boolean {
  return long !== '--help';
}

function usage(command: Command): string {
  return `${text('[options]')}${text(words(command))}`;
}

/** The command's arguments, after a blank. */
function words(command: Command): string {
  const names = command.registeredArguments.map(argument => {
    const name = `${argument.name()}${argument.variadic ? '...' : ''}`;
    return argument.required ? `<${name}>` : `[${name}]`;
  });
  return names.map(name => ` ${name}`).join('');
}

function option({ flags, description, argChoices, defaultValue }: Option): string {
  const notes = [
    ...(argChoices === undefined || flags.includes('|') ? [] : [`one of ${argChoices.join(', ')}`]),
    ...(typeof defaultValue === 'string' ? [`default ${defaultValue}`] : []),
  ];
  const remark = notes.length === 0 ? '' : ` (${notes.join('; ')})`;
  return `.TP\n.B ${text(flags)}\n${text(`${description}${remark}`)}`;
}

/** A text as roff shows it: hyphens stay hyphens, and no line begins a request. */
function text(plain: string): string {
  return plain
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll(/^([.'])/gm, '\\&$1');
}
