/** Makes captures of chains of files. */
import packageJson from '../../../package.json' with { type: 'json' };
import { CowscopeError } from '../../../shared/error.ts';
import type { BackingLink } from '../../../shared/model/layer.ts';
import type { CaptureSummary } from '../../../shared/model/report/capture-summary.ts';
import type { Consent, OpenTarget } from '../../../shared/model/target.ts';
import { type CaptureInput, writeCapture } from '../../capture/capture-writer.ts';
import type { CapturedLayer, CapturedLink } from '../../capture/format.ts';
import { type DiscoveredChain, discoverChain, type OpenLayer } from '../../chain/discover.ts';
import { recognizeFormat } from '../../qcow2/read/probe-format.ts';
import { qemuImgVersion } from '../../qemu/tools.ts';
import { filesOfChain, OutputFile, type OutputRequest } from '../output/output-file.ts';
import type { OnRead } from '../progress/read-watch.ts';

/** How a capture is made. */
export interface CaptureChoice {
  /** Leave names and folders in. */
  readonly showPaths: boolean;
  readonly onRead?: OnRead | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Is given the file that is being written, to remove it where the program is ended. */
  readonly onFile?: ((file: OutputFile) => void) | undefined;
}

/** What takes the bytes of a capture that becomes no file of ours, in order. */
export interface CaptureStream {
  write(bytes: Uint8Array): Promise<void>;
}

/**
 * Writes a capture of a target into a new file, or to a stream. Rejects with CowscopeError where its top layer cannot be opened, with CAPTURE_AGAIN for a capture,
 * as {@link OutputFile} does, and with the signal's reason; no file is left then, and a stream has a part of the capture.
 */
export async function captureTarget(
  target: OpenTarget & { kind: 'files' },
  consent: Consent,
  output: OutputRequest | CaptureStream,
  { showPaths, onRead, signal, onFile }: CaptureChoice,
): Promise<CaptureSummary> {
  // What is inferred is not in the files: they are captured as they are.
  const { infer: _, ...asTheyAre } = target;
  const found = await discoverChain({ ...asTheyAre, ...consent });
  try {
    if (found.info.capture !== undefined) throw isCapture(found.info.capture.path);
    const inputs = await inputsOf(found);
    const file =
      'write' in output
        ? undefined
        : await OutputFile.create({ ...output, images: [...output.images, ...filesOfChain(found.info)] });
    if (file !== undefined) onFile?.(file);
    const stream = 'write' in output ? output : file;
    let bytes = 0;
    try {
      const options = {
        created: new Date().toISOString(),
        tool: `cowscope ${packageJson.version}`,
        qemu: (await qemuImgVersion())?.text ?? '',
        redact: !showPaths,
        signal,
        onRead: (layer: number, read: number) =>
          onRead?.({ layer: layer + 1, layers: inputs.length, bytes: read }),
      };
      const end = await writeCapture(inputs, options, piece => {
        bytes += piece.length;
        return stream?.write(piece) ?? Promise.resolve();
      });
      await file?.finish();
      return {
        ...('write' in output ? {} : { path: output.path }),
        bytes,
        redacted: !showPaths,
        complete: found.info.complete,
        layers: end.layers.map(({ captured, unchanged, left, unreadBytes }, index) => {
          const { name, format } = found.info.layers[index] ?? { name: '', format: 'raw' };
          return { name, format, captured, unchanged, left, unreadBytes };
        }),
      };
    } catch (error) {
      await file?.discard();
      throw error;
    }
  } finally {
    await found.close();
  }
}

async function inputsOf({ layers, written }: DiscoveredChain): Promise<CaptureInput[]> {
  const writers = await written;
  return layers.map((layer, index) => ({
    about: aboutOf(layer, writers[index] !== undefined),
    image: layer.image,
  }));
}

function aboutOf({ info, source, format, device }: OpenLayer, inUse: boolean): CapturedLayer {
  const { name, path, formatSource, fileSize, allocatedSize, modified, backing, dataFile } = info;
  return {
    name,
    path,
    format,
    formatSource,
    content: format === 'raw' ? recognizeFormat(source).format : format,
    fileSize,
    allocated: allocatedSize,
    modified: modified ?? -1,
    device,
    inUse,
    backing: linkOf(backing),
    ...(dataFile === undefined ? {} : { dataFile: linkOf(dataFile) }),
  };
}

function linkOf({ status, error }: BackingLink): CapturedLink {
  return { status, code: error?.code ?? '' };
}

function isCapture(path: string): CowscopeError {
  return new CowscopeError({
    code: 'CAPTURE_AGAIN',
    what: 'this is a capture already',
    subject: path,
    advice: 'send it as it is, or capture the images themselves',
  });
}
