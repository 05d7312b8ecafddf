/**
 * Values as JSON text. Unlike JSON.stringify it leaves no character raw that could steer a terminal or reorder what is
 * read, writes whole numbers above 2^53 with all their digits, and gives long documents in pieces.
 */
import { UNSAFE } from './untrusted-text.ts';

/** A string as a JSON string. Controls (C0, DEL, C1), format characters and separators are \u escapes. */
export function jsonString(text: string): string {
  return JSON.stringify(text).replace(UNSAFE, character => {
    const units = Array.from({ length: character.length }, (_, i) => character.charCodeAt(i));
    return units.map(unit => `\\u${unit.toString(16).padStart(4, '0')}`).join('');
  });
}

/** A number as JSON: whole numbers exactly, others as JSON.stringify writes them. */
export function jsonNumber(value: number): string {
  if (Number.isSafeInteger(value) || !Number.isInteger(value)) return JSON.stringify(value);
  return BigInt(value).toString();
}

/** Plain data as JSON, on one line, or indented by `indent` spaces a level as JSON.stringify indents. */
export function jsonText(value: unknown, indent = 0): string {
  return [...jsonPieces(value, indent)].join('');
}

/**
 * The pieces of {@link jsonText} one after the other: a document may be longer than a string can be. Plain data only:
 * null, booleans, numbers, strings, objects, and arrays or anything else that gives its items one by one; keys whose
 * value is undefined are left out.
 */
export function* jsonPieces(value: unknown, indent = 0, level = 0): Generator<string> {
  if (typeof value === 'string') yield jsonString(value);
  else if (typeof value === 'number') yield jsonNumber(value);
  else if (typeof value !== 'object' || value === null) yield value === undefined ? 'null' : String(value);
  else {
    const isList = Symbol.iterator in value;
    const members = isList ? listMembers(value as Iterable<unknown>) : objectMembers(value);
    const colon = indent > 0 ? ': ' : ':';
    const line = (depth: number) => (indent > 0 ? `\n${' '.repeat(indent * depth)}` : '');
    let count = 0;
    yield isList ? '[' : '{';
    for (const [key, item] of members) {
      yield `${count++ === 0 ? '' : ','}${line(level + 1)}${isList ? '' : `${jsonString(key)}${colon}`}`;
      yield* jsonPieces(item, indent, level + 1);
    }
    yield `${count === 0 ? '' : line(level)}${isList ? ']' : '}'}`;
  }
}

type Member = readonly [key: string, item: unknown];

function* listMembers(items: Iterable<unknown>): Generator<Member> {
  for (const item of items) yield ['', item];
}

function objectMembers(value: object): Member[] {
  return Object.entries(value).filter(([, item]) => item !== undefined);
}
