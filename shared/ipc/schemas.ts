/**
 * Schemas of everything that comes from outside the program's own memory: the arguments of every call of the window, and
 * the targets and consent that are also read back from files and from a second launch. A value that passes is a fresh one
 * with the declared fields and no others.
 */
import * as v from 'valibot';
import { STATES } from '../extent/flags.ts';
import { MARK_KEYS } from '../legend.ts';
import type { StartView } from '../model/arrival.ts';
import { DIFFERENCE_KINDS, MAX_DIFFERENCES } from '../model/comparison.ts';
import { FINDING_SEVERITIES, WHOLE_CHAIN } from '../model/finding.ts';
import { MAX_READINGS } from '../model/inference.ts';
import { MAX_LAYERS } from '../model/layer.ts';
import { HOST_KINDS } from '../model/layout.ts';
import { PLACE_ORDERS } from '../model/place.ts';
import { PLAN_JOBS, PLAN_OPERATIONS, type PlanChoice } from '../model/plan/plan.ts';
import { MAX_PNG_BYTES, PNG_SIGNATURE, SAVED_FORMATS } from '../model/report/report-request.ts';
import { MAX_STORE_FINDINGS, MAX_STORE_ROWS } from '../model/store/store-page.ts';
import type { Consent, OpenTarget } from '../model/target.ts';
import { CONTEXT_ROLES } from '../nbd-contexts.ts';
import type { CallArgs, PlainCallName } from './contract.ts';
import {
  MAX_DETAILED_EXTENTS,
  MAX_FINDINGS_PER_PAGE,
  MAX_MARK_COLUMNS,
  MAX_PLACES_PER_PAGE,
  MAX_TILES_PER_CALL,
  type QuestionArgs,
  type QuestionName,
} from './questions.ts';

/** Most paths in one consent. */
export const MAX_ALLOWED_PATHS = 1024;
/** Longest path or URI in UTF-16 units; Linux limits paths to 4096 bytes, Windows to 32767 units. */
export const MAX_PATH_CHARACTERS = 32_767;
/** Highest level of a tile: one column of 2^53 bytes holds the largest disk that is accepted. */
const MAX_LEVEL = 53;
/** Highest number of a track: owners are 16-bit numbers. */
const MAX_TRACK = 0xffff;

/** Longest id of a view. */
const MAX_VIEW_ID_CHARACTERS = 32;
/** Longest code of a finding, and most of them in one filter. */
const MAX_CODE_CHARACTERS = 64;
const MAX_CODES = 256;

/** A whole number from `low` to `high`. */
function wholeNumber(low: number, high: number = Number.MAX_SAFE_INTEGER) {
  return v.pipe(v.number(), v.safeInteger(), v.minValue(low), v.maxValue(high));
}

/** A list of `low` to `high` items. Its length is checked before any item is. */
function list<Item extends v.GenericSchema>(item: Item, low: number, high: number) {
  const bounded = v.pipe(v.array(v.unknown()), v.minLength(low), v.maxLength(high));
  return v.pipe(bounded, v.array(item), v.readonly());
}

const offset = wholeNumber(0);
const layerNumber = wholeNumber(0, MAX_LAYERS - 1);
const layer = v.optional(layerNumber);
const path = v.pipe(
  v.string(),
  v.nonEmpty(),
  v.maxLength(MAX_PATH_CHARACTERS),
  v.check(text => !text.includes('\0'), 'holds a NUL'),
);
const nothing = v.undefined();
const range = v.pipe(
  v.strictObject({ start: offset, end: offset }),
  v.check(({ start, end }) => start <= end, 'ends before it starts'),
);
const layerRange = v.pipe(
  v.strictObject({ layer: layerNumber, start: offset, end: offset }),
  v.check(({ start, end }) => start <= end, 'ends before it starts'),
);
const tileSpan = {
  level: wholeNumber(0, MAX_LEVEL),
  first: offset,
  count: wholeNumber(1, MAX_TILES_PER_CALL),
};

const bitmapChoice = v.strictObject({ layer: layerNumber, name: path });
const seekKind = v.union([
  v.picklist(['change', 'override', 'holeOverride', 'dirty', 'damaged']),
  v.strictObject({ state: wholeNumber(0, STATES.length - 1) }),
]);

/** A target to open. */
export const TARGET = v.variant('kind', [
  v.strictObject({
    kind: v.literal('files'),
    files: list(path, 1, MAX_LAYERS),
    format: v.exactOptional(v.picklist(['raw', 'qcow2'])),
    backingFormat: v.exactOptional(v.picklist(['raw', 'qcow2'])),
    infer: v.exactOptional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(MAX_READINGS))),
    locate: v.exactOptional(list(path, 1, MAX_LAYERS)),
    snapshot: v.exactOptional(path),
  }),
  v.strictObject({ kind: v.literal('nbd'), uri: path }),
]) satisfies v.GenericSchema<unknown, OpenTarget>;

/** A consent. */
export const CONSENT = v.strictObject({
  allow: list(path, 0, MAX_ALLOWED_PATHS),
  allowAll: v.boolean(),
  forceShare: v.exactOptional(v.boolean()),
}) satisfies v.GenericSchema<unknown, Consent>;

