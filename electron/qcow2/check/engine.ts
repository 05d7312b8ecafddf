/**
 * Checks one image: its refcounts against its references, its tables, and what shares a cluster with what. Nothing is
 * changed and no name is followed.
 *
 * The references are walked once, twice where clusters are under suspicion, and again for each 4 TiB of a file with
 * clusters of 64 KiB. Numbers are those of `qemu-img check`; what it does not see is a finding only.
 */
import { CowscopeError } from '../../../shared/error.ts';
import { FindingCollector } from '../../../shared/finding-collector.ts';
import {
  type CheckCounts,
  type CheckStep,
  stepDone,
  stepLeftOut,
  stepLeftToDeepCheck,
  stepMissing,
  WITNESSES,
} from '../../../shared/model/check.ts';
import type { Finding } from '../../../shared/model/finding.ts';
import { countOf } from '../../../shared/text/offset.ts';
import { hasDataFile, INCOMPATIBLE_DIRTY } from '../format/header.ts';
import { LimitPassed, ReadLimit, SLACK_BYTES } from '../layout/read-limit.ts';
import { hasUnknownWidth, RefcountBlocks, UNKNOWN_WIDTH } from '../layout/refcount-blocks.ts';
import { References } from '../layout/references.ts';
import { qemuRefusal } from '../read/findings/qemu-refusal.ts';
import { scanTablesInto } from '../read/findings/scan-tables.ts';
import type { Qcow2Image } from '../read/image.ts';
import type { SlicedWork } from '../read/sliced-work.ts';
import { type ImageSource, sizeNow } from '../read/source.ts';
import {
  explainCut,
  explainDataFile,
  explainForeign,
  explainLeaks,
  explainOutside,
  explainOverlaps,
  explainRefcounts,
  explainTables,
  explainTwins,
  lossBehindLeaks,
  resolveCauses,
} from './causes.ts';
import { checkDeep, type DeepOptions } from './deep.ts';
import { likelyCauses } from './likely-causes.ts';
import { tellLostData } from './lost-data.ts';
import { RefcountCheck } from './refcount-check.ts';
import { checkBitmapsInUse } from './rules/bitmaps.ts';
import { noteEmptyTables } from './rules/empty-tables.ts';
import { checkHeaderMarks } from './rules/header.ts';
import { findLongL1 } from './rules/long-l1.ts';
import { findReplacedL1 } from './rules/replaced-l1.ts';
import { checkSnapshots } from './rules/snapshots.ts';

/** Times that everything is walked for a file whose clusters do not fit in memory at once. */
const MAX_PASSES = 64;

/** How to check. */
export interface CheckOptions {
  /** The layer that findings name. */
  readonly layer: number;
  /** Another program has the image open for writing. */
  readonly isOpenForWriting?: boolean;
  /** The external data file of an image that has one, where it is open. */
  readonly dataFile?: ImageSource | undefined;
  /** Also reads and decompresses everything. */
  readonly deep?: DeepOptions | undefined;
  /** Chunks of clusters in memory, and bytes read beyond what the file occupies; tests make them smaller. */
  readonly maxChunks?: number;
  readonly slack?: number;
}

/** The result of the check of one image. */
export interface ImageCheck {
  readonly steps: readonly CheckStep[];
  /** Absent where there are no refcounts, or where they could not be counted. */
  readonly counts?: CheckCounts;
  /** What `qemu-img check` says where it counts nothing of the image. */
  readonly qemuRefusal?: string;
  /**
   * What was found beside the findings of the image itself; those of the image that follow from what was found are among
   * them, with their cause.
   */
  readonly findings: readonly Finding[];
  /** Every place of the findings that a rule found, also of those that list only the first ones. */
  readonly places: FindingCollector;
}

const REFCOUNTS = 'refcounts and references';
const TABLES = 'L1 and L2 tables';
const STREAMS = 'compressed data';
const DATA = 'reading of all data';
const LISTS = 'snapshot table and bitmap directory';
/** Tables that were lost are looked for in them. */
const UNREFERRED = 'clusters that nothing refers to';

