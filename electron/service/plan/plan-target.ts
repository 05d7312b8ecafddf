/** Plans over the files of a target, read by our own reader alone. */
import { assert } from '../../../shared/assert.ts';
import { CowscopeError } from '../../../shared/error.ts';
import { WordSet } from '../../../shared/extent/page.ts';
import { FindingCollector } from '../../../shared/finding-collector.ts';
import type { Allocation } from '../../../shared/model/allocation.ts';
import { compareFindings, type Finding, withoutRepeats } from '../../../shared/model/finding.ts';
import {
  type BackingLink,
  type CaptureInfo,
  type ChainInfo,
  findSnapshot,
  type LayerInfo,
} from '../../../shared/model/layer.ts';
import type { Plan, PlanChoice, PlannedQemu } from '../../../shared/model/plan/plan.ts';
import type { PlanPicture } from '../../../shared/model/plan/plan-picture.ts';
import type { Consent, OpenTarget } from '../../../shared/model/target.ts';
import { type DiscoveredChain, discoverChain, type OpenLayer } from '../../chain/discover.ts';
import { withWriters } from '../../chain/writer-lock.ts';
import { loadDecompress } from '../../engine/worker/decompress.ts';
import type { CommitInput, LayerTables } from '../../plan/commit/commit-input.ts';
import { runsOf } from '../../plan/commit/commit-setup.ts';
import { planCommit } from '../../plan/commit/plan-commit.ts';
import { ChainContent, type ContentLayer } from '../../plan/layers/chain-content.ts';
import { looksPreallocated } from '../../plan/layers/host-holes.ts';
import { PlanPictureBuilder } from '../../plan/plan-picture.ts';
import { planSnapshotDelete } from '../../plan/plan-snapshot.ts';
import { planRebase } from '../../plan/rebase/plan-rebase.ts';
import { compressionOf } from '../../qcow2/format/compressed.ts';
import { hasDataFile } from '../../qcow2/format/header.ts';
import { measureAllocation } from '../../qcow2/layout/allocation.ts';
import { type FileSource, fileSource } from '../../qcow2/read/file-source.ts';
import { MapFindings } from '../../qcow2/read/findings/map-findings.ts';
import { createMap } from '../../qcow2/read/map.ts';
import { runInSlices, type SlicedWork } from '../../qcow2/read/sliced-work.ts';
import { parseVersion, qemuImgVersion } from '../../qemu/tools.ts';
import { usageError } from '../cli-target.ts';
import { type OnLayerWalk, type OnRead, watchReads } from '../progress/read-watch.ts';
import { findChildren, notSearched } from './plan-children.ts';
import { type ChosenLayers, chosenLayers } from './plan-choice.ts';
import { targetDamage } from './target-damage.ts';
import { volumeRoomOf } from './volume-room.ts';
import { writeRefusals } from './write-refusals.ts';

/** The version that is planned for where no qemu-img is installed. */
const USUAL_QEMU: PlannedQemu = { major: 7, minor: 2 };

/** Bytes of data that are read for a plan unless all is asked for: less than a second on a usual disk. */
const MAX_COMPARED_BYTES = 2 ** 26;

/** What to plan, and what is wanted beside the plan. */
export interface PlanRequest extends PlanChoice {
  /** Folders in which other images are looked for that rest on these, beside those of the chain itself. */
  readonly stores?: readonly string[] | undefined;
  readonly withRanges?: boolean | undefined;
  readonly onRead?: OnRead;
  readonly onWalk?: OnLayerWalk;
  /** Ends the work. */
  readonly signal?: AbortSignal | undefined;
}

/** The plan of what is chosen in the chain of a target. Rejects with CowscopeError, with CANCELLED by its signal. */
export async function planTarget(
  target: OpenTarget & { kind: 'files' },
  consent: Consent,
  request: PlanRequest,
): Promise<Plan> {
  return withChain(target, consent, request, found => planChain(found, request));
}

/** A plan with the picture of the target's disk; one that writes nothing to the disk has none. */
export interface PicturedPlan {
  readonly plan: Plan;
  readonly picture?: PlanPicture;
  /** The chain that was planned for. */
  readonly chain: ChainInfo;
}

/** As {@link planTarget}, with the picture of the target's disk. */
export async function planWithPicture(
  target: OpenTarget & { kind: 'files' },
  consent: Consent,
  request: PlanRequest,
): Promise<PicturedPlan> {
  return withChain(target, consent, request, async found => {
    const builder = new PlanPictureBuilder(sizesOf(found, request));
    const plan = await planChain(found, request, builder);
    const { info: chain } = found;
    return plan.strip === undefined ? { plan, chain } : { plan, chain, picture: builder.finish() };
  });
}

