/** The answer to every question of shared/ipc/questions.ts. */
import type { Pyramid } from '../../../shared/extent/pyramid.ts';
import type { QuestionArgs, QuestionName, QuestionReply } from '../../../shared/ipc/questions.ts';
import { TILE_COLUMNS } from '../../../shared/model/tile.ts';
import { runInSlices } from '../../qcow2/read/sliced-work.ts';
import type { FindingLog } from '../findings/finding-log.ts';
import type { PageComparer } from '../findings/page-comparer.ts';
import { contextTotalsOf, overviewColumns, totalsOf } from '../lists/totals.ts';
import type { ChainTables } from '../tables/chain-tables.ts';
import { bitmapMarksOf, bitmapSumsOf } from './bitmap-marks.ts';
import type { LayerChecks } from './check.ts';
import { checkLayerChoice, checkSelection } from './check-choice.ts';
import { extentDetailsOf } from './extent-details.ts';
import { extentsOf } from './extents.ts';
import { findingNumberIn } from './finding-number.ts';
import { guestRunsOf } from './guest-runs.ts';
import { type HostMaps, hostClusterOf, hostRunsOf, hostTilesOf } from './host-layout.ts';
import { inspectAt } from './inspect.ts';
import type { Superseded } from './page-loop.ts';
import type { PlaceAnswers } from './places.ts';
import { numberIn, seekIn } from './seek.ts';
import { statisticsOf } from './statistics.ts';
import { sumsOf } from './sums.ts';
import { tilesOf } from './tiles.ts';

/** What an answer may use of the open chain. */
export interface QuestionContext {
  readonly tables: ChainTables;
  readonly pyramid: Pyramid;
  readonly findings: FindingLog;
  readonly comparer: PageComparer;
  readonly hostMaps: HostMaps;
  readonly checks: LayerChecks;
  readonly places: PlaceAnswers;
  /** Grows whenever anything was read. */
  readonly version: number;
  /** Has the guest offsets from `start` up to `end` read before the rest. */
  prioritize(start: number, end: number): void;
  /** Says that a window has asked for its picture. */
  notePictureRequest(): void;
  /** Pushes findings that did not come from reading tables. */
  tellFindings(): void;
  /** True once a newer question of the same name was asked: a long answer then ends with CANCELLED. */
  readonly superseded: Superseded;
}

/** Answers one question. May throw CowscopeError. */
type Answer<Q extends QuestionName> = (
  context: QuestionContext,
  args: QuestionArgs<Q>,
) => QuestionReply<Q> | Promise<QuestionReply<Q>>;

/** For every question its answer. A forgotten one does not compile. */
export const ANSWERS: { readonly [Q in QuestionName]: Answer<Q> } = {
  tiles(context, request) {
    const span = 2 ** request.level * TILE_COLUMNS;
    context.prioritize(request.first * span, (request.first + request.count) * span);
    context.notePictureRequest();
    return tilesOf(context.tables, context.pyramid, context.version, request);
  },
  extents({ tables, version, prioritize }, { start, end }) {
    prioritize(start, end);
    return extentsOf(tables, version, start, end);
  },
  extentDetails: ({ tables, findings }, { extents }) => extentDetailsOf(tables, findings, extents),
  inspect: ({ tables }, { offset }) => inspectAt(tables, offset),
  statistics: ({ tables, superseded }, { start, end }) => statisticsOf(tables, start, end, superseded),
  sums: ({ tables, pyramid }, { start, end }) => sumsOf(tables, pyramid, start, end),
  seek: ({ tables, pyramid, superseded }, request) => seekIn(tables, pyramid, request, superseded),
  guestRuns({ tables }, request) {
    checkLayerChoice(tables, request.layer);
    return guestRunsOf(tables, request);
  },
  matchNumber: ({ tables, pyramid, superseded }, request) => numberIn(tables, pyramid, request, superseded),
  places: ({ places, superseded, ...source }, request) => places.page(source, request, superseded),
  totals({ tables }, { layer }) {
    checkLayerChoice(tables, layer);
    return totalsOf(tables, layer);
  },
  contextTotals({ tables }, { layer, selection }) {
    checkSelection(tables, selection, layer);
    return contextTotalsOf(tables, selection, layer);
  },
  overview({ tables }, { span, layer }) {
    checkLayerChoice(tables, layer);
    return overviewColumns(tables, span, layer);
  },
  async findings({ findings, comparer }, { complete, skip, most, ...filter }) {
    if (complete === true) await comparer.compareAll();
    return findings.page(filter, skip, most);
  },
  findingCounts: ({ findings }) => findings.counts(),
  findingMarks: ({ findings }, { columns, ...range }) => findings.marks(range, columns),
  hostFindingMarks: ({ findings }, { layer, columns, ...range }) => findings.hostMarks(layer, range, columns),
  nextFinding: ({ findings }, { backwards, ...from }) => findings.nextPlace(from, backwards),
  bitmapMarks: ({ tables, superseded }, request) => bitmapMarksOf(tables, request, superseded),
  bitmapSums: ({ tables, superseded }) => bitmapSumsOf(tables, superseded),
  findingNumber: ({ tables, pyramid, findings, superseded }, request) =>
    findingNumberIn(tables, pyramid, findings, request, superseded),
  async allocation({ tables, superseded }, { layer }) {
    const { allocationOf } = await import('./allocation.ts'); // loaded when it is asked for
    return allocationOf(tables, layer, superseded);
  },
  hostLayout: ({ hostMaps }, { layer }) => hostMaps.layoutOf(layer),
  async hostTiles({ hostMaps }, { layer, ...span }) {
    return hostTilesOf(await hostMaps.mapOf(layer), span);
  },
  async hostRuns({ hostMaps }, { layer, ...range }) {
    return hostRunsOf(await hostMaps.mapOf(layer), range);
  },
  async hostSeek({ hostMaps, superseded }, { layer, kind, from, backwards }) {
    const { columns } = await hostMaps.mapOf(layer);
    return await runInSlices(columns.next(kind, from, backwards), superseded);
  },
  async hostCluster({ hostMaps, superseded }, { layer, offset }) {
    return await hostClusterOf(await hostMaps.mapOf(layer), offset, superseded);
  },
  async check({ checks, superseded, tellFindings }, { layer, deep = false }) {
    const reply = await checks.check(layer, deep, superseded);
    tellFindings();
    return reply;
  },
  checkCost: ({ checks, superseded }, { layer, deep = false }) => checks.costOf(layer, deep, superseded),
  checkProgress: ({ checks }) => ({ bytes: checks.bytesRead }),
  async compareWitnesses({ checks, comparer, tellFindings, superseded }) {
    await comparer.compareAll(checks.untilStopped(superseded));
    tellFindings();
    return comparer.steps();
  },
  stopCheck({ checks }) {
    checks.stop();
    return null;
  },
};
