/** The shape of the tree: no circles of imports, no long functions, no crowded folders, no code written twice, unit tests beside their sources. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { repositoryFiles } from './support/repository/repository-files.ts';
import { lineOf, syntaxNodes } from './support/syntax-tree.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

const PROGRAM = ['shared', 'electron', 'renderer'];
const TOOLS = ['build', 'examples', 'test/support', 'test/bench', 'test/soak'];

const MAX_FUNCTION_LINES = 120;
const MAX_FILES_IN_FOLDER = 20;
/** Lines of code that may not stand twice, one after the other. */
const EQUAL_LINES = 10;
/** What stands before the path of a source, and not before that of its unit test below `test/unit`. */
const UNIT_ROOTS = ['', 'electron/', 'test/'];

const texts = new Map<string, string>();
for (const folder of [...PROGRAM, ...TOOLS]) {
  for (const name of readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })) {
    const path = `${folder}/${name}`;
    if (/\.(ts|tsx|mjs|cjs)$/.test(name) && !/\.d\.[cm]?ts$/.test(name))
      texts.set(path, readFileSync(join(root, path), 'utf8'));
  }
}

/** Functions of more lines than `most`, as `path:line: lines`. */
function longFunctions(path: string, source: string, most = MAX_FUNCTION_LINES): string[] {
  const found: string[] = [];
  for (const { type, start, end } of syntaxNodes(path, source)) {
    if (!/^(FunctionDeclaration|FunctionExpression|ArrowFunctionExpression)$/.test(type)) continue;
    const lines = lineOf(source, end) - lineOf(source, start) + 1;
    if (lines > most) found.push(`${path}:${lineOf(source, start)}: ${lines} lines`);
  }
  return found;
}

