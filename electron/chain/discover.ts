/** Finds the layers of a chain with our own reader alone: no child is started, and every file is opened once. */
import { basename } from 'node:path';
import { CowscopeError, type ErrorRecord, errorRecord } from '../../shared/error.ts';
import { compareFindings, type Finding, makeFinding, WHOLE_CHAIN } from '../../shared/model/finding.ts';
import { type BackingLink, type ChainInfo, type LayerInfo, MAX_LAYERS } from '../../shared/model/layer.ts';
import { escapeUntrusted } from '../../shared/text/untrusted-text.ts';
import { hasDataFile } from '../qcow2/format/header.ts';
import type { FileSource } from '../qcow2/read/file-source.ts';
import type { Qcow2Image } from '../qcow2/read/image.ts';
import { qcow2InfoSteps } from '../qcow2/read/qemu-info.ts';
import { runInSlices } from '../qcow2/read/sliced-work.ts';
import type { ExportSource } from '../qemu/blockdev-args.ts';
import { shownPath } from './byte-path.ts';
import { FileChanges, type LayerFiles } from './file-changes.ts';
import { consentFacts, followLink, openNamed, type ReachedFile } from './follow-link.ts';
import type { OpenFile } from './open-file.ts';
import { type FormatClaim, type LayerFormat, type LoneLayer, openLayer } from './open-layer.ts';
import { PinnedFolders } from './pinned-folder.ts';
import type { ConsentFacts } from './policy.ts';
import { sizeFindings } from './size-findings.ts';
import { isLockedForWriting, readLocks } from './writer-lock.ts';

/** What to open. */
export interface ChainRequest {
  /** One file: its recorded links are followed. Several: they are the chain, base first, whatever links they hold. */
  readonly files: readonly string[];
  /** Format of the top file; without it its magic decides. */
  readonly format?: 'raw' | 'qcow2' | undefined;
  /** Files that may be opened wherever they lie. */
  readonly allow?: readonly string[] | undefined;
  /** Consent to every file that an image names; protocols are refused all the same. */
  readonly allowAll?: boolean | undefined;
}

/** A layer whose files are open. It can be given to exportLayer as it is. */
export interface OpenLayer extends ExportSource {
  readonly info: LayerInfo;
  readonly format: LayerFormat;
  /** Valid in every thread until the chain is closed. */
  readonly source: FileSource;
  /** The header; absent for a raw layer. */
  readonly image: Qcow2Image | undefined;
}

/** A chain whose files are open until it is closed. */
export interface DiscoveredChain {
  readonly info: ChainInfo;
  /** Base first, one for each of info.layers. */
  readonly layers: readonly OpenLayer[];
  /**
   * For each layer whether another program has it open for writing. Comes later than the rest: Linux takes some ten
   * milliseconds to list its locks, and no picture waits for that. Never rejects.
   */
  readonly written: Promise<readonly boolean[]>;
  /** Tells which layers' files have changed on disk since they were opened. To be asked before the close. */
  readonly changes: FileChanges;
  /** Closes all files; no descriptor may be used any more. May be called again. */
  close(): Promise<void>;
}

/**
 * The chain that the request names. What lies below a link that cannot be followed is missing and the rest is there;
 * the link says why.
 * Rejects with the codes of openFile, CHAIN_FORMAT_UNSUPPORTED, CHAIN_FILE_TWICE, CHAIN_NO_FILE or those of the qcow2
 * reader when a file that the person named cannot be a layer. All files are closed then.
 */
