/** Gathers what a report says: the chain, its map, its check, and its picture. */
import packageJson from '../../../package.json' with { type: 'json' };
import type { ChainCheck } from '../../../shared/model/check.ts';
import { compareFindings, type Finding } from '../../../shared/model/finding.ts';
import type { BackingLink, ChainInfo } from '../../../shared/model/layer.ts';
import type { Plan } from '../../../shared/model/plan/plan.ts';
import type { PlanPicture } from '../../../shared/model/plan/plan-picture.ts';
import type { ReportStep } from '../../../shared/model/report/report-request.ts';
import type { Consent, OpenTarget } from '../../../shared/model/target.ts';
import { redactPaths } from '../../../shared/text/redact-paths.ts';
import { type DiscoveredChain, discoverChain } from '../../chain/discover.ts';
import type { Report, ReportPictures } from '../../formats/report/report.ts';
import { openChain } from '../chain-session.ts';
import { type CheckTargetRequest, checkChain } from '../check-target.ts';
import type { LayerError } from '../feeds/feed-runner.ts';
import { sumOfLayers } from '../progress/layer-sums.ts';
import type { OnRead } from '../progress/read-watch.ts';
import { drawPlan, drawSession } from './draw-session.ts';

/** A plan that goes into a report. */
export interface PlannedReport {
  readonly plan: Plan;
  readonly picture?: PlanPicture;
  /** Folders that it may name beside those of the chain. */
  readonly stores: readonly string[];
}

/** How a report is made. */
export interface ReportChoice {
  /** Leave folders in. */
  readonly showPaths: boolean;
  readonly forceShare?: boolean | undefined;
  readonly onRead?: OnRead;
  /** Called with the offset, on a disk of `size` bytes, up to which the picture was read. */
  readonly onWalk?: (offset: number, size: number) => void;
  /** Also read the partition table in the disk, and say which partition each finding lies in. */
  readonly partitions?: boolean;
  /** The key files that an NBD address names may be read. */
  readonly allowLocalFiles: boolean;
  /** A plan that goes into the report, with its picture. */
  readonly planned?: PlannedReport | undefined;
  /** Ends the work. */
  readonly signal?: AbortSignal | undefined;
  readonly onStep?: ((step: ReportStep) => void) | undefined;
}

/** A report and the drawing of its chain. */
export interface GatheredReport {
  readonly report: Report;
  readonly pictures: ReportPictures;
  /** Paths of the images, which no report may replace. */
  readonly chain: ChainInfo;
}

/**
 * Reads a target to its end. Rejects with CowscopeError where not even its top layer can be opened, and with the reason of
 * the choice's signal.
 */
export async function gatherReport(
  target: OpenTarget,
  consent: Consent,
  choice: ReportChoice,
): Promise<GatheredReport> {
  const { signal, onStep, planned } = choice;
  onStep?.('checking');
  const { onRead } = choice;
  const discovered =
    target.kind === 'files' ? await discoverChain({ ...target, ...consent, onRead }) : undefined;
  const checked = discovered === undefined ? undefined : await checkedOnce(discovered, { onRead, signal });
  onStep?.('reading');
  const options = {
    consent,
    witness: 'metadata',
    buildPyramid: true,
    allowLocalFiles: choice.allowLocalFiles,
    forceShare: choice.forceShare ?? false,
    ...(signal === undefined ? {} : { signal }),
    ...(discovered === undefined ? {} : { discovered }),
  } as const;
  const session = await openChain(target, options, {
    onProgress: layers => choice.onWalk?.(...sumOfLayers(layers)),
    ...(choice.onWalk === undefined ? {} : { onWalk: choice.onWalk }),
  }).catch(async (error: unknown) => {
    await discovered?.close();
    throw error;
  });
  const giveUp = () => void session.close();
  signal?.addEventListener('abort', giveUp);
  try {
    const failed = await session.fed();
    await session.drawn;
    signal?.throwIfAborted();
    const { chain } = session;
    const guest = choice.partitions === true ? await session.partitions() : undefined;
    const report: Report = {
      program: `cowscope ${packageJson.version}`,
      made: new Date().toISOString(),
      redacted: !choice.showPaths,
      chain,
      tracks: session.tracks,
      totals: await session.ask('totals', { layer: undefined }),
      ...(checked === undefined ? {} : { check: checked }),
      ...(planned === undefined ? {} : { plan: planned.plan }),
      ...(guest === undefined ? {} : { guest }),
      findings: merged(await session.allFindings(), checked?.findings ?? []),
      unread: unreadTexts(chain, [...failed, ...session.unreadable()]),
    };
    const shown = choice.showPaths ? report : redactPaths(report, planned?.stores);
    onStep?.('drawing');
    const drawn = await drawSession(session, shown.chain);
    const plan =
      shown.plan && drawPlan(shown.plan, planned?.picture, { chain: shown.chain, tracks: session.tracks });
    return { report: shown, pictures: { ...drawn, ...(plan === undefined ? {} : { plan }) }, chain };
  } catch (error) {
    signal?.throwIfAborted(); // what failed because the session was closed
    throw error;
  } finally {
    signal?.removeEventListener('abort', giveUp);
    await session.close();
  }
}

/** A chain as a report shows it: without folders unless they are to be shown. */
export function shownChain(chain: ChainInfo, showPaths: boolean): ChainInfo {
  return showPaths ? chain : redactPaths(chain);
}

/** The check of a chain that is closed where the check ends early. */
async function checkedOnce(discovered: DiscoveredChain, request: CheckTargetRequest): Promise<ChainCheck> {
  try {
    const { check } = await checkChain(discovered, request);
    request.signal?.throwIfAborted();
    return check;
  } catch (error) {
    await discovered.close();
    throw error;
  }
}

/** What could not be read of a chain, in words. */
export function unreadTexts({ layers }: ChainInfo, failed: readonly LayerError[]): string[] {
  return [
    ...failed.map(({ layer, error }) => `${layers[layer]?.name ?? `layer ${layer}`}: ${error.what}`),
    ...layers.flatMap(({ name, backing, dataFile }) => [
      ...linkTexts(name, 'backing file', backing),
      ...linkTexts(name, 'data file', dataFile),
    ]),
  ];
}

function linkTexts(name: string, what: string, link: BackingLink | undefined): string[] {
  if (link?.error === undefined) return [];
  const recorded = link.recorded === '' ? '' : ` ${JSON.stringify(link.recorded)}`;
  return [`${name}: its ${what}${recorded}: ${link.error.what}`];
}

/** Both lists without those that are in both, ranked. */
function merged(ofMap: readonly Finding[], ofCheck: readonly Finding[]): Finding[] {
  const known = new Map<string, Finding>();
  for (const finding of [...ofMap, ...ofCheck]) known.set(`${finding.layer} ${finding.id}`, finding);
  return [...known.values()].sort(compareFindings);
}
