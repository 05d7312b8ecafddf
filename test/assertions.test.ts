/** Every test can fail: it asserts something itself, by a function of its file or of test/support, or after each test. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { lineOf, type SyntaxNode, syntaxNodes } from './support/syntax-tree.ts';

const root = fileURLToPath(new URL('.', import.meta.url));
const ASSERTS = /\bexpect\b|\bassert\b/;

/** Names of the functions of a file that assert, themselves or by another of `known`. */
function assertingFunctions(
  path: string,
  source: string,
  known: ReadonlySet<string> = new Set(),
): Set<string> {
  const text = (node: SyntaxNode) => source.slice(node.start, node.end);
  const functions = new Map<string, string>();
  for (const node of syntaxNodes(path, source)) {
    if (node.type === 'FunctionDeclaration' && node.id) functions.set(text(node.id), text(node));
    if (node.type === 'VariableDeclarator' && node.id && node.init?.type === 'ArrowFunctionExpression')
      functions.set(text(node.id), text(node.init));
  }
  const found = new Set(known);
  for (let before = -1; before !== found.size; ) {
    before = found.size;
    for (const [name, body] of functions) if (asserts(body, found)) found.add(name);
  }
  return found;
}

function asserts(body: string, functions: ReadonlySet<string>): boolean {
  if (ASSERTS.test(body)) return true;
  return [...body.matchAll(/\b[A-Za-z_$][\w$]*\b/g)].some(([name]) => functions.has(name));
}

/** Tests of a file that assert nothing, as `path:line`. */
function idleTests(path: string, source: string, known: ReadonlySet<string> = new Set()): string[] {
  const functions = assertingFunctions(path, source, known);
  const text = (node: SyntaxNode) => source.slice(node.start, node.end);
  const calls = [...syntaxNodes(path, source)].filter(node => node.type === 'CallExpression');
  const callback = ({ arguments: given }: SyntaxNode) => given?.find(({ type }) => /Function/.test(type));
  const named = (names: RegExp) => calls.filter(({ callee }) => callee && names.test(text(callee)));
  const body = (node: SyntaxNode) => text(callback(node) ?? node);
  if (named(/^(?:test\.)?afterEach$/).some(node => asserts(body(node), functions))) return [];
  return named(/^(?:it|test)(?:\.(?:each|for|concurrent|prop)\b[\s\S]*)?$/)
    .filter(node => callback(node) !== undefined && !asserts(body(node), functions))
    .map(node => `${path}:${lineOf(source, node.start)}`);
}

const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(name => /\.tsx?$/.test(name));
const texts = new Map(files.map(name => [name, readFileSync(join(root, name), 'utf8')]));

describe('every test', () => {
  it('asserts something', () => {
    const helpers = [...texts].filter(([path]) => path.startsWith('support/'));
    const known = new Set(helpers.flatMap(([path, source]) => [...assertingFunctions(path, source)]));
    const tests = [...texts].filter(([path]) => /\.(?:test|spec)\.tsx?$/.test(path));
    expect(tests.length).toBeGreaterThan(150);
    expect(tests.flatMap(([path, source]) => idleTests(path, source, known))).toEqual([]);
  });
});

describe('the check of the tests', () => {
  it('finds a test that asserts nothing', () => {
    expect(idleTests('a.ts', "it('runs', async () => {\n  await run();\n});\n")).toEqual(['a.ts:1']);
    expect(idleTests('a.ts', "\nit.each([1, 2])('runs %d', n => run(n));\n")).toEqual(['a.ts:2']);
  });

  it('follows functions of the file, and what runs after each test', () => {
    const helper = 'function same(a) { expect(a).toBe(1); }\nconst both = a => same(a);\n';
    expect(idleTests('a.ts', `${helper}it('runs', () => both(1));\n`)).toEqual([]);
    expect(idleTests('a.ts', "afterEach(() => expect(left()).toBe(0));\nit('runs', () => run());\n")).toEqual(
      [],
    );
  });
});
