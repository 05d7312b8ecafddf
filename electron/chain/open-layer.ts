/** One opened file as a layer: its format decided, its header read. */
import { basename } from 'node:path';
import { CowscopeError } from '../../shared/error.ts';
import { type Finding, makeFinding } from '../../shared/model/finding.ts';
import type { FormatSource, ImageFormat } from '../../shared/model/layer.ts';
import { formatSize } from '../../shared/text/offset.ts';
import { escapeUntrusted } from '../../shared/text/untrusted-text.ts';
import { INCOMPATIBLE_CORRUPT, INCOMPATIBLE_DIRTY, type Qcow2Header } from '../qcow2/format/header.ts';
import type { InferRequest } from '../qcow2/infer/infer-image.ts';
import { findOverwriting } from '../qcow2/infer/overwritten-header.ts';
import { findLostHeader, type LostHeader, lostHeaderEvidence } from '../qcow2/layout/lost-header.ts';
import { type FileSource, fileSource } from '../qcow2/read/file-source.ts';
import { openQcow2Sliced, type Qcow2Image } from '../qcow2/read/image.ts';
import { howToServe, type RecognizedFormat, recognizeFormat } from '../qcow2/read/probe-format.ts';
import { runInSlices } from '../qcow2/read/sliced-work.ts';
import type { ImageSource } from '../qcow2/read/source.ts';
import { BufferedSource } from './buffered-source.ts';
import { shownPath } from './byte-path.ts';
import type { ReachedFile } from './follow-link.ts';

/** Formats that a layer can have. */
export type LayerFormat = 'qcow2' | 'qcow' | 'raw';

/** A layer on its own, before its place in a chain is known. */
export interface SingleLayer {
  readonly reached: ReachedFile;
  readonly source: FileSource;
  readonly format: LayerFormat;
  readonly formatSource: FormatSource;
  readonly image: Qcow2Image | undefined;
  /** Virtual size in bytes. */
  readonly size: number;
  readonly notes: readonly string[];
  /** What its header and its format tell; the layer in them is 0. */
  readonly findings: readonly Finding[];
}

/** What is known of a layer's format before the file is looked at. */
export type DeclaredFormat =
  /** A person named the file and perhaps its format: without that the magic decides. */
  | { readonly by: 'person'; readonly format: 'raw' | 'qcow2' | undefined }
  /**
   * An image names the file and perhaps its format. Where it records none, a person's word decides (`unrecorded`), and
   * without that the content, with a hazard finding.
   */
  | {
      readonly by: 'image';
      readonly format: string;
      readonly unrecorded: 'raw' | 'qcow2' | undefined;
      /** The command that records a format in the layer above; undefined where that cannot record one (version 1). */
      readonly fix: (format: string) => string | undefined;
    };

/** Names that images record for formats which are raw bytes to us: qemu's drivers for plain files and devices. */
const RAW_NAMES: ReadonlySet<string> = new Set(['raw', 'file', 'host_device']);

/**
 * The layer that an opened file holds. Rejects with CHAIN_FORMAT_UNSUPPORTED, or what the qcow2 reader throws for a header
 * that it cannot read. The file stays open in any case. With `infer` a
 * header or L1 table that is lost is inferred, which looks through the whole file.
 */
export async function openLayer(
  reached: ReachedFile,
  claim: DeclaredFormat,
  infer: InferRequest | undefined,
): Promise<SingleLayer> {
  const { file, path } = reached;
  const source = fileSource({ fd: file.handle.fd, size: file.size, path: shownPath(path) });
  const buffered = new BufferedSource(source); // the window is served by this thread
  const {
    format,
    formatSource,
    notes = [],
    findings,
  } = await buffered.compute(() => decideFormat(buffered, claim, recognizeFormat(buffered)));
  const lost =
    infer === undefined ? undefined : await inferLostHeader(source, { format, formatSource }, infer);
  if (lost !== undefined)
    return { reached, source, format: 'qcow2', formatSource: 'inferred', ...lost, notes: [] };
  if (format === 'raw') {
    const size = rawSize(file.size);
    return { reached, source, format, formatSource, image: undefined, size, notes, findings };
  }
  let opened: Qcow2Image;
  try {
    opened = { ...(await buffered.run(() => openQcow2Sliced(buffered))), source };
  } catch (error) {
    const inferred = infer === undefined ? undefined : await inferUnreadableHeader(source, infer, error);
    if (inferred === undefined) throw error;
    return { reached, source, format: 'qcow2', formatSource: 'inferred', ...inferred, notes: [] };
  }
  const image = infer === undefined ? opened : await withInferredL1(opened, infer);
  return { reached, source, notes, ...readAs(image, { format, formatSource, findings }) };
}