export async function discoverChain(request: ChainRequest): Promise<DiscoveredChain> {
  const { files, allow = [], allowAll = false } = request;
  const top = files.at(-1);
  if (top === undefined) throw chainError('CHAIN_NO_FILE', 'no file is named', '', 'name at least one image');
  const locks = readLocks();
  const consent = await consentFacts([...files, ...allow], allowAll);
  const folders = new PinnedFolders();
  const discovery: Discovery = { consent, folders, open: [] };
  const { open } = discovery;
  const close = async () => {
    await Promise.all(open.splice(0).map(({ file }) => file.handle.close()));
  };
  try {
    const found =
      files.length === 1
        ? await followLinks(top, request.format, discovery)
        : await asGiven(files, request.format, discovery);
    const written = locks.then(list =>
      found.layers.map(({ layer }) => isLockedForWriting(list, layer.reached.file)),
    );
    return { ...(await describe(found, discovery)), written, close };
  } catch (error) {
    await close();
    throw error;
  } finally {
    await folders.close();
  }
}

/** What the steps of one discovery share. */
interface Discovery {
  readonly consent: ConsentFacts;
  readonly folders: PinnedFolders;
  /** Receives every file that stays open. */
  readonly open: ReachedFile[];
}

/** A layer and what became of the link recorded in it. */
interface LinkedLayer {
  readonly layer: LoneLayer;
  readonly backing: BackingLink;
  readonly findings: readonly Finding[];
}

interface Found {
  /** Base first. */
  readonly layers: readonly LinkedLayer[];
  /** About the chain as a whole. */
  readonly findings: readonly Finding[];
}

/** Layers from the top down, by the links recorded in them. */
async function followLinks(
  name: string,
  format: 'raw' | 'qcow2' | undefined,
  discovery: Discovery,
): Promise<Found> {
  const reached = await openNamed(name, discovery.folders);
  discovery.open.push(reached);
  const seen = new Set([reached.file.identity]);
  const layers: LinkedLayer[] = [];
  let layer: LoneLayer | undefined = await openLayer(reached, { by: 'person', format });
  while (layer !== undefined) {
    const step: Step = await stepDown(layer, seen, layers.length + 1, discovery);
    layers.push({ layer, backing: step.backing, findings: step.findings });
    layer = step.below;
  }
  return { layers: layers.reverse(), findings: [] };
}

interface Step {
  readonly backing: BackingLink;
  readonly below?: LoneLayer;
  readonly findings: readonly Finding[];
}

/** Follows the link of one layer; `depth` is the number of layers so far. */
async function stepDown(
  layer: LoneLayer,
  seen: Set<string>,
  depth: number,
  discovery: Discovery,
): Promise<Step> {
  const name = backingName(layer);
  if (name.length === 0) return { backing: NO_BACKING, findings: [] };
  const recorded = recordedBacking(layer);
  const cut = (error: ErrorRecord, resolved: string, findings: readonly Finding[]): Step => ({
    backing: { ...recorded, resolved, status: 'cut', error },
    findings,
  });
  if (depth >= MAX_LAYERS) return cut(tooDeep(layer), '', []);
  const { reached, findings, ...link } = await followLink(name, layer.reached.referrer, {
    ...discovery,
    always: 'policy',
  });
  const backing = { ...recorded, resolved: link.resolved, status: link.status };
  if (reached === undefined)
    return { backing: link.error === undefined ? backing : { ...backing, error: link.error }, findings };
  if (seen.has(reached.file.identity)) {
    await reached.file.handle.close();
    return cut(loop(link.resolved), link.resolved, findings);
  }
  try {
    const below = await openLayer(reached, { by: 'image', format: link.format || recorded.recordedFormat });
    seen.add(reached.file.identity);
    discovery.open.push(reached);
    return { backing, below, findings };
  } catch (error) {
    await reached.file.handle.close();
    const record = errorRecord(error);
    const status = record.code === 'CHAIN_FORMAT_UNSUPPORTED' ? 'refused' : 'missing';
    return { backing: { ...backing, status, error: record }, findings };
  }
}