/** Checks an image. Errors of the system and of the image are steps or findings; anything else is thrown. */
export function* checkImage(image: Qcow2Image, options: CheckOptions): SlicedWork<ImageCheck> {
  const collector = new FindingCollector(options.layer);
  const steps: CheckStep[] = [...headerSteps(image)];
  let check: RefcountCheck | undefined;
  if (image.header.version === 1)
    steps.push(stepLeftOut(REFCOUNTS, 'version 1 of the format has no refcounts'));
  else if (hasUnknownWidth(image)) steps.push(stepMissing(REFCOUNTS, UNKNOWN_WIDTH));
  else
    try {
      check = yield* checkRefcounts(image, options, collector);
      steps.push(check.isComplete ? stepDone(REFCOUNTS) : stepMissing(REFCOUNTS, check.whyIncomplete));
    } catch (error) {
      steps.push(stepMissing(REFCOUNTS, reasonOf(error)));
    }
  try {
    yield* scanTablesInto(collector, image, options.dataFile, offset => check?.needsScan(offset) ?? true);
    // The refcounts of an image that is dirty may lag behind what was written.
    const isDirty = (image.header.incompatible & INCOMPATIBLE_DIRTY) !== 0n;
    if (check?.isComplete && check.leaked === 0 && !isDirty)
      noteEmptyTables(collector, hasDataFile(image.header));
    yield* findReplacedL1(collector, image);
    findLongL1(collector, image);
    steps.push(stepDone(TABLES));
  } catch (error) {
    steps.push(stepMissing(TABLES, reasonOf(error)));
  }
  const { isOpenForWriting = false } = options;
  yield* checkLists(image, collector, steps, isOpenForWriting);
  if (isCaptured(image)) leaveOutData(options.deep !== undefined, check?.leaked ?? 0, steps);
  else yield* checkData(check, options, steps);
  const counts = check?.counts();
  const findings = explain(collector, image, check);
  if (!isCaptured(image)) steps.push(...lossSteps([...findings, ...image.findings], check?.leaked ?? 0));
  try {
    const { layer } = options;
    const known = [
      ...findings,
      ...image.findings.filter(({ id }) => !findings.some(found => found.id === id)),
    ];
    const leaked = check?.leaked ?? 0;
    const tables = check?.tables;
    findings.push(
      ...(yield* likelyCauses({ image, layer, findings: known, leaked, tables, isOpenForWriting })),
    );
  } catch (error) {
    reasonOf(error); // what cannot be read is a finding elsewhere
  }
  const refusal = refusalOf(image);
  return {
    steps,
    findings,
    places: collector,
    ...(counts === undefined ? {} : { counts }),
    ...(refusal === undefined ? {} : { qemuRefusal: refusal }),
  };
}

/** That leaked clusters may hold what was lost: then they are no mere waste of space, and a verdict is no `leaks`. */
function lossSteps(findings: readonly Finding[], leaked: number): CheckStep[] {
  const loss = leaked > 0 ? lossBehindLeaks(findings) : undefined;
  return loss === undefined ? [] : [stepMissing(UNREFERRED, `what was lost may lie in them: ${loss}`)];
}

/** What `qemu-img check` says of an image of which it counts nothing; undefined also where that cannot be read. */
function refusalOf(image: Qcow2Image): string | undefined {
  try {
    return qemuRefusal(image);
  } catch (error) {
    reasonOf(error);
    return undefined;
  }
}

/** The findings with their causes. */
function explain(
  collector: FindingCollector,
  image: Qcow2Image,
  check: RefcountCheck | undefined,
): Finding[] {
  const { clusterSize, l2Entries } = image.geometry;
  const outside = explainOutside(collector.list(), clusterSize);
  const ofForeign = explainForeign(outside, check?.foreign ?? [], clusterSize);
  const ofTables = explainTables(explainTwins(explainOverlaps(ofForeign)));
  const cut = explainCut(explainRefcounts(ofTables), image.findings, collector.layer);
  const withData = explainDataFile(cut, image.findings);
  const leaks = explainLeaks(withData, image.findings, check?.leaked ?? 0, l2Entries);
  return tellLostData(resolveCauses(leaks, image.findings), l2Entries);
}

/**
 * Checks that a capture has nothing for. They are missing where they were asked for, and where `leaked` clusters may be
 * tables: in the file itself, they may show that the disk's L1 table is another one.
 */
