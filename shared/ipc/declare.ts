/** Declarations that are a type and, at run time, nothing but a name in a table. */

/** What goes out under a name and what comes back. No value has these fields. */
export interface Exchange<Args, Reply> {
  readonly args: Args;
  readonly reply: Reply;
}

/** Declares an exchange. The value is empty: it is only there so that the table has its key. */
export function exchange<Args, Reply>(): Exchange<Args, Reply> {
  return {} as Exchange<Args, Reply>;
}

/** What goes out under a name, unanswered. */
export type Notice<Payload> = Exchange<Payload, never>;

/** Declares a notice. */
export function notice<Payload>(): Notice<Payload> {
  return exchange();
}

/** The keys of a table of declarations. */
export function namesOf<Table extends object>(table: Table): readonly (keyof Table & string)[] {
  return Object.keys(table) as (keyof Table & string)[];
}
