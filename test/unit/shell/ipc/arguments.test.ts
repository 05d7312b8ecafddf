import fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkArguments } from '../../../../electron/shell/ipc/arguments.ts';
import { CowscopeError } from '../../../../shared/error.ts';
import { CALL_NAMES, type CallName } from '../../../../shared/ipc/contract.ts';
import {
  MAX_DETAILED_EXTENTS,
  MAX_PLACES_PER_PAGE,
  MAX_TILES_PER_CALL,
} from '../../../../shared/ipc/questions.ts';
import { MAX_ALLOWED_PATHS, MAX_PATH_CHARACTERS } from '../../../../shared/ipc/schemas.ts';
import { MAX_LAYERS } from '../../../../shared/model/layer.ts';
import { MAX_STORE_FINDINGS, MAX_STORE_ROWS } from '../../../../shared/model/store/store-page.ts';

const consent = { allow: ['/a'], allowAll: false };
const files = { kind: 'files', files: ['/base', '/top'] };

const MARK_RANGE = {
  good: [{ sessionId: 1, start: 0, end: 1, columns: 4096 }],
  bad: [
    { sessionId: 1, start: 0, end: 1 },
    { sessionId: 1, start: 0, end: 1, columns: 0 },
    { sessionId: 1, start: 0, end: 1, columns: 4097 },
    { sessionId: 1, start: 2, end: 1, columns: 1 },
  ],
};

