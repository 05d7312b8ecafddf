/** The outcome of something that is expected to fail at times. */
export type Result<T, E = import('./error.ts').ErrorRecord> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: E };

/** A success. */
export function ok<T>(value: T): Result<T, never> {
  return { ok: true, value };
}

/** A failure. */
export function fail<E>(error: E): Result<never, E> {
  return { ok: false, error };
}