/** An image that was read where a format was expected. */
export function readAs(
  image: Qcow2Image,
  { format, formatSource, findings }: FormatDecision,
): Pick<SingleLayer, 'format' | 'formatSource' | 'image' | 'size' | 'findings'> {
  const found = image.header.version === 1 ? 'qcow' : 'qcow2';
  const differs = found === format ? [] : [formatDiffers(format, found)];
  return {
    format: found,
    formatSource,
    image,
    size: image.header.size,
    findings: [...findings, ...differs, ...bitFindings(image.header), ...image.findings],
  };
}

/** The virtual size of a raw file: qemu serves whole sectors, and fills the last one up with zeros. */
export function rawSize(fileSize: number): number {
  return Math.ceil(fileSize / 512) * 512;
}

/** The image with its L1 table inferred, where that is lost. */
async function withInferredL1(image: Qcow2Image, infer: InferRequest): Promise<Qcow2Image> {
  const { inferL1 } = await import('../qcow2/infer/infer-image.ts');
  return (await runInSlices(inferL1(image, infer))) ?? image;
}

/** The image in a file without a header; undefined for a file that has one, or that shows none. */
async function inferLostHeader(
  source: FileSource,
  { format, formatSource }: Pick<FormatDecision, 'format' | 'formatSource'>,
  infer: InferRequest,
): Promise<Pick<SingleLayer, 'image' | 'size' | 'findings'> | undefined> {
  const isLost = format === 'raw' ? formatSource === 'assumed' : recognizeFormat(source).format === 'raw';
  return isLost ? await inferredFrom(source, infer) : undefined;
}

/** The image in a file whose header has its magic and cannot be read; undefined where nothing shows one. */
async function inferUnreadableHeader(
  source: FileSource,
  infer: InferRequest,
  error: unknown,
): Promise<Pick<SingleLayer, 'image' | 'size' | 'findings'> | undefined> {
  const isHeader =
    error instanceof CowscopeError && error.code.startsWith('QCOW2_') && error.code !== 'QCOW2_READ_FAILED';
  return isHeader ? await inferredFrom(source, infer) : undefined;
}

async function inferredFrom(
  source: FileSource,
  infer: InferRequest,
): Promise<Pick<SingleLayer, 'image' | 'size' | 'findings'> | undefined> {
  const { inferHeader } = await import('../qcow2/infer/infer-image.ts'); // loaded where it is asked for
  const image = await runInSlices(inferHeader(source, infer));
  return image === undefined ? undefined : { image, size: image.header.size, findings: image.findings };
}

function formatDiffers(format: LayerFormat, found: LayerFormat): Finding {
  return makeFinding({
    code: 'CHAIN_FORMAT_DIFFERS',
    severity: 'hazard',
    what: `it is recorded or given as ${format}, but its header is of ${found}`,
    advice: `record the right format in the layer above: qemu-img rebase -u -F ${found}`,
  });
}

/** What the header's own marks say of the image's state. */
function bitFindings({ incompatible }: Qcow2Header): Finding[] {
  const evidence = (bit: string) => [
    {
      source: 'header',
      fileOffset: 72,
      value: `0x${incompatible.toString(16).padStart(16, '0')}`,
      bits: bit,
    },
  ];
  const found: Finding[] = [];
  if ((incompatible & INCOMPATIBLE_DIRTY) !== 0n)
    found.push(
      makeFinding({
        code: 'QCOW2_DIRTY',
        severity: 'hazard',
        what: 'the image was not closed properly (dirty bit): its refcounts may be stale; qemu-img check tells',
        advice: 'copy the file before a program opens it for writing: qemu rebuilds the refcounts then',
        evidence: evidence('dirty'),
      }),
    );
  if ((incompatible & INCOMPATIBLE_CORRUPT) !== 0n)
    found.push(
      makeFinding({
        code: 'QCOW2_MARKED_CORRUPT',
        severity: 'hazard',
        what: 'it is marked corrupt (corrupt bit): qemu found its tables damaged and opens it for reading only; qemu-img check tells',
        advice: 'copy the file, then look at what qemu-img check says of the copy',
        evidence: evidence('corrupt'),
      }),
    );
  return found;
}

