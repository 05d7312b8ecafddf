/** Completion scripts made from the commands themselves. */
import type { Command } from 'commander';
import { CowscopeError } from '../../shared/error.ts';

/** Shells there are scripts for. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;

interface Flag {
  readonly name: string;
  readonly summary: string;
  /** `files` for a path, `none` for a value of any other kind, or the values; absent where it takes none. */
  readonly value?: 'files' | 'none' | readonly string[];
}

interface Described {
  readonly name: string;
  readonly summary: string;
  readonly flags: readonly Flag[];
  /** Words that the command takes instead of files. */
  readonly words?: readonly string[];
}

/** A completion script. Throws CowscopeError USAGE for a shell that is not in SHELLS. */
export function completionScript(program: Command, shell: string): string {
  const described = program.createHelp().visibleCommands(program).map(describe);
  const flags = describe(program).flags;
  switch (shell) {
    case 'bash':
      return bashScript(described, flags);
    case 'zsh':
      return `autoload -U +X bashcompinit && bashcompinit\n${bashScript(described, flags)}`;
    case 'fish':
      return fishScript(described, flags);
    default:
      throw new CowscopeError({
        code: 'USAGE',
        what: `there are completion scripts for ${SHELLS.join(', ')} only`,
        subject: shell,
        advice: 'name one of them',
      });
  }
}

function describe(command: Command): Described {
  const flags = command
    .createHelp()
    .visibleOptions(command)
    .map((option): Flag => {
      const name = option.long ?? '';
      const summary = option.description;
      if (!option.required) return { name, summary };
      return { name, summary, value: option.argChoices ?? (option.long === '--allow' ? 'files' : 'none') };
    });
  const name = command.name();
  const described = { name, summary: command.summary(), flags };
  return name === 'completion' ? { ...described, words: SHELLS } : described;
}

/** For bash 3.2 and newer, and for zsh's bashcompinit. Words are separated by line ends, for names with blanks. */
function bashScript(commands: readonly Described[], flags: readonly Flag[]): string {
  const lines = (words: readonly string[]) => `$'${words.join('\\n')}'`;
  const values = commands.flatMap(command =>
    command.flags.flatMap(({ name, value }) => {
      if (value === undefined) return [];
      const found = value === 'files' ? '$(compgen -f -- "$current")' : value === 'none' ? '' : value;
      const reply = typeof found === 'string' ? found : `$(compgen -W ${lines(found)} -- "$current")`;
      return [`    "${command.name} ${name}") COMPREPLY=(${reply}); return ;;`];
    }),
  );
  const options = commands.map(
    ({ name, flags: own }) =>
      `      ${name}) words=${lines([...own, ...flags].map(flag => flag.name).filter(unique))} ;;`,
  );
  const words = commands.flatMap(command =>
    command.words === undefined
      ? []
      : [`    ${command.name}) COMPREPLY=($(compgen -W ${lines(command.words)} -- "$current")); return ;;`],
  );
  const names = commands.map(command => command.name);
  return `_cowscope() {
  local IFS=$'\\n'
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" command="" words="" at=1
  if [ "$previous" = "=" ]; then previous="\${COMP_WORDS[COMP_CWORD-2]}"; fi
  if [ "$current" = "=" ]; then current=""; fi
  while [ "$at" -lt "$COMP_CWORD" ]; do
    case "\${COMP_WORDS[at]}" in
      -*) ;;
      *) command="\${COMP_WORDS[at]}"; break ;;
    esac
    at=$((at+1))
  done
  case "$command $previous" in
${values.join('\n')}
  esac
  case "$current" in
    -*)
      case "$command" in
${options.join('\n')}
      *) words=${lines([...flags, ...(commands.find(({ name }) => name === 'open')?.flags ?? [])].map(flag => flag.name).filter(unique))} ;;
      esac
      COMPREPLY=($(compgen -W "$words" -- "$current"))
      return ;;
  esac
  case "$command" in
${words.join('\n')}
    "") words=${lines(names)} ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current") $(compgen -f -- "$current"))
}
complete -o filenames -F _cowscope cowscope
`;
}

function fishScript(commands: readonly Described[], flags: readonly Flag[]): string {
  const quote = (text: string) => `'${text.replaceAll(/['\\]/g, '\\$&')}'`;
  const option = ({ name, summary, value }: Flag) => {
    const takes =
      value === undefined
        ? ''
        : value === 'files'
          ? ' -rF'
          : value === 'none'
            ? ' -x'
            : ` -xa ${quote(value.join(' '))}`;
    return `-l ${name.slice(2)}${takes} -d ${quote(summary)}`;
  };
  const lines = flags.map(flag => `complete -c cowscope ${option(flag)}`);
  for (const { name, summary, flags: own, words } of commands) {
    const inside = `-n ${quote(`__fish_seen_subcommand_from ${name}`)}`;
    lines.push(`complete -c cowscope -n __fish_use_subcommand -a ${name} -d ${quote(summary)}`);
    if (words !== undefined) lines.push(`complete -c cowscope ${inside} -fa ${quote(words.join(' '))}`);
    for (const flag of own)
      if (flags.every(global => global.name !== flag.name))
        lines.push(`complete -c cowscope ${inside} ${option(flag)}`);
  }
  return `${lines.join('\n')}\n`;
}

function unique(word: string, index: number, words: readonly string[]): boolean {
  return words.indexOf(word) === index;
}
