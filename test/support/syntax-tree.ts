/** Sources as syntax trees, for tests that look at the text of the project. */
import { parseSync } from 'vite';

/** A node of the syntax tree; only what tests look at. */
export interface SyntaxNode {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly callee?: SyntaxNode;
  readonly arguments?: readonly SyntaxNode[];
  readonly id?: SyntaxNode;
  readonly init?: SyntaxNode;
}

/** Every node of a source, in no particular order. Throws where it does not parse. */
export function* syntaxNodes(path: string, source: string): Generator<SyntaxNode> {
  const { program, errors } = parseSync(path, source);
  if (errors.length > 0) throw new Error(`${path}: ${errors[0]?.message}`);
  const stack: unknown[] = [program];
  while (stack.length > 0) {
    const node = stack.pop();
    if (typeof node !== 'object' || node === null) continue;
    if ('type' in node && 'start' in node) yield node as SyntaxNode;
    stack.push(...Object.values(node));
  }
}

/** The line of a source on which `at` lies, from 1. */
export function lineOf(source: string, at: number): number {
  return source.slice(0, at).split('\n').length;
}