/** How a layer is read, and why. */
export interface FormatDecision {
  readonly format: LayerFormat;
  readonly formatSource: FormatSource;
  readonly notes?: readonly string[];
  readonly findings: readonly Finding[];
}

/** How a layer is read, from what is claimed of it and what it was recognized as. Throws CHAIN_FORMAT_UNSUPPORTED. */
export function decideFormat(
  source: ImageSource,
  claim: DeclaredFormat,
  { format: magic, sentence }: RecognizedFormat,
): FormatDecision {
  if (claim.by === 'image') return recordedFormat(source, claim, magic);
  if (claim.format !== undefined)
    return {
      format: claim.format,
      formatSource: 'given',
      findings: rawFindings(claim.format, magic, 'given'),
    };
  if (magic === 'qcow2' || magic === 'qcow') return { format: magic, formatSource: 'magic', findings: [] };
  if (magic === 'iso') return { format: 'raw', formatSource: 'magic', notes: [sentence], findings: [] };
  if (magic !== 'raw')
    throw new CowscopeError({
      code: 'CHAIN_FORMAT_UNSUPPORTED',
      what: `images of the format ${magic} cannot be shown`,
      subject: source.path,
      advice: sentence,
    });
  const lost = source.heldUpTo === undefined ? findLostHeader(source) : undefined; // a capture has nothing of raw files
  const findings = [NO_MAGIC];
  if (lost !== undefined) findings.push(headerLost(lost, source));
  else if (/\.(?:qcow2?|qcow3|img2)$/i.test(basename(source.path))) findings.push(NAMED_QCOW2);
  return { format: 'raw', formatSource: 'assumed', findings };
}

/** A recorded format decides whatever the content: the guest writes raw disks and could write any magic into them. */
function recordedFormat(
  source: ImageSource,
  { format: recorded, unrecorded, fix }: Extract<DeclaredFormat, { by: 'image' }>,
  magic: ImageFormat,
): FormatDecision {
  const isPlain = magic === 'raw' || magic === 'iso';
  if (recorded === '' && unrecorded !== undefined)
    return {
      format: unrecorded,
      formatSource: 'given',
      findings: [
        isPlain ? notRecorded(fix('raw')) : decidedFormat(unrecorded, magic, fix(unrecorded)),
        ...rawFindings(unrecorded, magic, 'given'),
      ],
    };
  if (recorded === '' && (magic === 'qcow2' || magic === 'qcow'))
    return { format: magic, formatSource: 'magic', findings: [readByContent(magic, fix(magic))] };
  if (recorded === '') {
    const finding = isPlain ? notRecorded(fix('raw')) : readAgainstContent(magic, fix(magic));
    return { format: 'raw', formatSource: 'assumed', findings: [finding] };
  }
  if (RAW_NAMES.has(recorded))
    return { format: 'raw', formatSource: 'recorded', findings: rawFindings('raw', magic, 'recorded') };
  if (recorded === 'qcow2' || recorded === 'qcow')
    return { format: recorded, formatSource: 'recorded', findings: [] };
  throw new CowscopeError({
    code: 'CHAIN_FORMAT_UNSUPPORTED',
    what: `the layer above records the format "${escapeUntrusted(recorded)}" for this file, which cannot be shown`,
    subject: source.path,
    advice: `the layers above it are shown without what lies below; to see all of the chain as qemu reads it, take its top image: ${howToServe('qcow2', ' --allocation-depth')}`,
  });
}