/** The layers a person gave, base first. Recorded links are compared with that order and never followed. */
async function asGiven(
  files: readonly string[],
  topFormat: 'raw' | 'qcow2' | undefined,
  discovery: Discovery,
): Promise<Found> {
  const { folders, open } = discovery;
  if (files.length > MAX_LAYERS)
    throw chainError('CHAIN_TOO_DEEP', `more than ${MAX_LAYERS} files are named`, '', 'name fewer');
  const seen = new Set<string>();
  for (const file of files) {
    const reached = await openNamed(file, folders);
    open.push(reached);
    if (seen.has(reached.file.identity))
      throw chainError(
        'CHAIN_FILE_TWICE',
        'the same file is named twice',
        file,
        'name each layer once, base first',
      );
    seen.add(reached.file.identity);
  }
  const layers: LinkedLayer[] = [];
  const findings: Finding[] = [];
  let claim: FormatClaim = { by: 'person', format: topFormat };
  for (const [index, reached] of [...open.entries()].reverse()) {
    const layer = await openLayer(reached, claim);
    const given = await givenLink(layer, open[index - 1], discovery);
    layers.unshift({ layer, backing: given.backing, findings: [] });
    if (given.contradiction !== '') findings.unshift(orderDiffers(index, given.contradiction));
    claim = given.below;
  }
  return { layers, findings };
}

function orderDiffers(layer: number, what: string): Finding {
  return makeFinding({
    id: `order of layer ${layer}`,
    code: 'CHAIN_ORDER_DIFFERS',
    severity: 'hazard',
    layer: WHOLE_CHAIN,
    what,
    advice: 'name the top layer alone to follow the links that are recorded',
  });
}

interface GivenLink {
  readonly backing: BackingLink;
  /** Where the layer itself says otherwise, else empty. */
  readonly contradiction: string;
  /** What is known of the format of the file below. */
  readonly below: FormatClaim;
}

/** The link of a layer whose place was given. Where it names that very file, the format that it records holds too. */
async function givenLink(
  layer: LoneLayer,
  below: ReachedFile | undefined,
  discovery: Discovery,
): Promise<GivenLink> {
  const recorded = recordedBacking(layer);
  const shown = escapeUntrusted(layer.source.path);
  const name = backingName(layer);
  const claim: FormatClaim = { by: 'person', format: undefined };
  if (below === undefined) {
    if (name.length === 0) return { backing: NO_BACKING, contradiction: '', below: claim };
    const contradiction = `the order given makes ${shown} the base, although it names ${escapeUntrusted(recorded.recorded)} as its backing file, which is not opened`;
    const backing: BackingLink = { ...recorded, resolved: '', status: 'cut', error: givenBase(layer) };
    return { backing, contradiction, below: claim };
  }
  const resolved = shownPath(below.path);
  const backing = { ...recorded, resolved, status: 'opened' } as const;
  const over = `the order given puts ${shown} on ${escapeUntrusted(resolved)}`;
  if (name.length === 0)
    return { backing, contradiction: `${over}, although it records no backing file`, below: claim };
  const { reached } = await followLink(name, layer.reached.referrer, { ...discovery, always: 'policy' });
  await reached?.file.handle.close();
  if (reached?.file.identity !== below.file.identity) {
    const contradiction = `${over}, although it names ${escapeUntrusted(recorded.recorded)} as its backing file`;
    return { backing, contradiction, below: claim };
  }
  const { recordedFormat } = recorded;
  return {
    backing,
    contradiction: '',
    below: recordedFormat === '' ? claim : { by: 'image', format: recordedFormat },
  };
}

