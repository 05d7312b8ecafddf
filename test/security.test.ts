/** SECURITY.md names tests that exist, and the program's source does nothing that its checklist rules out. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const document = read('SECURITY.md');

/** The file of a test that is named without its ending. */
function fileOf(named: string): string | undefined {
  return ['.test.ts', '.test.tsx', '.spec.ts']
    .map(ending => named + ending)
    .find(path => existsSync(join(root, path)));
}

/** Source files of the program. */
const sources = ['shared', 'electron', 'renderer'].flatMap(folder =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter(name => /\.(tsx?|html)$/.test(name))
    .map(name => `${folder}/${name}`),
);

describe('SECURITY.md', () => {
  it('names tests by titles that their files have', () => {
    const named = [...document.matchAll(/`(test\/[\w/-]+)` “([^”]+)”/g)];
    expect(named.length).toBeGreaterThan(20);
    const missing = named.filter(([, path = '', title = '']) => {
      const file = fileOf(path);
      return file === undefined || !read(file).includes(`'${title}'`);
    });
    expect(missing.map(([whole]) => whole)).toEqual([]);
  });

  it('answers every line of Electron’s checklist once, with a test', () => {
    const lines = [...document.matchAll(/^\| (\d+)\. .*$/gm)];
    expect(lines.map(([, number]) => Number(number))).toEqual(Array.from({ length: 20 }, (_, at) => at + 1));
    expect(lines.filter(([line]) => !line.includes('`test/')).map(([line]) => line)).toEqual([]);
  });
});

describe('the source', () => {
  it.each([
    'webSecurity',
    'allowRunningInsecureContent',
    'experimentalFeatures',
    'enableBlinkFeatures',
    'allowpopups',
    '<webview',
    'openExternal',
    'openPath',
    'loadFile(',
    'dangerouslySetInnerHTML',
    'innerHTML',
    'eval(',
    'new Function',
  ])('never says %s', word => {
    expect(sources.length).toBeGreaterThan(200);
    expect(sources.filter(path => read(path).includes(word))).toEqual([]);
  });
});