/** What `work` makes of the chain of a target, which is open as long. */
async function withChain<T>(
  target: OpenTarget & { kind: 'files' },
  consent: Consent,
  { operation, signal, onRead }: PlanRequest,
  work: (found: DiscoveredChain) => Promise<T>,
): Promise<T> {
  const { files, format, backingFormat, locate } = target;
  const { allow, allowAll } = consent;
  const chain = await discoverChain({ files, format, backingFormat, locate, allow, allowAll });
  const found = { ...chain, layers: watchReads(chain.layers, onRead) };
  try {
    signal?.throwIfAborted();
    if (operation !== 'delete-snapshot') checkComplete(found);
    return await work(found);
  } finally {
    await found.close();
  }
}

/** The virtual size of the target before and after: only a commit makes it longer. */
function sizesOf(
  found: DiscoveredChain,
  choice: PlanChoice,
): { readonly before: number; readonly after: number } {
  const infos = found.info.layers;
  const { target, from } = chosenLayers(infos, choice);
  const before = infos[target]?.size ?? 0;
  return { before, after: choice.operation === 'commit' ? Math.max(before, infos[from]?.size ?? 0) : before };
}

async function planChain(
  found: DiscoveredChain,
  request: PlanRequest,
  picture?: PlanPictureBuilder,
): Promise<Plan> {
  const infos = found.info.layers;
  const { operation, job, signal } = request;
  const chosen = chosenLayers(infos, request);
  const { qemu, source } = await plannedQemu(request.qemu, found.info.capture);
  const open = found.layers[chosen.target] as OpenLayer;
  if (open.image?.header.version === 1)
    throw planError(
      'PLAN_TARGET_FORMAT',
      'a target of version 1 of the format cannot be planned',
      open.info,
      'convert it with `qemu-img convert`',
    );
  const allocation = await allocationOf(open);
  const ofChain = await chainFindings(found);
  const layers = allTablesOf(found.layers, request.onWalk);
  const damage = await targetDamage(open, signal);
  const findings = () =>
    withoutRepeats(
      [...ofChain, ...layers.flatMap(({ map }) => map?.findings.collector.list() ?? [])],
      damage,
    );
  const isHere = found.info.capture === undefined;
  const room = isHere ? await volumeRoomOf(open) : {};
  const refusals = isHere ? await writeRefusals(found.layers) : [];
  const common = { layers, target: chosen.target, qemu, qemuVersionSource: source, room, refusals };
  if (operation === 'delete-snapshot')
    return runInSlices(
      planSnapshotDelete({ ...common, ...snapshotOf(open, request.snapshot, allocation), findings }),
      () => signal?.aborted === true,
    );
  const { children, searched } =
    found.info.capture === undefined
      ? await findChildren(found.layers, request.stores ?? [], signal)
      : notSearched();
  // A capture has no data.
  const content =
    found.info.capture === undefined
      ? await contentOfChain(found, layers, request.readsAllData === true)
      : undefined;
  const input: Omit<CommitInput, 'top'> = {
    ...common,
    ...(content === undefined ? {} : { content }),
    job,
    unmaps: request.unmaps ?? false,
    findHostHoles: () => layersWithHoles(found, chosen.from),
    ...(allocation === undefined ? {} : { allocation }),
    children,
    findings: () => [...findings(), ...searched],
    ...(request.withRanges === undefined ? {} : { withRanges: request.withRanges }),
    ...(picture === undefined ? {} : { onRange: picture.add }),
  };
  return runInSlices(workOf(request, input, chosen), () => signal?.aborted === true);
}

function workOf(
  { operation, unsafe = false }: PlanChoice,
  input: Omit<CommitInput, 'top'>,
  { from, base }: ChosenLayers,
): SlicedWork<Plan> {
  if (operation === 'commit') return planCommit({ ...input, top: from });
  assert(operation !== 'delete-snapshot', 'the deletion of a snapshot is planned elsewhere');
  return planRebase({ ...input, operation, base, unsafe });
}

/** How a layer uses its file, undefined for a raw one. Throws PLAN_TARGET_UNMEASURED. */
async function allocationOf({ info, image }: OpenLayer): Promise<Allocation | undefined> {
  if (image === undefined) return undefined;
  const reply = await runInSlices(measureAllocation(image));
  if (reply.measured) return reply.allocation;
  throw planError(
    'PLAN_TARGET_UNMEASURED',
    `how the image uses its file is not known: ${reply.why}`,
    info,
    'see `cowscope layers`',
  );
}

/** Layers up to `last` in whose files qemu looks for holes, and those of which that is not known. */
function* layersWithHoles(found: DiscoveredChain, last: number): SlicedWork<ReadonlySet<number>> {
  const indexes = new Set<number>();
  for (const { image, info } of found.layers.slice(0, last + 1)) {
    const reply = image === undefined ? undefined : yield* measureAllocation(image);
    const allocated = reply?.measured === true ? reply.allocation.allocated : undefined;
    if (allocated === undefined || looksPreallocated(allocated, info.allocatedSize, info.clusterSize))
      indexes.add(info.index);
  }
  return indexes;
}