async function describe(
  found: Found,
  discovery: Discovery,
): Promise<Pick<DiscoveredChain, 'info' | 'layers' | 'changes'>> {
  const files: LayerFiles[] = [];
  const findings = [...found.findings, ...sizeFindings(found.layers.map(({ layer }) => layer.size))];
  const layers: OpenLayer[] = [];
  for (const [index, linked] of found.layers.entries()) {
    const { layer } = linked;
    const data = await openDataFile(layer, discovery);
    const { path, file } = layer.reached;
    const info: LayerInfo = {
      index,
      name: basename(layer.source.path),
      path: layer.source.path,
      format: layer.format,
      formatSource: layer.formatSource,
      size: layer.size,
      fileSize: file.size,
      allocatedSize: file.allocated,
      clusterSize: layer.image?.geometry.clusterSize ?? 1,
      backing: linked.backing,
      ...(data.link === undefined ? {} : { dataFile: data.link }),
      ...(layer.image === undefined ? {} : { qcow2: await runInSlices(qcow2InfoSteps(layer.image)) }),
      notes: [...layer.notes, ...data.notes, ...nameNotes(path)],
    };
    for (const finding of [...layer.findings, ...linked.findings, ...data.findings])
      findings.push({ ...finding, layer: index });
    const { source, format, image } = layer;
    const dataFile =
      data.file === undefined ? undefined : { fd: data.file.handle.fd, device: data.file.device };
    layers.push({ info, source, format, image, device: file.device, dataFile });
    files.push(data.file === undefined ? [file] : [file, data.file]);
  }
  const infos = layers.map(({ info }) => info);
  const complete = infos[0]?.backing.status === 'none';
  const size = infos.at(-1)?.size ?? 0;
  return {
    info: { layers: infos, size, complete, notes: [], findings: findings.sort(compareFindings) },
    layers,
    changes: new FileChanges(files),
  };
}

/** The external data file: opened with consent only, because a child would read whatever file its name leads to. */
async function openDataFile(
  { image, reached }: LoneLayer,
  discovery: Discovery,
): Promise<{
  link?: BackingLink;
  file?: OpenFile;
  notes: readonly string[];
  findings: readonly Finding[];
}> {
  if (image === undefined || !hasDataFile(image.header)) return { notes: [], findings: [] };
  const recorded = { recorded: image.extensions.dataFile, recordedFormat: 'raw' };
  const followed = await followLink(image.extensions.dataFileBytes, reached.referrer, {
    ...discovery,
    always: 'ask',
  });
  const { status, resolved, error, findings } = followed;
  const link = { ...recorded, resolved, status, ...(error === undefined ? {} : { error }) };
  if (followed.reached === undefined)
    return { link, notes: status === 'missing' ? [dataFileMissing(resolved)] : [], findings };
  discovery.open.push(followed.reached);
  return { link, file: followed.reached.file, notes: [], findings };
}

function dataFileMissing(path: string): string {
  return `Its data file ${escapeUntrusted(path)} cannot be opened: the map comes from its tables alone, and the data itself cannot be read.`;
}

const NO_BACKING: BackingLink = { recorded: '', recordedFormat: '', resolved: '', status: 'none' };

function backingName(layer: LoneLayer): Uint8Array {
  return layer.image?.backingFileBytes ?? new Uint8Array();
}

function recordedBacking(layer: LoneLayer): { recorded: string; recordedFormat: string } {
  return {
    recorded: Buffer.from(backingName(layer)).toString('utf8'),
    recordedFormat: layer.image?.extensions.backingFormat ?? '',
  };
}

function nameNotes(path: string): string[] {
  const safe = escapeUntrusted(path, Number.MAX_SAFE_INTEGER) === path;
  return safe ? [] : ['Its name holds characters that cannot be shown as they are.'];
}

function loop(subject: string): ErrorRecord {
  const what = 'the file is already a layer of this chain, so the chain would be a loop';
  return { code: 'CHAIN_LOOP', what, subject, advice: 'correct the recorded name with qemu-img rebase -u' };
}

function tooDeep({ source }: LoneLayer): ErrorRecord {
  const what = `the chain has more than ${MAX_LAYERS} layers and is cut here`;
  return {
    code: 'CHAIN_TOO_DEEP',
    what,
    subject: source.path,
    advice: 'open a lower layer to see what lies below',
  };
}

function givenBase({ source }: LoneLayer): ErrorRecord {
  const what = 'the order given makes this the base, so the backing file that it names is not opened';
  return {
    code: 'CHAIN_ORDER_GIVEN',
    what,
    subject: source.path,
    advice: 'name that file first, or the top layer alone',
  };
}

function chainError(code: string, what: string, subject: string, advice: string): CowscopeError {
  return new CowscopeError({ code, what, subject, advice });
}