/** Folders to be looked into. */
export const FOLDERS = list(path, 1, MAX_LAYERS);

/** Where to look first. */
export const START_VIEW = v.strictObject({
  at: v.exactOptional(offset),
  length: v.exactOptional(offset),
  view: v.exactOptional(v.pipe(v.string(), v.nonEmpty(), v.maxLength(MAX_VIEW_ID_CHARACTERS))),
}) satisfies v.GenericSchema<unknown, StartView>;

/** The number of a session. */
export const SESSION_ID = offset;
const ofSession = v.strictObject({ sessionId: SESSION_ID });

const ofComparison = v.strictObject({ comparisonId: offset });
const differenceKinds = list(v.picklist(DIFFERENCE_KINDS), 1, DIFFERENCE_KINDS.length);

const markRange = v.pipe(
  v.strictObject({ start: offset, end: offset, columns: wholeNumber(1, MAX_MARK_COLUMNS) }),
  v.check(({ start, end }) => start <= end, 'ends before it starts'),
);

/** Checks that a schema lets through every field of T, optional ones too, and nothing else. */
type SchemaOf<T> = v.GenericSchema<unknown, T> & {
  readonly entries: { readonly [K in keyof T]-?: unknown };
};

/** For every question the schema of its arguments. A forgotten question or field does not compile. */
export const QUESTION_SCHEMAS = {
  tiles: v.strictObject(tileSpan),
  extents: range,
  extentDetails: v.strictObject({ extents: list(layerRange, 1, MAX_DETAILED_EXTENTS) }),
  inspect: v.strictObject({ offset }),
  statistics: range,
  sums: range,
  seek: v.strictObject({
    track: wholeNumber(0, MAX_TRACK),
    from: wholeNumber(-1),
    backwards: v.boolean(),
    kind: seekKind,
  }),
  matchNumber: v.strictObject({ track: wholeNumber(0, MAX_TRACK), offset, kind: seekKind }),
  places: v.strictObject({
    order: v.picklist(PLACE_ORDERS),
    skip: offset,
    most: wholeNumber(1, MAX_PLACES_PER_PAGE),
    kinds: v.exactOptional(list(v.picklist(MARK_KEYS), 1, MARK_KEYS.length)),
    tracks: v.exactOptional(list(wholeNumber(0, MAX_TRACK), 1, MAX_LAYERS + 1)),
    states: v.exactOptional(list(v.picklist(STATES), 1, STATES.length)),
    bitmap: v.exactOptional(bitmapChoice),
    minLength: v.exactOptional(offset),
  }),
  guestRuns: v.strictObject({ start: offset, layer }),
  totals: v.strictObject({ layer }),
  contextTotals: v.strictObject({
    layer,
    selection: v.variant('context', [
      v.strictObject({ context: v.picklist(CONTEXT_ROLES.filter(role => role !== 'bitmap')) }),
      v.strictObject({
        context: v.literal('bitmap'),
        bitmap: bitmapChoice,
      }),
    ]),
  }),
  overview: v.strictObject({ layer, span: wholeNumber(1) }),
  findings: v.strictObject({
    skip: offset,
    most: wholeNumber(1, MAX_FINDINGS_PER_PAGE),
    complete: v.exactOptional(v.boolean()),
    severities: v.exactOptional(list(v.picklist(FINDING_SEVERITIES), 1, FINDING_SEVERITIES.length)),
    codes: v.exactOptional(list(v.pipe(v.string(), v.maxLength(MAX_CODE_CHARACTERS)), 1, MAX_CODES)),
    layers: v.exactOptional(list(wholeNumber(WHOLE_CHAIN, MAX_LAYERS - 1), 1, MAX_LAYERS + 1)),
    start: v.exactOptional(offset),
    end: v.exactOptional(offset),
  }),
  findingCounts: v.strictObject({}),
  findingMarks: markRange,
  bitmapMarks: markRange,
  bitmapSums: v.strictObject({}),
  hostFindingMarks: v.pipe(
    v.strictObject({
      layer: layerNumber,
      start: offset,
      end: offset,
      columns: wholeNumber(1, MAX_MARK_COLUMNS),
    }),
    v.check(({ start, end }) => start <= end, 'ends before it starts'),
  ),
  nextFinding: v.strictObject({
    layer: wholeNumber(WHOLE_CHAIN, MAX_LAYERS),
    offset: wholeNumber(-1),
    backwards: v.boolean(),
  }),
  findingNumber: v.strictObject({ track: wholeNumber(0, MAX_TRACK), offset }),
  allocation: v.strictObject({ layer: layerNumber }),
  hostLayout: v.strictObject({ layer: layerNumber }),
  hostTiles: v.strictObject({ layer: layerNumber, ...tileSpan }),
  hostRuns: layerRange,
  hostSeek: v.strictObject({
    layer: layerNumber,
    kind: v.picklist(HOST_KINDS),
    from: wholeNumber(-1),
    backwards: v.boolean(),
  }),
  hostCluster: v.strictObject({ layer: layerNumber, offset }),
  check: v.strictObject({ layer: layerNumber, deep: v.exactOptional(v.boolean()) }),
  checkCost: v.strictObject({ layer: layerNumber, deep: v.exactOptional(v.boolean()) }),
  compareWitnesses: v.strictObject({}),
  checkProgress: v.strictObject({}),
  stopCheck: v.strictObject({}),
} as const satisfies { readonly [Q in QuestionName]: SchemaOf<QuestionArgs<Q>> };