function snapshotOf(
  { info, image }: OpenLayer,
  wanted: string | undefined,
  allocation: Allocation | undefined,
) {
  if (image === undefined || allocation === undefined)
    throw usageError('a raw image has no internal snapshots', 'name a qcow2 image', info.path);
  const known = image.snapshots.map(({ name }) => JSON.stringify(name)).join(', ');
  if (wanted === undefined)
    throw usageError(
      'a snapshot has to be named',
      known === '' ? 'the image has none' : `add --snapshot with one of these: ${known}`,
      info.path,
    );
  const found = findSnapshot(image.snapshots, wanted);
  if (found === undefined)
    throw new CowscopeError({
      code: 'QCOW2_SNAPSHOT_UNKNOWN',
      what: `there is no internal snapshot ${JSON.stringify(wanted)}`,
      subject: info.path,
      advice: known === '' ? 'the image has no internal snapshots' : `name one of these: ${known}`,
    });
  return { image, allocation, snapshot: image.snapshots.indexOf(found) };
}

/** The external data file of a layer. */
function dataSourceOf({ info, dataFile }: OpenLayer): FileSource | undefined {
  // The length of a device is not known here: nothing then lies past its end.
  const size = Number.POSITIVE_INFINITY;
  return dataFile === undefined ? undefined : fileSource({ fd: dataFile.fd, size, path: info.path });
}

/** What is read through a chain, all of it or as much as is compared without being asked. */
async function contentOfChain(
  { layers: open }: DiscoveredChain,
  layers: readonly LayerTables[],
  all: boolean,
): Promise<ChainContent> {
  const contents = open.map((layer, index) => contentOf(layer, layers[index] as LayerTables));
  const decompress = await loadDecompress(contents.map(({ compression }) => compression));
  return new ChainContent(contents, decompress, all ? Number.POSITIVE_INFINITY : MAX_COMPARED_BYTES);
}

/** A layer as its data is read. */
function contentOf(open: OpenLayer, tables: LayerTables): ContentLayer {
  const { image, source } = open;
  const runs = runsOf(tables);
  if (image === undefined) return { runs, source };
  const compression = compressionOf(image.header.compressionType);
  const { map } = tables;
  const common = { runs, compression, ...(map === undefined ? {} : { map }) } as const;
  const file = hasDataFile(image.header) ? dataSourceOf(open) : source;
  return file === undefined || image.header.cryptMethod !== 0 ? common : { ...common, source: file };
}

/** The layers with their tables. */
export function allTablesOf(open: readonly OpenLayer[], onWalk: OnLayerWalk | undefined): LayerTables[] {
  return open.map((layer, index) => {
    const tables = tablesOf(layer);
    if (onWalk === undefined) return tables;
    const about = { layer: index + 1, layers: open.length, size: layer.info.size };
    return { ...tables, onPage: offset => onWalk({ ...about, offset }) };
  });
}

/** A layer with its tables. */
function tablesOf(open: OpenLayer): LayerTables {
  const { info, image, device } = open;
  if (image === undefined) return { info, device };
  const data = dataSourceOf(open);
  const words = new WordSet();
  const findings = new MapFindings(new FindingCollector(info.index));
  const map = createMap(image, {
    words,
    hosts: true,
    findings,
    ...(data === undefined ? {} : { dataFile: data }),
  });
  return { info, image, map, device };
}

async function chainFindings(found: DiscoveredChain): Promise<readonly Finding[]> {
  return withWriters(found.info.findings, await found.written).sort(compareFindings);
}

/** Of a capture the version on the machine where it was made. */
async function plannedQemu(given: PlannedQemu | undefined, capture: CaptureInfo | undefined) {
  if (given !== undefined) return { qemu: given, source: 'given' as const };
  const installed = capture === undefined ? await qemuImgVersion() : parseVersion(capture.qemu);
  if (installed === undefined) return { qemu: USUAL_QEMU, source: 'assumed' as const };
  const patch = /\d+\.\d+\.(\d+)/.exec(installed.text)?.[1];
  const { major, minor } = installed;
  return {
    qemu: { major, minor, ...(patch === undefined ? {} : { patch: Number(patch) }) },
    source: 'machine' as const,
  };
}

/** Throws PLAN_CHAIN_INCOMPLETE, with the reason, where a file of the chain is not open. */
export function checkComplete({ info }: DiscoveredChain): void {
  if (!info.complete) throw notOpened('a backing file', info.layers[0]?.backing, info.layers[0]);
  const closed = info.layers.find(({ dataFile }) => dataFile !== undefined && dataFile.status !== 'opened');
  if (closed !== undefined) throw notOpened('the external data file of a layer', closed.dataFile, closed);
}

function notOpened(
  which: string,
  link: BackingLink | undefined,
  layer: LayerInfo | undefined,
): CowscopeError {
  const { what, subject = layer?.path ?? '', advice = 'see `cowscope layers`' } = link?.error ?? {};
  return new CowscopeError({
    code: 'PLAN_CHAIN_INCOMPLETE',
    what: `${which} was not opened${what === undefined ? '' : `: ${what}`}`,
    subject,
    advice,
  });
}

function planError(code: string, what: string, layer: LayerInfo | undefined, advice: string): CowscopeError {
  return new CowscopeError({ code, what, subject: layer?.path ?? '', advice });
}
