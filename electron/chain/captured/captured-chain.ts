/** The layers of a capture, as discovery gives those of files: described by its first line, read from its frames. */
import { basename, dirname, isAbsolute } from 'node:path';
import type { ErrorRecord } from '../../../shared/error.ts';
import type { Finding } from '../../../shared/model/finding.ts';
import type { BackingLink, LinkFix } from '../../../shared/model/layer.ts';
import { readCapture } from '../../capture/capture-reader.ts';
import { captureSource } from '../../capture/capture-source.ts';
import type { CapturedLayer, CapturedLink, CapturedResult } from '../../capture/format.ts';
import { openQcow2Sliced } from '../../qcow2/read/image.ts';
import { recognizedAs } from '../../qcow2/read/probe-format.ts';
import { runInSlices } from '../../qcow2/read/sliced-work.ts';
import type { FrameIndex } from '../../qcow2/read/source.ts';
import { parseRecordedName, type RecordedName } from '../backing-name.ts';
import { type BytePath, shownPath, toBytePath } from '../byte-path.ts';
import {
  backingName,
  type EntryBudget,
  type FoundLayers,
  type LinkedLayer,
  NO_BACKING,
  recordedBacking,
} from '../discovery.ts';
import { formFindings, type PinnedReferrer, type ReachedFile } from '../follow-link.ts';
import { formatFix, linkFix } from '../link-fix.ts';
import { unrecordedFix } from '../link-step.ts';
import { type DeclaredFormat, decideFormat, rawSize, readAs, type SingleLayer } from '../open-layer.ts';
import type { PinnedFolder } from '../pinned-folder.ts';
import { namedPath } from '../policy.ts';
import { capturedFindings } from './captured-findings.ts';

/**
 * The layers of the capture that was reached. No name in it is followed. Rejects with CAPTURE_CUT, CAPTURE_DAMAGED,
 * CAPTURE_VERSION, CHAIN_TOO_MANY_ENTRIES, or what the reader throws for the header of a layer.
 */
export async function layersOfCapture(reached: ReachedFile, listed: EntryBudget): Promise<FoundLayers> {
  const { file } = reached;
  const path = shownPath(reached.path);
  const { head, end, frames } = await readCapture(file.handle, file.size, path);
  const captured: { readonly about: CapturedLayer; readonly layer: SingleLayer }[] = [];
  for (const [index, about] of [...head.layers.entries()].reverse()) {
    const above = captured[0]?.layer;
    const layer = await openCaptured({ about, index, frames: frames[index] as FrameIndex }, reached, above);
    listed.add(layer);
    captured.unshift({ about, layer });
  }
  const layers = captured.map(({ about, layer }, index): LinkedLayer => {
    const result = end.layers[index] as CapturedResult;
    const { backing, findings } = linkOf(about.backing, layer, captured[index - 1]?.layer, path);
    return {
      layer,
      backing,
      ...(about.dataFile === undefined ? {} : { dataFile: dataFileOf(about.dataFile, layer, path) }),
      findings: [...findings, ...capturedFindings(result)],
    };
  });
  const { created, tool, qemu, redacted } = head;
  return {
    layers,
    findings: [],
    captured: {
      info: { path, created: Date.parse(created), tool, qemu, redacted },
      file,
      written: head.layers.map(({ inUse }) => (inUse ? [] : undefined)),
    },
  };
}

interface Captured {
  readonly about: CapturedLayer;
  readonly index: number;
  readonly frames: FrameIndex;
}

async function openCaptured(
  { about, index, frames }: Captured,
  capture: ReachedFile,
  above: SingleLayer | undefined,
): Promise<SingleLayer> {
  const path = toBytePath(about.path === '' ? about.name : about.path);
  const { fd } = capture.file.handle;
  const source = captureSource({ fd, size: about.fileSize, path: shownPath(path), frames });
  const reached: ReachedFile = {
    file: {
      ...capture.file,
      device: about.device,
      size: about.fileSize,
      allocated: about.allocated,
      modifiedNs: BigInt(about.modified) * 1_000_000n,
      identity: `${capture.file.identity} layer ${index}`,
    },
    path,
    referrer: referrerAt(path, about.device),
  };
  const decision = decideFormat(source, claimOf(about, above), recognizedAs(contentOf(about)));
  if (about.format === 'raw')
    return {
      reached,
      source,
      ...decision,
      format: 'raw',
      formatSource: about.formatSource,
      image: undefined,
      size: rawSize(about.fileSize),
      notes: [...(decision.notes ?? []), RAW_NOTE],
    };
  const image = await runInSlices(openQcow2Sliced(source));
  const formatSource = about.formatSource;
  return {
    reached,
    source,
    notes: decision.notes ?? [],
    ...readAs({ ...image, source }, { ...decision, formatSource }),
  };
}

