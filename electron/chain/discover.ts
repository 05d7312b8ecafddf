/** Finds the layers of a chain with our own reader alone: no child is started, and every file is opened once. */
import { basename } from 'node:path';
import { CowscopeError } from '../../shared/error.ts';
import { compareFindings, type Finding } from '../../shared/model/finding.ts';
import type { BackingLink, ChainInfo, LayerInfo } from '../../shared/model/layer.ts';
import { captureSentence } from '../../shared/text/capture-text.ts';
import { escapeUntrusted } from '../../shared/text/untrusted-text.ts';
import { hasDataFile } from '../qcow2/format/header.ts';
import type { FileSource } from '../qcow2/read/file-source.ts';
import type { Qcow2Image } from '../qcow2/read/image.ts';
import { qcow2InfoSliced } from '../qcow2/read/qemu-info.ts';
import { runInSlices } from '../qcow2/read/sliced-work.ts';
import type { ExportSource } from '../qemu/blockdev-args.ts';
import { type BytePath, nameNotes } from './byte-path.ts';
import { startsAsCapture } from './captured/starts-as-capture.ts';
import { type Discovery, EntryBudget, type FoundLayers, type LinkedLayer, lostBacking } from './discovery.ts';
import { FileChanges, type OpenLayerFiles } from './file-changes.ts';
import { bitmapFindings } from './findings/bitmaps.ts';
import { sizeFindings } from './findings/sizes.ts';
import { snapshotFindings } from './findings/snapshots.ts';
import { timeFindings } from './findings/times.ts';
import { followLink, openNamed, type ReachedFile, resolveConsent } from './follow-link.ts';
import { layersInGivenOrder } from './given-order.ts';
import { type LinkStep, stepDown } from './link-step.ts';
import { programsWithFile } from './open-elsewhere.ts';
import { modifiedTime, type OpenFile } from './open-file.ts';
import { type LayerFormat, openLayer, type SingleLayer } from './open-layer.ts';
import { PathInspector } from './path-inspector.ts';
import { PinnedFolders } from './pinned-folder.ts';
import { readLocks, WriterLocks, type Writers } from './writer-lock.ts';

/** What is known of the top layer as soon as it is open. Sizes in bytes; a raw layer's clusters have one byte. */
export type TopLayer = Pick<LayerInfo, 'size' | 'clusterSize'>;

/** What to open. */
export interface ChainRequest {
  /** One file: its recorded links are followed. Several: they are the chain, base first, whatever links they hold. */
  readonly files: readonly string[];
  /** Format of the top file; without it its magic decides. */
  readonly format?: 'raw' | 'qcow2' | undefined;
  /** Format of backing files for which none is recorded; without it their content decides. */
  readonly backingFormat?: 'raw' | 'qcow2' | undefined;
  /** Files for backing files that cannot be opened, from the top down: the first is taken for the first of those. */
  readonly locate?: readonly string[] | undefined;
  /** Infer the header or L1 table of a layer that lost it: which of several readings, from 1. */
  readonly infer?: number | undefined;
  /** Called often, with the bytes of a file that were searched for that. */
  readonly onRead?: ((progress: { layer: number; layers: number; bytes: number }) => void) | undefined;
  /** Called with the top layer before its links are followed; not where several files are named. */
  readonly onTop?: ((top: TopLayer) => void) | undefined;
  /** Files that may be opened wherever they lie. */
  readonly allow?: readonly string[] | undefined;
  /** Consent to every file that an image names; protocols are still refused. */
  readonly allowAll?: boolean | undefined;
}

/** A layer whose files are open. It can be given to exportLayer as it is. */
export interface OpenLayer extends ExportSource {
  readonly info: LayerInfo;
  /** The absolute path by which its file was named; of a captured layer that of the capture. */
  readonly path: BytePath;
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
   * For each layer whether another program has it open for writing, and which. Comes later than the rest: Linux takes some ten
   * milliseconds to list its locks, and no picture waits for that. Never rejects.
   */
  readonly written: Promise<readonly Writers[]>;
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
  const consent = await resolveConsent([...files, ...allow], allowAll);
  const folders = new PinnedFolders();
  const { backingFormat, locate = [] } = request;
  const { infer: reading, onRead } = request;
  // How many layers there are is not known yet.
  const onProgress = (bytes: number) => onRead?.({ layer: 1, layers: 1, bytes });
  const infer = reading === undefined ? undefined : { reading, onProgress };
  const open: ReachedFile[] = [];
  const look = new PathInspector();
  const listed = new EntryBudget();
  const located = [...locate];
  const discovery: Discovery = { consent, folders, look, backingFormat, infer, located, open, listed };
  const close = async () => {
    await Promise.all(open.splice(0).map(({ file }) => file.handle.close()));
  };
  try {
    const found: FoundLayers =
      files.length === 1
        ? await followLinks(top, request, discovery)
        : await layersInGivenOrder(files, request.format, discovery);
    const written =
      found.captured === undefined ? writersOf(found, locks) : Promise.resolve(found.captured.written);
    return { ...(await describe(found, discovery)), written, close };
  } catch (error) {
    await close();
    throw error;
  } finally {
    await folders.close();
  }
}

