/** The shape of the tree: no circles of imports, no long functions, no crowded folders. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { lineOf, syntaxNodes } from './support/syntax-tree.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

const PROGRAM = ['shared', 'electron', 'renderer'];
const TOOLS = ['build', 'examples', 'test/bench', 'test/soak'];

const MAX_FUNCTION_LINES = 120;
const MAX_FILES_IN_FOLDER = 20;

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
});
