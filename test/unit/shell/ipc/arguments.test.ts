import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CHECK_ARGUMENTS, checkTarget, MAX_PATH } from '../../../../electron/shell/ipc/arguments.ts';
import { CowscopeError } from '../../../../shared/error.ts';
import { CALL_NAMES, type CallName, MAX_TILES_PER_CALL } from '../../../../shared/ipc/contract.ts';
import { MAX_LAYERS } from '../../../../shared/model/layer.ts';

const consent = { allow: ['/a'], allowAll: false };
const files = { kind: 'files', files: ['/base', '/top'] };

/** For every call at least one good argument and some that differ from it by one field. */
const CASES: Record<CallName, { good: unknown[]; bad: unknown[] }> = {
  'app:state': { good: [undefined], bad: [null, {}, 0] },
  'app:clearRecent': { good: [undefined], bad: [{}] },
  'app:idle': { good: [undefined], bad: [{}] },
  'dialog:openFiles': { good: [undefined], bad: ['/etc/passwd'] },
  'chain:open': {
    good: [
      { target: files, consent },
      { target: { ...files, format: 'raw' }, consent: { allow: [], allowAll: true } },
      { target: { ...files, snapshot: '1' }, consent },
      { target: { kind: 'nbd', uri: 'nbd://h' }, consent },
    ],
    bad: [
      undefined,
      { target: files },
      { consent },
      { target: files, consent: { allow: '/a', allowAll: false } },
      { target: files, consent: { allow: [1], allowAll: false } },
      { target: files, consent: { allow: [], allowAll: 1 } },
      { target: { kind: 'files', files: [] }, consent },
      { target: { kind: 'files', files: Array(MAX_LAYERS + 1).fill('/a') }, consent },
      { target: { kind: 'files', files: ['/a\0b'] }, consent },
      { target: { kind: 'files', files: [''] }, consent },
      { target: { kind: 'files', files: ['x'.repeat(MAX_PATH + 1)] }, consent },
      { target: { ...files, format: 'vmdk' }, consent },
      { target: { ...files, snapshot: 1 }, consent },
      { target: { kind: 'nbd', uri: 7 }, consent },
      { target: { kind: 'http', uri: 'http://h' }, consent },
    ],
  },
  'chain:close': { good: [{ session: 1 }], bad: [{}, { session: -1 }, { session: 1.5 }, { session: '1' }] },
  'chain:cancel': { good: [{ session: 1 }], bad: [undefined, [1]] },
  'chain:retry': { good: [{ session: 1 }], bad: [undefined, [1]] },
  'chain:tiles': {
    good: [{ session: 1, level: 9, first: 0, count: MAX_TILES_PER_CALL }],
    bad: [
      { session: 1, level: 54, first: 0, count: 1 },
      { session: 1, level: 0, first: -1, count: 1 },
      { session: 1, level: 0, first: 0, count: 0 },
      { session: 1, level: 0, first: 0, count: MAX_TILES_PER_CALL + 1 },
      { session: 1, level: Number.NaN, first: 0, count: 1 },
    ],
  },
  'chain:extents': {
    good: [
      { session: 1, start: 0, end: 2 ** 53 - 1 },
      { session: 1, start: 5, end: 5 },
    ],
    bad: [
      { session: 1, start: 2, end: 1 },
      { session: 1, start: 0, end: Number.POSITIVE_INFINITY },
      { session: 1, start: 0, end: 2 ** 53 },
      { session: 1, start: 0 },
    ],
  },
  'chain:statistics': { good: [{ session: 1, start: 0, end: 1 }], bad: [{ session: 1, start: -1, end: 1 }] },
  'chain:inspect': { good: [{ session: 1, offset: 0 }], bad: [{ session: 1 }, { session: 1, offset: 0.5 }] },
  'chain:seek': {
    good: [
      { session: 1, track: 0, from: 0, backwards: false, kind: 'holeOverride' },
      { session: 1, track: 3, from: 9, backwards: true, kind: { state: 9 } },
      { session: 1, track: 0, from: -1, backwards: false, kind: 'override' },
    ],
    bad: [
      { session: 1, track: 0, from: 0, backwards: false, kind: 'anything' },
      { session: 1, track: 0, from: 0, backwards: false, kind: { state: 10 } },
      { session: 1, track: 0x10000, from: 0, backwards: false, kind: 'change' },
      { session: 1, track: 0, from: 0, backwards: 'no', kind: 'change' },
      { session: 1, track: 0, from: -2, backwards: false, kind: 'change' },
    ],
  },
  'nbd:cancelList': { good: [undefined], bad: [null, {}] },
  'nbd:list': { good: [{ uri: 'nbd://h' }], bad: [{}, { uri: '' }, 'nbd://h'] },
};

function outcome(name: CallName, value: unknown): unknown {
  try {
    return CHECK_ARGUMENTS[name](value);
  } catch (error) {
    expect(error).toBeInstanceOf(CowscopeError);
    return (error as CowscopeError).code;
  }
}

test.each(CALL_NAMES)('%s takes good arguments as they are and refuses others', name => {
  for (const value of CASES[name].good) expect(outcome(name, value)).toEqual(value);
  for (const value of CASES[name].bad)
    expect(outcome(name, value), JSON.stringify(value)).toBe('IPC_BAD_ARGUMENT');
});

test('fields that are not declared do not get through', () => {
  const target = checkTarget({ kind: 'files', files: ['/a'], format: 'qcow2', extra: 1, uri: 'nbd://h' });
  expect(target).toEqual({ kind: 'files', files: ['/a'], format: 'qcow2' });
});

test('anything else gives IPC_BAD_ARGUMENT, never another failure', () => {
  fc.assert(
    fc.property(fc.constantFrom(...CALL_NAMES), fc.anything({ maxDepth: 3 }), (name, value) => {
      const result = outcome(name, value);
      expect(result === 'IPC_BAD_ARGUMENT' || result === value || typeof result === 'object').toBe(true);
    }),
    { numRuns: 500 },
  );
});