const RAW_NOTE =
  'A capture holds nothing of a raw layer, so its holes are not known and all of it is shown as data.';

function contentOf({ content }: CapturedLayer) {
  return content === 'nbd' ? 'raw' : content;
}

/** What was claimed of a layer's format when it was captured. */
function claimOf({ format, formatSource }: CapturedLayer, above: SingleLayer | undefined): DeclaredFormat {
  const given = formatSource === 'given' && format !== 'qcow' ? format : undefined;
  if (above === undefined || backingName(above).length === 0) return { by: 'person', format: given };
  const { recordedFormat } = recordedBacking(above);
  // A name may say the format too: a JSON description does.
  const recorded = recordedFormat === '' && formatSource === 'recorded' ? format : recordedFormat;
  return {
    by: 'image',
    format: recorded,
    unrecorded: given,
    fix: name => formatFix(above, '', name)?.command,
  };
}

/** An image in a folder of which nothing is opened. */
function referrerAt(path: BytePath, device: boolean): PinnedReferrer {
  const folder = dirname(path) as BytePath;
  const notOpenedError: PinnedFolder = {
    path: folder,
    entry() {
      throw new Error('invariant broken: nothing is opened in the folder of a captured image');
    },
    verify: () => Promise.resolve(),
  };
  return {
    namedFolder: folder,
    ownFolders: new Set([folder]),
    device,
    named: notOpenedError,
    real: notOpenedError,
    pinned: new Map(),
  };
}

function linkOf(
  { status, code }: CapturedLink,
  layer: SingleLayer,
  below: SingleLayer | undefined,
  capture: string,
): { readonly backing: BackingLink; readonly findings: readonly Finding[] } {
  if (status === 'none') return { backing: NO_BACKING, findings: [] };
  const recorded = recordedBacking(layer);
  const parsed = parseRecordedName(backingName(layer));
  const findings = parsed.kind === 'file' ? formFindings(parsed) : [];
  if (below === undefined) {
    const resolved = resolvedFrom(layer, parsed);
    return {
      backing: { ...recorded, resolved, status: closed(status), error: notThere(code, capture) },
      findings,
    };
  }
  const resolved = shownPath(below.reached.path);
  const described = parsed.kind === 'file' ? parsed.format : '';
  const format = described === '' ? recorded.recordedFormat : described;
  const isPlain = parsed.kind !== 'file' || parsed.form === 'plain';
  const fix: LinkFix | undefined =
    (isPlain ? undefined : linkFix(layer, below.reached.path, format)) ??
    unrecordedFix(layer, { format: described, resolved }, recorded, below);
  return {
    backing: { ...recorded, resolved, status: 'opened', ...(fix === undefined ? {} : { fix }) },
    findings,
  };
}

/** Where a recorded name led; empty where it named no file, or where names are replaced. */
function resolvedFrom({ reached }: SingleLayer, parsed: RecordedName): string {
  const { namedFolder } = reached.referrer;
  if (parsed.kind !== 'file' || !isAbsolute(namedFolder)) return '';
  return shownPath(namedPath(parsed.path, namedFolder).path);
}

/** A layer that has none below it was not opened, whatever the capture says. */
function closed(status: BackingLink['status']): BackingLink['status'] {
  return status === 'opened' ? 'missing' : status;
}

function dataFileOf({ status, code }: CapturedLink, layer: SingleLayer, capture: string): BackingLink {
  const { image } = layer;
  const recorded = { recorded: image?.extensions.dataFile ?? '', recordedFormat: 'raw' };
  const isThere = status === 'opened' || status === 'none';
  return {
    ...recorded,
    resolved: resolvedFrom(layer, parseRecordedName(image?.extensions.dataFileBytes ?? new Uint8Array())),
    // What is in the data file was not captured, whether it was there or not.
    status: isThere ? 'missing' : status,
    error: isThere
      ? {
          code: 'NOT_CAPTURED',
          what: `a capture holds nothing of the data file ${JSON.stringify(basename(recorded.recorded))}`,
          subject: capture,
          advice: '',
        }
      : notThere(code, capture),
  };
}

function notThere(code: string, capture: string): ErrorRecord {
  return {
    code: 'CAPTURE_LINK',
    what: `the file was not opened when the capture was made${code === '' ? '' : ` (${code})`}`,
    subject: capture,
    advice: 'capture the chain again where all of its files can be opened',
  };
}
