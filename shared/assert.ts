/** Throws when an invariant of our own is broken. Never use it on input. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`invariant broken: ${message}`);
}

/** Closes a switch over a union: a forgotten member is a compile error. */
export function assertNever(value: never): never {
  throw new Error(`invariant broken: unexpected ${String(value)}`);
}
