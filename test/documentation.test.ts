/** What the documentation names is there: files, scripts, commands and their options. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { createProgram } from '../electron/cli/program.ts';
import packageJson from '../package.json' with { type: 'json' };
import { repositoryFiles } from './support/repository/repository-files.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const files = repositoryFiles();
/** Every page but the lists of what was and of what a commit contains. */
const pages = files.filter(file => file.endsWith('.md') && file !== 'CHANGELOG.md');

/** Every match of a pattern in every page. */
function found(pattern: RegExp): { readonly page: string; readonly match: string }[] {
  return pages.flatMap(page =>
    [...readFileSync(`${root}/${page}`, 'utf8').matchAll(pattern)].map(([all, match = all]) => ({
      page,
      match,
    })),
  );
}

/** True for a file, a folder, and a test or a folder of tests that is named without its ending. */
function isKnown(path: string): boolean {
  const bare = path.replace(/\/$/, '');
  const endings = ['', '.test.ts', '.test.tsx', '.spec.ts'];
  return (
    endings.some(ending => files.includes(bare + ending)) || files.some(file => file.startsWith(`${bare}/`))
  );
}

const program = createProgram(async () => {});
const commands = new Map<string, Command>(program.commands.map(command => [command.name(), command]));

describe('the documentation', () => {
  it('names files and folders that exist', () => {
    const paths = found(/`((?:build|docs|electron|examples|renderer|shared|test)\/[\w./-]+)`/g)
      // A name that a contributor chooses, and what the demo makes.
      .filter(({ match }) => !match.includes('NAME') && match !== 'examples/chains/');
    expect(paths.length).toBeGreaterThan(100);
    expect(paths.filter(({ match }) => !isKnown(match))).toEqual([]);
  });

  it('has a header line and a line of dashes above the rows of every table', () => {
    const tables = found(/(?<=^|\n(?!\|).*\n)\|.*\n.*/g);
    expect(tables.length).toBeGreaterThan(50);
    expect(tables.filter(({ match }) => !/\n\|[ :|-]+\|$/.test(match))).toEqual([]);
  });

  it('names scripts that exist', () => {
    const scripts = found(/\bnpm run ([\w:-]+)/g);
    expect(scripts.length).toBeGreaterThan(10);
    expect(scripts.filter(({ match }) => !(match in packageJson.scripts))).toEqual([]);
    const programs = found(/\bnode ((?:build|examples|test)\/[\w./-]+\.mjs)/g);
    expect(programs.length).toBeGreaterThan(5);
    expect(programs.filter(({ match }) => !existsSync(`${root}/${match}`))).toEqual([]);
  });

  it('names commands of the program, each with options that it has', () => {
    // What stands in backticks or behind a prompt, and lines that begin with a command; up to a pipe or a comment.
    const lines = [
      ...found(/(?:`|\$ )cowscope ([a-z][a-z-]*(?![\w.-])(?: [^`\n|#]*)?)/g),
      ...found(/^cowscope ([a-z][a-z-]* [^`\n|#]*)/gm).filter(({ match }) =>
        commands.has(match.split(' ')[0] ?? ''),
      ),
    ];
    expect(lines.length).toBeGreaterThan(100);
    const wrong = lines.flatMap(({ page, match }) => {
      const [name = '', ...words] = match.split(/ {2,}| → /)[0]?.split(' ') ?? [];
      const command = commands.get(name);
      if (command === undefined) return [`${page}: cowscope ${match}`];
      const known = [...command.options, ...(command.parent?.options ?? [])].map(({ long }) => long);
      return words
        .filter(word => word.startsWith('--') && word !== '--')
        .map(word => /^--[\w-]+/.exec(word)?.[0])
        .filter(word => word !== undefined && word !== '--help' && !known.includes(word))
        .map(word => `${page}: cowscope ${name} ${word}`);
    });
    expect(wrong).toEqual([]);
  });

  it('names every command that help lists in the README', () => {
    const readme = readFileSync(`${root}/README.md`, 'utf8');
    const names = program
      .createHelp()
      .visibleCommands(program)
      .map(command => command.name());
    expect(names.length).toBeGreaterThan(10);
    expect(names.filter(name => !readme.includes(`cowscope ${name} `))).toEqual([]);
  });
});
