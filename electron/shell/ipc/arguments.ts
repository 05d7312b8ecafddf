/**
 * Checks of what the window sends. The window is sandboxed but shows untrusted text, so nothing it says is believed:
 * every call has a checker that returns a fresh value of the declared type or throws IPC_BAD_ARGUMENT.
 */
import { CowscopeError } from '../../../shared/error.ts';
import { STATES } from '../../../shared/extent/flags.ts';
import type { CallArgs, CallName } from '../../../shared/ipc/contract.ts';
import { MAX_TILES_PER_CALL } from '../../../shared/ipc/contract.ts';
import { MAX_LAYERS } from '../../../shared/model/layer.ts';
import type { SeekKind } from '../../../shared/model/statistics.ts';
import type { Consent, OpenTarget } from '../../../shared/model/target.ts';

/** Most paths in one consent. */
export const MAX_ALLOWED = 1024;
/** Longest path or URI in UTF-16 units; Linux limits paths to 4096 bytes, Windows to 32767 units. */
export const MAX_PATH = 32_767;

type Fields = Readonly<Record<string, unknown>>;

function refuse(what: string): CowscopeError {
  return new CowscopeError({
    code: 'IPC_BAD_ARGUMENT',
    what: `The window sent a request that is not valid: ${what}`,
    subject: '',
    advice: 'please report this with the steps that led here',
  });
}

function fields(value: unknown, name: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw refuse(`${name} is not an object`);
  return value as Fields;
}

function integer(value: unknown, name: string, low: number, high: number): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < low || value > high) {
    throw refuse(`${name} is not a whole number from ${low} to ${high}`);
  }
  return value;
}

function offset(value: unknown, name: string): number {
  return integer(value, name, 0, Number.MAX_SAFE_INTEGER);
}

function boolean(value: unknown, name: string): boolean {
  if (typeof value !== 'boolean') throw refuse(`${name} is not true or false`);
  return value;
}

function path(value: unknown, name: string): string {
  if (typeof value !== 'string' || value === '' || value.length > MAX_PATH || value.includes('\0')) {
    throw refuse(`${name} is not a path or address`);
  }
  return value;
}

function paths(value: unknown, name: string, low: number, high: number): readonly string[] {
  if (!Array.isArray(value) || value.length < low || value.length > high) {
    throw refuse(`${name} is not a list of ${low} to ${high} paths`);
  }
  return value.map((item, at) => path(item, `${name}[${at}]`));
}

function nothing(value: unknown): undefined {
  if (value !== undefined) throw refuse('an argument where none is expected');
  return undefined;
}

function session(value: unknown): { readonly session: number } {
  return { session: offset(fields(value, 'the argument').session, 'session') };
}

function range(value: unknown): { readonly session: number; readonly start: number; readonly end: number } {
  const given = fields(value, 'the argument');
  const start = offset(given.start, 'start');
  const end = offset(given.end, 'end');
  if (end < start) throw refuse('end is before start');
  return { ...session(value), start, end };
}

/**
 * The target that `value` describes, with no other fields.
 * Throws IPC_BAD_ARGUMENT. Also used for targets read back from the recent list and from a second launch.
 */
export function checkTarget(value: unknown): OpenTarget {
  const given = fields(value, 'target');
  if (given.kind === 'nbd') return { kind: 'nbd', uri: path(given.uri, 'uri') };
  if (given.kind !== 'files') throw refuse('target is neither files nor nbd');
  const files = paths(given.files, 'files', 1, MAX_LAYERS);
  const { format, snapshot } = given;
  if (format !== undefined && format !== 'raw' && format !== 'qcow2')
    throw refuse('format is neither raw nor qcow2');
  return {
    kind: 'files',
    files,
    ...(format === undefined ? {} : { format }),
    ...(snapshot === undefined ? {} : { snapshot: path(snapshot, 'snapshot') }),
  };
}

/** The consent that `value` describes. Throws IPC_BAD_ARGUMENT. */
export function checkConsent(value: unknown): Consent {
  const given = fields(value, 'consent');
  return {
    allow: paths(given.allow, 'allow', 0, MAX_ALLOWED),
    allowAll: boolean(given.allowAll, 'allowAll'),
  };
}

function seekKind(value: unknown): SeekKind {
  switch (value) {
    case 'change':
    case 'override':
    case 'holeOverride':
    case 'dirty':
    case 'damaged':
      return value;
    default:
      return { state: integer(fields(value, 'kind').state, 'state', 0, STATES.length - 1) };
  }
}

/** For every call the checker of its argument. A forgotten call fails to compile. */
export const CHECK_ARGUMENTS: { readonly [C in CallName]: (value: unknown) => CallArgs<C> } = {
  'app:state': nothing,
  'app:clearRecent': nothing,
  'app:idle': nothing,
  'dialog:openFiles': nothing,
  'chain:open': value => {
    const given = fields(value, 'the argument');
    return { target: checkTarget(given.target), consent: checkConsent(given.consent) };
  },
  'chain:close': session,
  'chain:cancel': session,
  'chain:retry': session,
  'chain:tiles': value => {
    const given = fields(value, 'the argument');
    return {
      ...session(value),
      // One column of 2^53 bytes holds the largest disk that is accepted.
      level: integer(given.level, 'level', 0, 53),
      first: offset(given.first, 'first'),
      count: integer(given.count, 'count', 1, MAX_TILES_PER_CALL),
    };
  },
  'chain:extents': range,
  'chain:statistics': range,
  'chain:inspect': value => ({
    ...session(value),
    offset: offset(fields(value, 'the argument').offset, 'offset'),
  }),
  'chain:seek': value => {
    const given = fields(value, 'the argument');
    return {
      ...session(value),
      track: integer(given.track, 'track', 0, 0xffff),
      // -1 finds a place at offset 0 too: places start after `from`.
      from: integer(given.from, 'from', -1, Number.MAX_SAFE_INTEGER),
      backwards: boolean(given.backwards, 'backwards'),
      kind: seekKind(given.kind),
    };
  },
  'nbd:cancelList': nothing,
  'nbd:list': value => ({ uri: path(fields(value, 'the argument').uri, 'uri') }),
};