/** For each layer whether another program has it open for writing. */
function writersOf({ layers }: FoundLayers, locks: Promise<string>): Promise<readonly Writers[]> {
  return locks.then(list => {
    const writers = new WriterLocks(list);
    const each = layers.map(async ({ layer }): Promise<Writers> => {
      const { file, path } = layer.reached;
      return writers.has(file) ? programsWithFile({ ...file, path }) : undefined;
    });
    return Promise.all(each);
  });
}

/** Layers from the top down, by the links recorded in them. */
async function followLinks(
  name: string,
  { format, onTop }: ChainRequest,
  discovery: Discovery,
): Promise<FoundLayers> {
  const reached = await openNamed(name, discovery.folders);
  discovery.open.push(reached);
  if (format === undefined && (await startsAsCapture(reached.file.handle))) {
    const { layersOfCapture } = await import('./captured/captured-chain.ts'); // few targets are captures
    return layersOfCapture(reached, discovery.listed);
  }
  const seen = new Set([reached.file.identity]);
  const layers: LinkedLayer[] = [];
  let layer: SingleLayer | undefined = await openLayer(reached, { by: 'person', format }, discovery.infer);
  discovery.listed.add(layer);
  onTop?.({ size: layer.size, clusterSize: clusterSizeOf(layer) });
  let described: LinkStep['described'];
  while (layer !== undefined) {
    const step: LinkStep = await stepDown(layer, described, { seen, depth: layers.length + 1 }, discovery);
    layers.push({ layer, backing: step.backing, findings: step.findings });
    ({ below: layer, described } = step);
  }
  return { layers: layers.reverse(), findings: [] };
}

async function describe(
  found: FoundLayers,
  discovery: Discovery,
): Promise<Pick<DiscoveredChain, 'info' | 'layers' | 'changes'>> {
  const files: OpenLayerFiles[] = [];
  // An inferred size is the least that the disk can have: nothing follows from another one.
  const isSizeKnown = found.layers.every(({ layer }) => lostBacking(layer) === undefined);
  const sizes = isSizeKnown ? sizeFindings(found.layers.map(({ layer }) => layer.size)) : [];
  const findings = [...found.findings, ...sizes];
  const layers: OpenLayer[] = [];
  for (const [index, linked] of found.layers.entries()) {
    const { layer } = linked;
    const data =
      linked.dataFile === undefined
        ? await openDataFile(layer, discovery)
        : { link: linked.dataFile, notes: [], findings: [] };
    const { path, file } = layer.reached;
    const modified = modifiedTime(file);
    const info: LayerInfo = {
      index,
      name: basename(layer.source.path),
      path: layer.source.path,
      format: layer.format,
      formatSource: layer.formatSource,
      size: layer.size,
      fileSize: file.size,
      allocatedSize: file.allocated,
      ...(modified === undefined ? {} : { modified }),
      clusterSize: clusterSizeOf(layer),
      backing: linked.backing,
      ...(data.link === undefined ? {} : { dataFile: data.link }),
      ...(layer.image?.inferred === undefined ? {} : { inference: layer.image.inferred.inference }),
      ...(layer.image === undefined ? {} : { qcow2: await runInSlices(qcow2InfoSliced(layer.image)) }),
      notes: [...layer.notes, ...data.notes, ...nameNotes(path)],
    };
    for (const finding of [...layer.findings, ...linked.findings, ...data.findings])
      findings.push({ ...finding, layer: index });
    const { source, format, image } = layer;
    const dataFile =
      data.file === undefined ? undefined : { fd: data.file.handle.fd, device: data.file.device };
    layers.push({ info, path, source, format, image, device: file.device, dataFile });
    files.push([found.captured?.file ?? file, ...(data.file === undefined ? [] : [data.file])]);
  }
  const infos = layers.map(({ info }) => info);
  for (const found of [timeFindings, bitmapFindings, snapshotFindings]) findings.push(...found(infos));
  const complete = infos[0]?.backing.status === 'none';
  const size = infos.at(-1)?.size ?? 0;
  return {
    info: {
      layers: infos,
      size,
      complete,
      ...(found.captured === undefined ? {} : { capture: found.captured.info }),
      notes: found.captured === undefined ? [] : [captureSentence(found.captured.info)],
      findings: findings.sort(compareFindings),
    },
    layers,
    changes: new FileChanges(files),
  };
}

/** Bytes in a cluster of a layer; 1 of a raw one. */
function clusterSizeOf({ image }: SingleLayer): number {
  return image?.geometry.clusterSize ?? 1;
}

/** The external data file: opened with consent only, because a child would read whatever file its name leads to. */
async function openDataFile(
  { image, reached }: SingleLayer,
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
  if (followed.reached === undefined) return { link, notes: notesOfUnopened(status, resolved), findings };
  discovery.open.push(followed.reached);
  return { link, file: followed.reached.file, notes: [], findings };
}

/** What is not known of a layer whose data file is not open. A name that is not recorded is a finding. */
function notesOfUnopened(status: BackingLink['status'], path: string): string[] {
  if (path === '') return [];
  const name = escapeUntrusted(path);
  return status === 'missing'
    ? [
        `Its data file ${name} cannot be opened: the map comes from its tables alone, and the data itself cannot be read.`,
      ]
    : [`Its data lies in the file ${name}, which was not opened: whether that holds all of it is not known.`];
}

function chainError(code: string, what: string, subject: string, advice: string): CowscopeError {
  return new CowscopeError({ code, what, subject, advice });
}
