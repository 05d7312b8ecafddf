/** What is known of one thing, as aligned lines of a name and a value. */
import { escapeUntrusted } from '../../../shared/text/untrusted-text.ts';

/** A name and a value; the value may be untrusted. */
export type DefinitionRow = readonly [name: string, value: string];

const NAME_CHARACTERS = 14;
/** The longest path that the usual systems take. */
const MAX_VALUE_CHARACTERS = 4096;

/** The line of a row. */
export function definitionLine([name, value]: DefinitionRow): string {
  return `    ${name.padEnd(NAME_CHARACTERS)} ${escapeUntrusted(value, MAX_VALUE_CHARACTERS)}`;
}