const NO_MAGIC = makeFinding({
  code: 'CHAIN_FORMAT_ASSUMED',
  severity: 'note',
  what: 'it has no magic of any known format, so it is read as a raw disk',
});

/** Two readings of one file: the bytes as they are, and the image that they once were. */
function headerLost(lost: LostHeader, source: ImageSource): Finding {
  const { clusterSize } = lost;
  const over = findOverwriting(source, clusterSize);
  const begins =
    over === undefined ? 'it has no header' : `it begins with ${over.content} in place of a header`;
  return makeFinding({
    code: 'CHAIN_HEADER_LOST',
    severity: 'hazard',
    what: `${begins}, and what lies behind is laid out as a qcow2 image with clusters of ${formatSize(clusterSize)}: it is shown as a raw disk; --infer reads the image in it`,
    advice:
      'do not start the machine or write to the file, copy it first: `cowscope map --infer` shows what its tables tell, and how sure that is; if it is a raw disk, name the format with --format raw',
    evidence: [...(over === undefined ? [] : [over.evidence]), ...lostHeaderEvidence(lost)],
  });
}

const NAMED_QCOW2 = makeFinding({
  code: 'CHAIN_HEADER_LOST',
  severity: 'hazard',
  what: 'its name is that of a qcow2 image: if it was one, its header has been overwritten',
  advice: 'do not start the machine or write to the file: what lies behind the header may be whole',
});

/** Every program takes it for a raw disk now; a guest that writes to it can change that. */
function notRecorded(fix: string | undefined): Finding {
  return makeFinding({
    code: 'CHAIN_FORMAT_NOT_RECORDED',
    severity: 'hazard',
    what: 'no format is recorded for it in the layer above, and it is read as raw; a program that guesses by the content takes what a guest writes to a raw disk for a header',
    advice: recordAdvice(fix),
  });
}

/** Programs read it differently, and the person said how it is read here. */
function decidedFormat(format: string, magic: ImageFormat, fix: string | undefined): Finding {
  return makeFinding({
    code: 'CHAIN_FORMAT_NOT_RECORDED',
    severity: 'hazard',
    what: `no format is recorded for it in the layer above; it is read as ${format}, as was asked for; qemu takes it for ${magic} by its content, libvirt for raw`,
    advice: recordAdvice(fix),
  });
}

/** Two programs read this chain differently. */
function readByContent(format: 'qcow2' | 'qcow', fix: string | undefined): Finding {
  return makeFinding({
    code: 'CHAIN_FORMAT_BY_CONTENT',
    severity: 'hazard',
    what: `no format is recorded for it in the layer above; by its content it is ${format}, and it is read so, as qemu does; libvirt reads it as raw, or refuses it`,
    advice: `${recordAdvice(fix)}; to decide how it is read here, use --backing-format qcow2 or --backing-format raw`,
  });
}

/** As {@link readByContent}, of a format that cannot be shown. */
function readAgainstContent(format: ImageFormat, fix: string | undefined): Finding {
  return makeFinding({
    code: 'CHAIN_FORMAT_BY_CONTENT',
    severity: 'hazard',
    what: `no format is recorded for it in the layer above; by its content it is ${format}, and qemu reads it so; that cannot be shown, so it is read as raw, as libvirt does`,
    advice: `${recordAdvice(fix)}; --backing-format raw says that it is a raw disk`,
  });
}

function recordAdvice(fix: string | undefined): string {
  return fix === undefined
    ? 'convert the layer above to qcow2: version 1 cannot record the format of its backing file'
    : `record the format if that is right: ${fix}`;
}

function rawFindings(format: LayerFormat, magic: ImageFormat, how: FormatSource): Finding[] {
  if (format !== 'raw' || magic === 'raw' || magic === 'iso') return [];
  const why = how === 'recorded' ? 'recorded as' : how === 'given' ? 'given as' : 'taken for';
  return [
    makeFinding({
      code: 'CHAIN_RAW_WITH_MAGIC',
      severity: 'hazard',
      what: `it is ${why} raw but begins like an image of the format ${magic}: what is shown are the bytes of that file`,
      advice: `if it is an image of that format, record ${magic} in the layer above, or open it with that format`,
    }),
  ];
}