/** For every call at least one good argument and some that differ from it by one field. */
const CASES: Record<CallName, { good: unknown[]; bad: unknown[] }> = {
  'app:state': { good: [undefined], bad: [null, {}, 0] },
  'app:clearRecent': { good: [undefined], bad: [{}] },
  'app:theme': {
    good: [{ theme: 'system' }, { theme: 'light' }, { theme: 'dark' }],
    bad: [undefined, {}, { theme: 'blue' }, { theme: 'dark', more: 1 }],
  },
  'app:diagnostics': { good: [undefined], bad: ['', {}] },
  'app:idle': { good: [undefined], bad: [{}] },
  'dialog:openFiles': { good: [undefined], bad: ['/etc/passwd'] },
  'dialog:openFolders': { good: [undefined], bad: ['/etc'] },
  'store:open': {
    good: [{ folders: ['/images'] }],
    bad: [undefined, {}, { folders: [] }, { folders: [''] }, { folders: '/images' }, { folders: ['/a\0'] }],
  },
  'store:close': { good: [undefined], bad: [{}] },
  'store:rows': {
    good: [{ storeId: 1, first: 0, count: MAX_STORE_ROWS }],
    bad: [
      { storeId: 1, first: 0, count: MAX_STORE_ROWS + 1 },
      { storeId: 1, first: -1, count: 1 },
      { storeId: 1, first: 0, count: 0 },
      { first: 0, count: 1 },
    ],
  },
  'store:findings': {
    good: [{ storeId: 1, skip: 0, most: MAX_STORE_FINDINGS }],
    bad: [
      { storeId: 1, skip: 0, most: MAX_STORE_FINDINGS + 1 },
      { storeId: 1, skip: 0.5, most: 1 },
    ],
  },
  'store:arrange': {
    good: [{ files: ['/b', '/a'] }],
    bad: [{ files: [] }, { files: Array(MAX_LAYERS + 1).fill('/a') }, { files: [1] }],
  },
  'chain:open': {
    good: [
      { target: files, consent },
      { target: { ...files, format: 'raw' }, consent: { allow: [], allowAll: true } },
      { target: { ...files, snapshot: '1' }, consent },
      { target: { ...files, backingFormat: 'raw', locate: ['/moved'] }, consent },
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
      { target: { kind: 'files', files: ['x'.repeat(MAX_PATH_CHARACTERS + 1)] }, consent },
      { target: { kind: 'files', files: new Array(1) }, consent },
      { target: { kind: 'files', files: { length: 1, 0: '/a' } }, consent },
      { target: files, consent: { allow: Array(MAX_ALLOWED_PATHS + 1).fill('/a'), allowAll: false } },
      { target: files, consent, more: 1 },
      { target: { ...files, uri: 'nbd://h' }, consent },
      { target: { ...files, format: undefined }, consent },
      { target: files, consent: { ...consent, path: '/etc' } },
      { target: { ...files, format: 'vmdk' }, consent },
      { target: { ...files, backingFormat: 'vmdk' }, consent },
      { target: { ...files, locate: [] }, consent },
      { target: { ...files, locate: ['/a\0'] }, consent },
      { target: { ...files, snapshot: 1 }, consent },
      { target: { kind: 'nbd', uri: 7 }, consent },
      { target: { kind: 'http', uri: 'http://h' }, consent },
    ],
  },
  'plan:make': {
    good: [
      { sessionId: 1, choice: { operation: 'commit', job: 'qemu-img' } },
      {
        sessionId: 1,
        choice: {
          operation: 'commit',
          job: 'live',
          from: '/top',
          into: '0',
          unmaps: true,
          readsAllData: true,
        },
      },
      { sessionId: 1, choice: { operation: 'rebase', job: 'qemu-img', base: '/base', unsafe: true } },
      { sessionId: 1, choice: { operation: 'delete-snapshot', job: 'qemu-img', snapshot: '1' } },
      { sessionId: 1, choice: { operation: 'drop', job: 'live', qemu: { major: 10, minor: 0, patch: 7 } } },
    ],
    bad: [
      { choice: { operation: 'commit', job: 'qemu-img' } },
      { sessionId: 1 },
      { sessionId: 1, choice: { operation: 'repair', job: 'qemu-img' } },
      { sessionId: 1, choice: { operation: 'commit', job: 'virsh' } },
      { sessionId: 1, choice: { operation: 'commit', job: 'live', from: 1 } },
      { sessionId: 1, choice: { operation: 'commit', job: 'live', from: '/a\0' } },
      { sessionId: 1, choice: { operation: 'commit', job: 'live', stores: ['/etc'] } },
      { sessionId: 1, choice: { operation: 'commit', job: 'live', withRanges: true } },
      { sessionId: 1, choice: { operation: 'commit', job: 'live', qemu: { major: -1, minor: 0 } } },
      { sessionId: 1, choice: { operation: 'commit', job: 'live', qemu: '10.0' } },
    ],
  },
  'compare:open': {
    good: [
      { sessionId: 1, other: { kind: 'layer', layer: 0 } },
      {
        sessionId: 1,
        layer: 2,
        other: { kind: 'target', target: { kind: 'files', files: ['/a'] }, consent },
      },
    ],
    bad: [
      { sessionId: 1 },
      { sessionId: 1, other: { kind: 'layer', layer: -1 } },
      { sessionId: 1, other: { kind: 'target', target: { kind: 'files', files: [] }, consent } },
    ],
  },
  'compare:content': { good: [{ comparisonId: 1 }], bad: [undefined, {}, { comparisonId: -1 }] },
  'compare:cancel': { good: [{ comparisonId: 1 }], bad: [undefined, { comparisonId: 1, more: 1 }] },
  'compare:close': { good: [undefined], bad: [null, {}] },
  'compare:tiles': {
    good: [{ comparisonId: 1, level: 0, first: 0, count: 1 }],
    bad: [
      { comparisonId: 1, level: 54, first: 0, count: 1 },
      { level: 0, first: 0, count: 1 },
    ],
  },
  'compare:extents': {
    good: [{ comparisonId: 1, start: 0, end: 1 }],
    bad: [{ comparisonId: 1, start: 2, end: 1 }],
  },
  'compare:differences': {
    good: [{ comparisonId: 1, kinds: ['content', 'state'], skip: 0, most: 1000 }],
    bad: [
      { comparisonId: 1, kinds: [], skip: 0, most: 1 },
      { comparisonId: 1, kinds: ['same'], skip: 0, most: 1 },
      { comparisonId: 1, kinds: ['content'], skip: 0, most: 1001 },
    ],
  },
  'compare:find': {
    good: [{ comparisonId: 1, kinds: ['content'], from: -1, backwards: true }],
    bad: [{ comparisonId: 1, kinds: ['content'], from: -2, backwards: true }],
  },
  'report:save': {
    good: [
      { sessionId: 1, format: 'html', showPaths: false, partitions: true },
      { sessionId: 1, format: 'html', showPaths: false },
      { sessionId: 1, format: 'svg', showPaths: true, planId: 3 },
    ],
    bad: [
      { sessionId: 1, format: 'exe', showPaths: false },
      { sessionId: 1, format: 'html' },
      { format: 'html', showPaths: false },
      { sessionId: 1, format: 'html', showPaths: false, path: '/etc/passwd' },
      { sessionId: 1, format: 'html', showPaths: false, planId: -1 },
    ],
  },
  'report:drawing': {
    good: [{ sessionId: 1, showPaths: false }],
    bad: [{ sessionId: 1 }, { showPaths: true }],
  },
  'report:savePicture': {
    good: [{ sessionId: 1, png: Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0) }],
    bad: [
      { sessionId: 1, png: new Uint8Array(9) },
      { sessionId: 1, png: Uint8Array.of(0x89, 0x50, 0x4e, 0x47) },
      { sessionId: 1, png: 'png' },
    ],
  },
  'report:cancel': { good: [undefined], bad: [{}] },
  'capture:save': {
    good: [{ sessionId: 1, showPaths: false }],
    bad: [
      { sessionId: 1 },
      { sessionId: 1, showPaths: 1 },
      { sessionId: 1, showPaths: true, path: '/etc/passwd' },
    ],
  },
  'capture:cancel': { good: [undefined], bad: [{}] },
  'plan:cancel': { good: [undefined], bad: [{}] },
  'chain:close': {
    good: [{ sessionId: 1 }],
    bad: [{}, { sessionId: -1 }, { sessionId: 1.5 }, { sessionId: '1' }],
  },
  'chain:cancel': { good: [{ sessionId: 1 }], bad: [undefined, [1]] },
  'chain:subscribe': { good: [{ sessionId: 1 }], bad: [undefined, {}] },
  'guest:partitions': { good: [{ sessionId: 1 }], bad: [undefined, {}, { sessionId: 1, path: '/a' }] },
  'chain:retry': { good: [{ sessionId: 1 }], bad: [undefined, [1]] },
  'chain:tiles': {
    good: [{ sessionId: 1, level: 9, first: 0, count: MAX_TILES_PER_CALL }],
    bad: [
      { sessionId: 1, level: 54, first: 0, count: 1 },
      { sessionId: 1, level: 0, first: -1, count: 1 },
      { sessionId: 1, level: 0, first: 0, count: 0 },
      { sessionId: 1, level: 0, first: 0, count: MAX_TILES_PER_CALL + 1 },
      { sessionId: 1, level: Number.NaN, first: 0, count: 1 },
      { sessionId: 1, level: '1', first: 0, count: 1 },
      { sessionId: 1, level: 1, first: 0.5, count: 1 },
      { sessionId: 1, level: 1, first: 0, count: 1, more: 1 },
      { level: 1, first: 0, count: 1 },
    ],
  },
  'chain:extents': {
    good: [
      { sessionId: 1, start: 0, end: 2 ** 53 - 1 },
      { sessionId: 1, start: 5, end: 5 },
    ],
    bad: [
      { sessionId: 1, start: 2, end: 1 },
      { sessionId: 1, start: 0, end: Number.POSITIVE_INFINITY },
      { sessionId: 1, start: 0, end: 2 ** 53 },
      { sessionId: 1, start: 0 },
    ],
  },
  'chain:statistics': {
    good: [{ sessionId: 1, start: 0, end: 1 }],
    bad: [{ sessionId: 1, start: -1, end: 1 }],
  },
  'chain:sums': {
    good: [{ sessionId: 1, start: 0, end: 1 }],
    bad: [
      { sessionId: 1, start: 2, end: 1 },
      { sessionId: 1, end: 1 },
    ],
  },
  'chain:inspect': {
    good: [{ sessionId: 1, offset: 0 }],
    bad: [{ sessionId: 1 }, { sessionId: 1, offset: 0.5 }],
  },
  'chain:seek': {
    good: [
      { sessionId: 1, track: 0, from: 0, backwards: false, kind: 'holeOverride' },
      { sessionId: 1, track: 3, from: 9, backwards: true, kind: { state: 9 } },
      { sessionId: 1, track: 0, from: -1, backwards: false, kind: 'override' },
    ],
    bad: [
      { sessionId: 1, track: 0, from: 0, backwards: false, kind: 'anything' },
      { sessionId: 1, track: 0, from: 0, backwards: false, kind: { state: 10 } },
      { sessionId: 1, track: 0x10000, from: 0, backwards: false, kind: 'change' },
      { sessionId: 1, track: 0, from: 0, backwards: 'no', kind: 'change' },
      { sessionId: 1, track: 0, from: -2, backwards: false, kind: 'change' },
    ],
  },
  'chain:matchNumber': {
    good: [{ sessionId: 1, track: 0, offset: 0, kind: 'override' }],
    bad: [
      { sessionId: 1, track: 0, offset: -1, kind: 'override' },
      { sessionId: 1, track: 0, offset: 0, kind: 'other' },
    ],
  },
  'chain:places': {
    good: [
      { sessionId: 1, order: 'start', skip: 0, most: MAX_PLACES_PER_PAGE },
      {
        sessionId: 1,
        order: 'length',
        skip: 7,
        most: 1,
        kinds: ['dirty', 'holeOverrides'],
        tracks: [1, 3],
        states: ['data'],
        bitmap: { layer: 0, name: 'b' },
        minLength: 65536,
      },
    ],
    bad: [
      { sessionId: 1, order: 'end', skip: 0, most: 1 },
      { sessionId: 1, order: 'start', skip: 0, most: MAX_PLACES_PER_PAGE + 1 },
      { sessionId: 1, order: 'start', skip: 0, most: 0 },
      { sessionId: 1, order: 'start', skip: 0, most: 1, kinds: [] },
      { sessionId: 1, order: 'start', skip: 0, most: 1, kinds: ['data'] },
      { sessionId: 1, order: 'start', skip: 0, most: 1, states: ['dirty'] },
      { sessionId: 1, order: 'start', skip: 0, most: 1, bitmap: { layer: 0 } },
      { sessionId: 1, order: 'start', skip: 0, most: 1, minLength: -1 },
    ],
  },
  'chain:totals': {
    good: [{ sessionId: 1 }, { sessionId: 1, layer: 0 }, { sessionId: 1, layer: undefined }],
    bad: [
      {},
      { sessionId: 1, layer: -1 },
      { sessionId: 1, layer: MAX_LAYERS },
      { sessionId: 1, layer: null },
    ],
  },
  'chain:contextTotals': {
    good: [
      { sessionId: 1, selection: { context: 'depth' } },
      { sessionId: 1, layer: 1, selection: { context: 'bitmap', bitmap: { layer: 1, name: 'b' } } },
    ],
    bad: [
      { sessionId: 1 },
      { sessionId: 1, context: 'depth' },
      { sessionId: 1, selection: { context: 'base:allocation' } },
      { sessionId: 1, selection: { context: 'bitmap' } },
      { sessionId: 1, selection: { context: 'depth', bitmap: { layer: 1, name: 'b' } } },
      { sessionId: 1, selection: { context: 'bitmap', bitmap: { layer: 1 } } },
      { sessionId: 1, selection: { context: 'bitmap', bitmap: { layer: 1, name: '' } } },
    ],
  },
  'chain:overview': {
    good: [{ sessionId: 1, span: 1 }],
    bad: [{ sessionId: 1 }, { sessionId: 1, span: 0 }, { sessionId: 1, span: 2 ** 53 }],
  },
  'chain:allocation': {
    good: [{ sessionId: 1, layer: 0 }],
    bad: [undefined, { sessionId: 1 }, { sessionId: 1, layer: -1 }, { sessionId: 1, layer: 200 }],
  },
  'chain:hostLayout': {
    good: [{ sessionId: 1, layer: 0 }],
    bad: [undefined, { sessionId: 1 }, { sessionId: 1, layer: -1 }, { sessionId: 1, layer: 200 }],
  },
  'chain:hostTiles': {
    good: [{ sessionId: 1, layer: 0, level: 16, first: 0, count: 8 }],
    bad: [
      { sessionId: 1, level: 16, first: 0, count: 1 },
      { sessionId: 1, layer: 0, level: 54, first: 0, count: 1 },
      { sessionId: 1, layer: 0, level: 16, first: 0, count: 9 },
    ],
  },
  'chain:hostRuns': {
    good: [{ sessionId: 1, layer: 0, start: 0, end: 0 }],
    bad: [
      { sessionId: 1, start: 0, end: 1 },
      { sessionId: 1, layer: 0, start: 2, end: 1 },
      { sessionId: 1, layer: 0, start: -1, end: 1 },
    ],
  },
  'chain:extentDetails': {
    good: [
      { sessionId: 1, extents: [{ layer: 0, start: 0, end: 0 }] },
      { sessionId: 1, extents: Array(MAX_DETAILED_EXTENTS).fill({ layer: 199, start: 0, end: 1 }) },
    ],
    bad: [
      { sessionId: 1 },
      { sessionId: 1, extents: [] },
      { sessionId: 1, extents: [{ layer: 0, start: 2, end: 1 }] },
      { sessionId: 1, extents: [{ layer: 200, start: 0, end: 1 }] },
      { sessionId: 1, extents: Array(MAX_DETAILED_EXTENTS + 1).fill({ layer: 0, start: 0, end: 1 }) },
    ],
  },
  'chain:hostSeek': {
    good: [{ sessionId: 1, layer: 0, kind: 'leaked', from: -1, backwards: false }],
    bad: [
      { sessionId: 1, layer: 0, kind: 'state', from: -1, backwards: false },
      { sessionId: 1, layer: 0, kind: 'leaked', from: -2, backwards: false },
    ],
  },
  'chain:hostCluster': {
    good: [{ sessionId: 1, layer: 0, offset: 0 }],
    bad: [
      { sessionId: 1, layer: 0 },
      { sessionId: 1, layer: 0, offset: 2 ** 53 },
    ],
  },
  'chain:findingMarks': MARK_RANGE,
  'chain:bitmapMarks': MARK_RANGE,
  'chain:bitmapSums': { good: [{ sessionId: 1 }], bad: [undefined, {}, { sessionId: 1, start: 0 }] },
  'chain:hostFindingMarks': {
    good: [{ sessionId: 1, layer: 0, start: 0, end: 1, columns: 4096 }],
    bad: [
      { sessionId: 1, start: 0, end: 1, columns: 1 },
      { sessionId: 1, layer: 0, start: 0, end: 1, columns: 4097 },
      { sessionId: 1, layer: 0, start: 2, end: 1, columns: 1 },
    ],
  },
  'chain:checkCost': {
    good: [
      { sessionId: 1, layer: 0 },
      { sessionId: 1, layer: 0, deep: true },
    ],
    bad: [undefined, { sessionId: 1 }, { sessionId: 1, layer: -1 }, { sessionId: 1, layer: 0, deep: 1 }],
  },
  'chain:compareWitnesses': {
    good: [{ sessionId: 1 }],
    bad: [undefined, {}, { sessionId: 1, layer: 0 }],
  },
  'chain:checkProgress': {
    good: [{ sessionId: 1 }],
    bad: [undefined, {}, { sessionId: 1, layer: 0 }],
  },
  'chain:stopCheck': {
    good: [{ sessionId: 1 }],
    bad: [undefined, {}, { sessionId: 1, layer: 0 }],
  },
  'chain:check': {
    good: [{ sessionId: 1, layer: 0 }],
    bad: [undefined, { sessionId: 1 }, { sessionId: 1, layer: -1 }, { sessionId: 1, layer: 200 }],
  },
  'chain:findings': {
    good: [
      { sessionId: 1, skip: 0, most: 100 },
      {
        sessionId: 1,
        skip: 5,
        most: 1,
        severities: ['note'],
        codes: ['X'],
        layers: [-1, 0],
        start: 0,
        end: 1,
      },
    ],
    bad: [
      { sessionId: 1 },
      { sessionId: 1, skip: 0, most: 101 },
      { sessionId: 1, skip: 0, most: 1, severities: ['bad'] },
      { sessionId: 1, skip: 0, most: 1, layers: [-2] },
      { sessionId: 1, skip: 0, most: 1, codes: ['X'.repeat(65)] },
    ],
  },
  'chain:findingCounts': {
    good: [{ sessionId: 1 }],
    bad: [
      undefined,
      {},
      { sessionId: 1, first: 0 },
      { sessionId: 1, constructor: 1 },
      JSON.parse('{ "sessionId": 1, "__proto__": {} }'),
    ],
  },
  'chain:guestRuns': {
    good: [
      { sessionId: 1, start: 0 },
      { sessionId: 1, start: 65_536, layer: 0 },
    ],
    bad: [{ sessionId: 1 }, { sessionId: 1, start: -1 }, { sessionId: 1, start: 0, layer: 200 }],
  },
  'chain:findingNumber': {
    good: [{ sessionId: 1, track: 1, offset: 0 }],
    bad: [
      { sessionId: 1, track: -1, offset: 0 },
      { sessionId: 1, track: 1 },
    ],
  },
  'chain:nextFinding': {
    good: [{ sessionId: 1, layer: -1, offset: -1, backwards: false }],
    bad: [
      { sessionId: 1, layer: -2, offset: 0, backwards: false },
      { sessionId: 1, layer: 0, offset: 0 },
    ],
  },
  'nbd:cancelList': { good: [undefined], bad: [null, {}] },
  'nbd:list': { good: [{ uri: 'nbd://h' }], bad: [{}, { uri: '' }, 'nbd://h'] },
};