/** The files of ours that each file imports, for values or for types. */
function importsOf(path: string, source: string): string[] {
  const specifiers = source.matchAll(/(?:from|import)\s*\(?\s*['"](\.[^'"]+)['"]/g);
  return [...specifiers].map(match => join(dirname(path), match[1] as string));
}

/** Groups of files that reach each other by imports (Tarjan's strongly connected components of more than one). */
function circles(imports: ReadonlyMap<string, readonly string[]>): string[][] {
  const order = new Map<string, number>();
  const low = new Map<string, number>();
  const open: string[] = [];
  const found: string[][] = [];
  const lower = (file: string, to: number) => low.set(file, Math.min(low.get(file) as number, to));
  function visit(file: string): void {
    order.set(file, order.size);
    low.set(file, order.size - 1);
    open.push(file);
    for (const next of imports.get(file) ?? []) {
      if (!order.has(next)) {
        visit(next);
        lower(file, low.get(next) as number);
      } else if (open.includes(next)) lower(file, order.get(next) as number);
    }
    if (low.get(file) !== order.get(file)) return;
    const group = open.splice(open.indexOf(file));
    if (group.length > 1) found.push(group.sort());
  }
  for (const file of imports.keys()) if (!order.has(file)) visit(file);
  return found;
}

/** Lines that say something: no imports, comments, or lone punctuation. */
function codeLines(source: string): { readonly text: string; readonly line: number }[] {
  const blanked = source.replace(/\/\*[\s\S]*?\*\/|^import[\s\S]*?;$/gm, text => text.replace(/[^\n]/g, ''));
  return blanked
    .split('\n')
    .map((text, i) => ({ text: text.trim(), line: i + 1 }))
    .filter(({ text }) => /\w/.test(text) && !text.startsWith('//'));
}

/** Places where `EQUAL_LINES` lines of code stand that stand elsewhere too; one row for each such run. */
function repeats(sources: ReadonlyMap<string, string>): string[] {
  const first = new Map<string, string>();
  const found: string[] = [];
  for (const [path, source] of sources) {
    const lines = codeLines(source);
    for (let i = 0; i + EQUAL_LINES <= lines.length; i++) {
      const block = lines.slice(i, i + EQUAL_LINES);
      const key = block.map(({ text }) => text).join('\n');
      const here = `${path}:${block[0]?.line}`;
      const there = first.get(key);
      if (there === undefined) first.set(key, here);
      else {
        found.push(`${here} repeats ${there}`);
        i += EQUAL_LINES - 1;
      }
    }
  }
  return found;
}

/** Files below `test/unit` for which there is no source of the same folder and name. */
function strayUnitTests(files: readonly string[]): string[] {
  const sources = new Set(
    files.filter(file => /\.(?:ts|tsx|mjs)$/.test(file)).map(file => file.replace(/\.\w+$/, '')),
  );
  return files.filter(file => {
    const path = /^test\/unit\/(.*)$/.exec(file)?.[1]?.replace(/\.test\.tsx?$/, '');
    return path !== undefined && !UNIT_ROOTS.some(root => sources.has(root + path));
  });
}

describe('the tree', () => {
  it('is read', () => {
    expect([...texts.keys()].filter(path => path.startsWith('electron/')).length).toBeGreaterThan(100);
  });

  it('has no circle of imports', () => {
    const imports = new Map([...texts].map(([path, source]) => [path, importsOf(path, source)]));
    expect(circles(imports)).toEqual([]);
  });

  it(`has no function of more than ${MAX_FUNCTION_LINES} lines`, () => {
    expect([...texts].flatMap(([path, source]) => longFunctions(path, source))).toEqual([]);
  });

  it(`has no folder of more than ${MAX_FILES_IN_FOLDER} source files`, () => {
    const counts = new Map<string, number>();
    for (const path of texts.keys()) counts.set(dirname(path), (counts.get(dirname(path)) ?? 0) + 1);
    expect([...counts].filter(([, count]) => count > MAX_FILES_IN_FOLDER)).toEqual([]);
  });

  it(`has no ${EQUAL_LINES} lines of code twice`, () => {
    expect(repeats(texts)).toEqual([]);
  });

  it('has each unit test in the folder of its source, under the name of its source', () => {
    const files = repositoryFiles();
    expect(files).toContain('test/unit/shared/extent/flags.test.ts');
    expect(strayUnitTests(files)).toEqual([]);
  });
});

describe('the checks of the tree', () => {
  it('find a circle, also one of types', () => {
    const imports = new Map([
      ['a.ts', importsOf('a.ts', "import type { B } from './b.ts';")],
      ['b.ts', importsOf('b.ts', "export { c } from './c.ts';")],
      ['c.ts', importsOf('c.ts', "const a = await import('./a.ts');")],
      ['d.ts', importsOf('d.ts', "import './a.ts';")],
    ]);
    expect(circles(imports)).toEqual([['a.ts', 'b.ts', 'c.ts']]);
  });

  it('find a long function inside others', () => {
    const source = `export function outer() {\n  const inner = () => {\n${'    work();\n'.repeat(5)}  };\n}\n`;
    expect(longFunctions('a.ts', source, 6)).toEqual(['a.ts:1: 9 lines', 'a.ts:2: 7 lines']);
    expect(longFunctions('a.ts', source, 9)).toEqual([]);
  });

  it('find lines that stand twice, whatever comments and imports stand between', () => {
    const line = (i: number) => `step(${i});`;
    const block = Array.from({ length: EQUAL_LINES }, (_, i) => line(i));
    const other = [...block.slice(0, 5), '// why', '', '  /* and', 'how */', ...block.slice(5)];
    const sources = new Map([
      ['a.ts', `import { x } from './x.ts';\n${block.join('\n')}`],
      ['b.ts', other.join('\n')],
      ['c.ts', block.slice(1).join('\n')],
    ]);
    expect(repeats(sources)).toEqual(['b.ts:1 repeats a.ts:2']);
  });

  it('find a unit test without a source of its name, and a file that is no test', () => {
    const sources = ['shared/text/size.ts', 'electron/nbd/uri.ts', 'renderer/ui/list.tsx', 'build/npm.mjs'];
    const tests = [
      ...['shared/text/size', 'nbd/uri', 'build/npm', 'support/tools'].map(
        path => `test/unit/${path}.test.ts`,
      ),
      'test/unit/renderer/ui/list.test.tsx',
    ];
    const strays = ['test/unit/shared/size.test.ts', 'test/unit/nbd/hostile.test.ts', 'test/unit/nbd/uri.ts'];
    const others = ['test/support/tools.ts', 'test/integration/cli.test.ts', 'test/unit.ts'];
    expect(strayUnitTests([...sources, ...tests, ...strays, ...others])).toEqual(strays);
  });
});
