/** Facts about one thing as aligned lines. */
import { escapeUntrusted } from '../../../shared/text/untrusted-text.ts';

/** A name and a value; the value may be untrusted. */
export type DefinitionRow = readonly [name: string, value: string];

const NAME_WIDTH = 14;
/** The longest path that the usual systems take. */
const MAX_VALUE = 4096;

/** The line of a fact. */
export function definitionLine([name, value]: DefinitionRow): string {
  return `    ${name.padEnd(NAME_WIDTH)} ${escapeUntrusted(value, MAX_VALUE)}`;
}
