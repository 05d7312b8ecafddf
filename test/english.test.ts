/** The English of the tree: American spelling, and no idioms where a plain word says the same. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { repositoryFiles } from './support/repository/repository-files.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Words that are spelled the British way, and idioms, each with what to write instead. */
const WORDS: readonly (readonly [pattern: RegExp, instead: string])[] = [
  [/\b(?:colour|grey|behaviour|neighbour|favour|catalogue|licence|centre)\w*/i, 'American spelling'],
  [
    /\b(?:recogni|summari|normali|organi|seriali|initiali|optimi|prioriti|minimi|maximi|analy)s(?:e[ds]?|ing)\b/i,
    'American spelling',
  ],
  [
    /\b(?:[Ss]omebody|[Aa]nybody|[Ww]hoever|[Tt]hose who)\b|(?<!`)\b[Nn]obody\b(?![`'])/,
    'who it is: the person, a program, a layer, no process',
  ],
  [
    /\b(?:is|are|was|were|be|been) told\b|\btold (?:as|apart|of)\b/i,
    'reported, listed, named, shown, distinguished, called with',
  ],
  [/\banew\b/i, 'again'],
  [/\bof (?:its|their|his) own\b/i, 'separate, private, or a name'],
  [
    /\b(?:for want of|to be had|all the same|held against|cannot be right|vouche?s?|foreseen)\b/i,
    'a plain word',
  ],
];

/** Files that are not ours to word, and those that list the words. */
const LEFT_OUT = ['LICENSE', 'test/english.test.ts', 'build/packaging/desktop/copyright'];

/** What is to be worded otherwise, as `path:line: word (what to write)`. */
function idioms(path: string, text: string): string[] {
  return text.split('\n').flatMap((line, i) =>
    WORDS.flatMap(([pattern, instead]) => {
      const found = pattern.exec(line);
      return found === null ? [] : [`${path}:${i + 1}: ${found[0]} (${instead})`];
    }),
  );
}

describe('the English of the tree', () => {
  it('is American and without idioms in code, comments, messages, test names and documents', () => {
    const files = repositoryFiles().filter(
      file => /\.(?:[cm]?[jt]sx?|md|css|py)$/.test(file) && !LEFT_OUT.includes(file),
    );
    expect(files.length).toBeGreaterThan(500);
    expect(files.flatMap(file => idioms(file, readFileSync(join(root, file), 'utf8')))).toEqual([]);
  });

  it('is checked: each of these has one word to replace', () => {
    for (const text of [
      '/** The colour of a lane. */',
      'recognises a header',
      'fails where nobody listens',
      'the window is told about it',
      'reads the table anew',
      'a buffer of its own',
      'stops for want of memory',
    ])
      expect(idioms('a.ts', `first line\n${text}`)).toHaveLength(1);
    expect(idioms('a.ts', 'the user `nobody`, analysis, promises, a gray color, told in full')).toEqual([]);
  });
});

describe('an offset in a message', () => {
  const decimal = /\b(?:at|offset) \$\{(?:[\w#]+\.)*(?:offset|position)\}/;

  it('is written by formatOffset: in hexadecimal with groups, as everywhere else', () => {
    const sources = repositoryFiles().filter(file => /^(?:electron|shared|renderer)\/.*\.tsx?$/.test(file));
    expect(sources.length).toBeGreaterThan(500);
    expect(sources.filter(file => decimal.test(readFileSync(join(root, file), 'utf8')))).toEqual([]);
  });

  it('is found where it is decimal', () => {
    const message = (written: string) => `read failed at $\{${written}}`;
    expect(message('position')).toMatch(decimal);
    expect(message('this.offset')).toMatch(decimal);
    expect(message('formatOffset(position)')).not.toMatch(decimal);
  });
});