/** Highest part of a version of qemu. */
const MAX_VERSION = 999;

const planChoice = v.strictObject({
  operation: v.picklist(PLAN_OPERATIONS),
  job: v.picklist(PLAN_JOBS),
  from: v.exactOptional(path),
  into: v.exactOptional(path),
  base: v.exactOptional(path),
  unsafe: v.exactOptional(v.boolean()),
  snapshot: v.exactOptional(path),
  unmaps: v.exactOptional(v.boolean()),
  readsAllData: v.exactOptional(v.boolean()),
  qemu: v.exactOptional(
    v.strictObject({
      major: wholeNumber(0, MAX_VERSION),
      minor: wholeNumber(0, MAX_VERSION),
      patch: v.exactOptional(wholeNumber(0, MAX_VERSION)),
    }),
  ),
}) satisfies SchemaOf<PlanChoice>;

/** For every other call the schema of its argument. */
export const CALL_SCHEMAS = {
  'app:state': nothing,
  'app:clearRecent': nothing,
  'app:theme': v.strictObject({ theme: v.picklist(['system', 'light', 'dark']) }),
  'app:diagnostics': nothing,
  'app:idle': nothing,
  'dialog:openFiles': nothing,
  'dialog:openFolders': nothing,
  'store:open': v.strictObject({ folders: FOLDERS }),
  'store:close': nothing,
  'store:rows': v.strictObject({
    storeId: offset,
    first: offset,
    count: wholeNumber(1, MAX_STORE_ROWS),
  }),
  'store:findings': v.strictObject({
    storeId: offset,
    skip: offset,
    most: wholeNumber(1, MAX_STORE_FINDINGS),
  }),
  'store:arrange': v.strictObject({ files: list(path, 1, MAX_LAYERS) }),
  'chain:open': v.strictObject({ target: TARGET, consent: CONSENT }),
  'compare:open': v.strictObject({
    sessionId: SESSION_ID,
    layer: v.exactOptional(wholeNumber(0, MAX_LAYERS - 1)),
    other: v.variant('kind', [
      v.strictObject({ kind: v.literal('layer'), layer: wholeNumber(0, MAX_LAYERS - 1) }),
      v.strictObject({ kind: v.literal('target'), target: TARGET, consent: CONSENT }),
    ]),
  }),
  'compare:content': ofComparison,
  'compare:cancel': ofComparison,
  'compare:close': nothing,
  'compare:tiles': v.strictObject({ comparisonId: offset, ...QUESTION_SCHEMAS.tiles.entries }),
  'compare:extents': v.pipe(
    v.strictObject({ comparisonId: offset, start: offset, end: offset }),
    v.check(({ start, end }) => start <= end, 'ends before it starts'),
  ),
  'compare:differences': v.strictObject({
    comparisonId: offset,
    kinds: differenceKinds,
    skip: offset,
    most: wholeNumber(1, MAX_DIFFERENCES),
  }),
  'compare:find': v.strictObject({
    comparisonId: offset,
    kinds: differenceKinds,
    from: wholeNumber(-1),
    backwards: v.boolean(),
  }),
  'chain:close': ofSession,
  'chain:subscribe': ofSession,
  'chain:cancel': ofSession,
  'chain:retry': ofSession,
  'guest:partitions': ofSession,
  'plan:make': v.strictObject({ sessionId: SESSION_ID, choice: planChoice }),
  'plan:cancel': nothing,
  'report:save': v.strictObject({
    sessionId: SESSION_ID,
    format: v.picklist(SAVED_FORMATS),
    showPaths: v.boolean(),
    partitions: v.exactOptional(v.boolean()),
    planId: v.exactOptional(offset),
  }),
  'report:drawing': v.strictObject({ sessionId: SESSION_ID, showPaths: v.boolean() }),
  'report:savePicture': v.strictObject({
    sessionId: SESSION_ID,
    png: v.pipe(
      v.instance(Uint8Array),
      v.check(bytes => bytes.length <= MAX_PNG_BYTES, 'too large'),
      v.check(bytes => PNG_SIGNATURE.every((byte, i) => bytes[i] === byte), 'not a PNG'),
    ),
  }),
  'report:cancel': nothing,
  'capture:save': v.strictObject({ sessionId: SESSION_ID, showPaths: v.boolean() }),
  'capture:cancel': nothing,
  'nbd:list': v.strictObject({ uri: path }),
  'nbd:cancelList': nothing,
} as const satisfies { readonly [C in PlainCallName]: v.GenericSchema<unknown, CallArgs<C>> };