function leaveOutData(isAskedFor: boolean, leaked: number, steps: CheckStep[]): void {
  const leave = isAskedFor ? stepMissing : stepLeftOut;
  const why = 'a capture holds nothing of that';
  steps.push(leave(STREAMS, why), leave(DATA, why));
  if (leaked === 0) steps.push(stepLeftOut(UNREFERRED, why));
  else {
    const clusters = leaked === 1 ? '1 cluster counts' : `${leaked} clusters count`;
    steps.push(
      stepMissing(
        UNREFERRED,
        `a capture holds nothing of them: ${clusters} as used, and tables may lie there`,
      ),
    );
  }
  if (!isAskedFor) steps.push(stepLeftOut(WITNESSES, why)); // else the comparison adds its own step
}

/** True where some bytes of the file cannot be read because they were not captured. */
function isCaptured({ source }: Qcow2Image): boolean {
  return source.heldUpTo !== undefined;
}

/** What of header and L1 table was there to be checked. */
function headerSteps({ inferred }: Qcow2Image): CheckStep[] {
  const step = 'header and extensions';
  if (inferred?.inference.lost === 'header')
    return [stepMissing(step, 'the header is lost, and was inferred')];
  if (inferred === undefined) return [stepDone(step)];
  return [stepDone(step), stepMissing('active L1 table', 'it is lost, and was inferred')];
}

/** Reads and decompresses everything, where that is asked for. */
function* checkData(
  check: RefcountCheck | undefined,
  { deep, dataFile }: CheckOptions,
  steps: CheckStep[],
): SlicedWork<void> {
  if (deep === undefined) {
    steps.push(...[STREAMS, DATA, WITNESSES].map(stepLeftToDeepCheck));
    return;
  }
  if (check === undefined) {
    const why = 'its tables could not be listed';
    steps.push(stepMissing(STREAMS, why), stepMissing(DATA, why));
    return;
  }
  const { unknownStreams, isDataMissing } = yield* checkDeep(check.deepInput(dataFile), deep);
  steps.push(
    unknownStreams > 0
      ? stepMissing(
          STREAMS,
          `${countOf(unknownStreams, 'cluster')} ${unknownStreams === 1 ? 'is' : 'are'} compressed in a way that is not known here`,
        )
      : stepDone(STREAMS),
    isDataMissing ? stepMissing(DATA, 'the external data file is not open') : stepDone(DATA),
  );
}

/** Header marks, the snapshot table and the bitmap directory. */
function* checkLists(
  image: Qcow2Image,
  collector: FindingCollector,
  steps: CheckStep[],
  isOpenForWriting: boolean,
): SlicedWork<void> {
  if (image.header.version === 1) {
    steps.push(stepLeftOut(LISTS, 'version 1 of the format has none'));
    return;
  }
  checkHeaderMarks(collector, image);
  checkBitmapsInUse(collector, image, isOpenForWriting);
  try {
    yield* checkSnapshots(collector, image);
    steps.push(stepDone(LISTS));
  } catch (error) {
    steps.push(stepMissing(LISTS, reasonOf(error)));
  }
}

function* checkRefcounts(
  image: Qcow2Image,
  { maxChunks, slack = SLACK_BYTES }: CheckOptions,
  collector: FindingCollector,
): SlicedWork<RefcountCheck> {
  const { source } = image;
  const fileLength = sizeNow(source);
  const blocks = new RefcountBlocks(image, fileLength, () => {});
  const references = new References(image, fileLength, blocks, () => {});
  const tables = yield* references.l2Tables(new ReadLimit(source, slack));
  const check = new RefcountCheck({ image, collector, blocks, references, tables, fileLength, maxChunks });
  yield* check.prepare();
  for (let pass = 1, more = true; more; pass++) {
    if (pass > MAX_PASSES) throw new LimitPassed('the file has too many clusters');
    yield* check.runPass(() => new ReadLimit(source, slack));
    if (pass === 1) yield* check.findOrphans();
    more = check.nextPass();
  }
  return check;
}

/** Why something was not done, as the end of a sentence. Rethrows a fault of the program. */
function reasonOf(error: unknown): string {
  if (error instanceof LimitPassed) return error.message;
  if (error instanceof CowscopeError && error.code !== 'CANCELLED') return error.what;
  throw error;
}