function outcome(name: CallName, value: unknown): unknown {
  try {
    return checkArguments(name, value);
  } catch (error) {
    expect(error).toBeInstanceOf(CowscopeError);
    return (error as CowscopeError).code;
  }
}

test.each([...CALL_NAMES])('%s takes good arguments as they are and refuses others', name => {
  for (const value of CASES[name].good) expect(outcome(name, value)).toEqual(value);
  for (const value of CASES[name].bad)
    expect(outcome(name, value), JSON.stringify(value)).toBe('IPC_BAD_ARGUMENT');
});

test('an error names the field that is not valid, in few characters', () => {
  const message = (value: unknown) => {
    try {
      return checkArguments('chain:open', value);
    } catch (error) {
      return (error as CowscopeError).what;
    }
  };
  expect(message({ target: { kind: 'files', files: ['/a', 7] }, consent })).toContain('target.files.1');
  expect(message({ target: files, consent, ['x'.repeat(10_000)]: 1 })).toHaveLength(
    String(message({ target: files, consent, ['x'.repeat(80)]: 1 })).length,
  );
});

test('a checked value shares nothing with what was sent', () => {
  const sent = { target: { kind: 'files', files: ['/a'] }, consent: { allow: [], allowAll: false } };
  const checked = checkArguments('chain:open', sent);
  sent.target.files.push('/b');
  expect(checked.target).toEqual({ kind: 'files', files: ['/a'] });
});

/** Values like good arguments, with wild ones in their places. */
const wild = fc.oneof(
  fc.anything({ maxDepth: 3, withNullPrototype: true, withSparseArray: true, withTypedArray: true }),
  fc.record(
    Object.fromEntries(
      [
        'sessionId',
        'level',
        'first',
        'count',
        'start',
        'end',
        'offset',
        'target',
        'consent',
        'kind',
        'uri',
      ].map(field => [field, fc.oneof(fc.nat(9), fc.anything({ maxDepth: 2 }))]),
    ),
    { requiredKeys: [] },
  ),
);

test('any value is either refused with IPC_BAD_ARGUMENT or passes as it is', () => {
  fc.assert(
    fc.property(fc.constantFrom(...CALL_NAMES), wild, (name, value) => {
      const result = outcome(name, value);
      if (result !== 'IPC_BAD_ARGUMENT') expect(result).toEqual(value);
    }),
    { numRuns: 2000 },
  );
});
