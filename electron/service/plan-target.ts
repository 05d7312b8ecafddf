/** Plans over the files of a target, read by our own reader alone. */
import { CowscopeError } from '../../shared/error.ts';
import { WordSet } from '../../shared/extent/page.ts';
import { compareFindings, type Finding } from '../../shared/model/finding.ts';
import type { LayerInfo } from '../../shared/model/layer.ts';
import type { CommitPlan, PlanJob, PlannedQemu } from '../../shared/model/plan.ts';
import type { Consent, OpenTarget } from '../../shared/model/target.ts';
import { type DiscoveredChain, discoverChain, type OpenLayer } from '../chain/discover.ts';
import { writerFindings } from '../chain/writer-lock.ts';
import type { CommitInput, LayerTables } from '../plan/commit-input.ts';
import { planCommit } from '../plan/plan-commit.ts';
import { measureAllocation } from '../qcow2/layout/allocation.ts';
import { fileSource } from '../qcow2/read/file-source.ts';
import { createMap } from '../qcow2/read/map.ts';
import { runInSlices } from '../qcow2/read/sliced-work.ts';
import { qemuImgVersion } from '../qemu/tools.ts';
import { usageError } from './cli-target.ts';

/** What to plan. Layers are named by number, 0 = base, or by a file of the chain. */
export interface CommitChoice {
  readonly job: PlanJob;
  /** The topmost layer that is committed; default: the top, or for a live commit the layer below it. */
  readonly from?: string | undefined;
  /** The layer that it goes into; default: the one below. */
  readonly into?: string | undefined;
  /** Default: the version of the installed qemu-img, or 7.2. */
  readonly qemu?: PlannedQemu | undefined;
  readonly withRanges?: boolean | undefined;
}

/** The version that is planned for where no qemu-img is installed. */
const USUAL_QEMU: PlannedQemu = { major: 7, minor: 2 };

/** The plan of a commit in the chain of a target. Rejects with CowscopeError. */
export async function planTargetCommit(
  target: OpenTarget & { kind: 'files' },
  consent: Consent,
  choice: CommitChoice,
): Promise<CommitPlan> {
  const { files, format } = target;
  const found = await discoverChain({ files, format, allow: consent.allow, allowAll: consent.allowAll });
  try {
    const infos = found.info.layers;
    checkComplete(found);
    const { from, into } = chosenLayers(infos, choice);
    const { qemu, source } = await plannedQemu(choice.qemu);
    const image = found.layers[into]?.image;
    if (image?.header.version === 1)
      throw planError(
        'PLAN_TARGET_FORMAT',
        'a target of version 1 of the format cannot be planned',
        infos[into],
        'convert it with `qemu-img convert`',
      );
    const reply = image === undefined ? undefined : await runInSlices(measureAllocation(image));
    if (reply?.measured === false)
      throw planError(
        'PLAN_TARGET_UNMEASURED',
        `the target’s use of its file is not known: ${reply.why}`,
        infos[into],
        'see `cowscope layers`',
      );
    const input: CommitInput = {
      layers: found.layers.map(tablesOf),
      target: into,
      top: from,
      job: choice.job,
      qemu,
      qemuVersionSource: source,
      ...(reply === undefined ? {} : { allocation: reply.allocation }),
      children: [],
      findings: await chainFindings(found),
      ...(choice.withRanges === undefined ? {} : { withRanges: choice.withRanges }),
    };
    return await runInSlices(planCommit(input));
  } finally {
    await found.close();
  }
}

function tablesOf({ info, image, dataFile }: OpenLayer): LayerTables {
  if (image === undefined) return { info };
  // The length of a device is not known here: nothing then lies past its end.
  const data =
    dataFile === undefined
      ? undefined
      : fileSource({ fd: dataFile.fd, size: Number.POSITIVE_INFINITY, path: info.path });
  const map = createMap(image, {
    words: new WordSet(),
    hosts: true,
    ...(data === undefined ? {} : { dataFile: data }),
  });
  return { info, image, map };
}

async function chainFindings(found: DiscoveredChain): Promise<readonly Finding[]> {
  return [...found.info.findings, ...writerFindings(await found.written)].sort(compareFindings);
}

async function plannedQemu(given: PlannedQemu | undefined) {
  if (given !== undefined) return { qemu: given, source: 'given' as const };
  const installed = await qemuImgVersion();
  if (installed === undefined) return { qemu: USUAL_QEMU, source: 'assumed' as const };
  const patch = /\d+\.\d+\.(\d+)/.exec(installed.text)?.[1];
  const { major, minor } = installed;
  return {
    qemu: { major, minor, ...(patch === undefined ? {} : { patch: Number(patch) }) },
    source: 'machine' as const,
  };
}

function chosenLayers(
  layers: readonly LayerInfo[],
  { job, from, into }: CommitChoice,
): { from: number; into: number } {
  const top = layers.length - 1;
  const usual = job === 'live' ? top - 1 : top;
  const source = from === undefined ? usual : layerNamed(layers, from);
  const target = into === undefined ? source - 1 : layerNamed(layers, into);
  const subject = layers[top]?.path ?? '';
  if (source < 1 && into === undefined)
    throw usageError(
      job === 'live'
        ? 'a live commit needs a layer between the top and the base'
        : 'there is no layer below to commit into',
      'cowscope layers lists the layers',
      subject,
    );
  if (target >= source)
    throw usageError(
      `layer ${source} cannot be committed into layer ${target}`,
      'a commit goes into a layer below',
      subject,
    );
  if (job === 'active' && source !== top)
    throw usageError(
      'an active commit is about the top layer',
      'leave --from out, or use --job live',
      subject,
    );
  if (job === 'live' && source === top)
    throw usageError('a live commit is about layers below the top', 'use --job active', subject);
  return { from: source, into: target };
}

/** The index of the layer that a word names: its number, its path or its name. */
function layerNamed(layers: readonly LayerInfo[], word: string): number {
  const number = /^\d{1,4}$/.test(word) ? Number(word) : -1;
  if (layers[number] !== undefined) return number;
  const exact = layers.findIndex(
    ({ path }) => path === word || path.endsWith(`/${word.replace(/^\.\//, '')}`),
  );
  if (exact >= 0) return exact;
  throw usageError(
    `the chain has no layer ${JSON.stringify(word)}`,
    'cowscope layers lists the layers',
    layers.at(-1)?.path,
  );
}

/** Throws where qemu would not open the chain. */
function checkComplete({ info }: DiscoveredChain): void {
  if (!info.complete)
    throw planError(
      'PLAN_CHAIN_INCOMPLETE',
      'a backing file of the chain could not be opened',
      info.layers[0],
      'see `cowscope layers`',
    );
  const closed = info.layers.find(({ dataFile }) => dataFile !== undefined && dataFile.status !== 'opened');
  if (closed !== undefined)
    throw planError(
      'PLAN_CHAIN_INCOMPLETE',
      'the external data file of a layer could not be opened',
      closed,
      'see `cowscope layers`',
    );
}

function planError(code: string, what: string, layer: LayerInfo | undefined, advice: string): CowscopeError {
  return new CowscopeError({ code, what, subject: layer?.path ?? '', advice });
}
