/**
 * What is kept between runs, as JSON with a version: recent images, the window's place, preferences. What an older version
 * has written is read; what a newer one has written is left as it is.
 */
import * as v from 'valibot';

/** One kind of state, as it is stored. */
export interface StateFormat<T> {
  /**
   * Makes of what version `n` stored, at index `n`, what version `n + 1` stores. Version 0 has no number. There are as many
   * as the version that is written.
   */
  readonly upgrades: readonly ((older: object) => object)[];
  /** What the newest version stores beside its number. */
  readonly schema: v.GenericSchema<unknown, T>;
}

/** The result of reading a stored text. `isOlder`: it is to be written again in the newest version. */
export type StoredState<T> =
  | { readonly kind: 'valid'; readonly value: T; readonly isOlder: boolean }
  | { readonly kind: StateProblem };

/** Why stored state is not taken over. */
export type StateProblem = 'newer' | 'broken';

const HEAD = v.object({ version: v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(0)), 0) });

/** Reads a stored text. It is not trusted. */
export function decodeState<T>({ upgrades, schema }: StateFormat<T>, text: string): StoredState<T> {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    return { kind: 'broken' };
  }
  const head = v.safeParse(HEAD, document);
  if (!head.success || Array.isArray(document)) return { kind: 'broken' };
  const { version } = head.output;
  if (version > upgrades.length) return { kind: 'newer' };
  const newest = upgrades.slice(version).reduce((older, upgrade) => upgrade(older), document as object);
  const { success, output } = v.safeParse(schema, newest);
  return success ? { kind: 'valid', value: output, isOlder: version < upgrades.length } : { kind: 'broken' };
}

/** The text to store. */
export function encodeState<T extends object>({ upgrades }: StateFormat<T>, value: T): string {
  return `${JSON.stringify({ version: upgrades.length, ...value }, null, 1)}\n`;
}

/** The sentences that tell a person of state that was not taken over. `keptAs`: where it was moved to, if it was. */
export function stateNotice(name: string, problem: StateProblem, keptAs?: string): string {
  if (problem === 'newer')
    return `${name} was stored by a newer version of cowscope. It is left as it is, and changes are not stored.`;
  const kept = keptAs === undefined ? '' : ` What was stored is kept as ${keptAs}.`;
  return `${name} could not be read and starts empty.${kept}`;
}
