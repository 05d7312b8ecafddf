/** Reads the data of a chain of files from the descriptors that are open. */
import { read as readCallback } from 'node:fs';
import { promisify } from 'node:util';
import { CowscopeError } from '../../../shared/error.ts';
import { COMPRESSED } from '../../../shared/extent/flags.ts';
import { WordSet } from '../../../shared/extent/page.ts';
import { formatOffset } from '../../../shared/text/offset.ts';
import type { OpenLayer } from '../../chain/discover.ts';
import { loadDecompress } from '../../engine/worker/decompress.ts';
import { compressionOf } from '../../qcow2/format/compressed.ts';
import { hasDataFile } from '../../qcow2/format/header.ts';
import { fileSource } from '../../qcow2/read/file-source.ts';
import type { Qcow2Image } from '../../qcow2/read/image.ts';
import { lookupCluster } from '../../qcow2/read/lookup-cluster.ts';
import { createMap } from '../../qcow2/read/map.ts';
import type { Qcow2Map } from '../../qcow2/read/map-state.ts';
import { notCaptured } from '../../qcow2/read/source.ts';
import type { ContentPiece, ContentReader } from './content-source.ts';

const readFrom = promisify(readCallback);

/** Opens the layers, base first; `snapshotIds` has the internal snapshot shown of each, if any. */
export function openFileReader(
  layers: readonly OpenLayer[],
  snapshotIds: readonly (string | undefined)[],
): ContentReader {
  return new FileReader(layers.map((layer, index) => new LayerContent(layer, snapshotIds[index])));
}

class FileReader implements ContentReader {
  readonly #layers: readonly LayerContent[];
  readonly #reading = new Set<Promise<void>>();

  constructor(layers: readonly LayerContent[]) {
    this.#layers = layers;
  }

  read(into: Uint8Array, piece: ContentPiece): Promise<void> {
    const layer = this.#layers[piece.owner];
    const reading = layer === undefined ? Promise.reject(noOwner()) : layer.read(into, piece);
    this.#reading.add(reading);
    const end = () => this.#reading.delete(reading);
    reading.then(end, end);
    return reading;
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#reading);
  }
}

/** The data of one layer. */
class LayerContent {
  readonly #layer: OpenLayer;
  readonly #snapshotId: string | undefined;
  /** Made when the first compressed cluster is read. */
  #map: Qcow2Map | undefined;
  /** The compressed cluster that was read last, and where its guest offsets begin. */
  #cluster: { readonly start: number; readonly bytes: Uint8Array } | undefined;

  constructor(layer: OpenLayer, snapshotId: string | undefined) {
    this.#layer = layer;
    this.#snapshotId = snapshotId;
  }

  async read(into: Uint8Array, { offset, word, host }: ContentPiece): Promise<void> {
    const { image, source, dataFile } = this.#layer;
    if (source.frames !== undefined) throw notCaptured(source.path, Math.max(0, host));
    if (image !== undefined && image.header.cryptMethod !== 0) throw encrypted(source.path);
    const isElsewhere = image !== undefined && hasDataFile(image.header) && dataFile === undefined;
    if (word & COMPRESSED) await this.#readCompressed(into, offset);
    else if (host < 0 || isElsewhere) throw unplaced(source.path, offset);
    // Behind the end of the file its last cluster reads as zeros.
    else into.fill(0, await readFully(dataFile?.fd ?? source.fd, into, host, source.path));
  }

  async #readCompressed(into: Uint8Array, offset: number): Promise<void> {
    for (let at = offset; at < offset + into.length; ) {
      const { start, bytes } = await this.#clusterAt(at);
      const part = bytes.subarray(at - start, at - start + offset + into.length - at);
      into.set(part, at - offset);
      at += part.length;
    }
  }

  async #clusterAt(offset: number): Promise<{ readonly start: number; readonly bytes: Uint8Array }> {
    const map = this.#openMap();
    const { clusterSize } = map.geometry;
    const start = offset - (offset % clusterSize);
    if (this.#cluster?.start === start) return this.#cluster;
    const { source } = this.#layer;
    const { hostOffset, compressedLength } = lookupCluster(map, start);
    if (hostOffset < 0 || compressedLength <= 0) throw unplaced(source.path, offset);
    const stream = new Uint8Array(compressedLength);
    const length = await readFully(source.fd, stream, hostOffset, source.path);
    const compression = compressionOf(this.#layer.image?.header.compressionType ?? 0);
    if (compression === undefined) throw undecompressed(source.path, offset, undefined);
    const decompress = await loadDecompress([compression]);
    let bytes: Uint8Array;
    try {
      bytes = decompress(stream.subarray(0, length), clusterSize, compression);
    } catch (error) {
      throw undecompressed(source.path, offset, error);
    }
    if (bytes.length !== clusterSize) throw undecompressed(source.path, offset, undefined);
    this.#cluster = { start, bytes };
    return this.#cluster;
  }

  #openMap(): Qcow2Map {
    const { image, source } = this.#layer;
    if (image === undefined) throw unplaced(source.path, 0);
    this.#map ??= mapOf(this.#layer, image, this.#snapshotId);
    return this.#map;
  }
}

/** The map of a layer, for looking up single clusters: of its active disk, or of an internal snapshot. */
export function mapOf(
  { dataFile, source }: OpenLayer,
  image: Qcow2Image,
  snapshotId: string | undefined,
): Qcow2Map {
  const size = Number.POSITIVE_INFINITY; // a device's length is not known here
  return createMap(image, {
    words: new WordSet(),
    ...(dataFile === undefined ? {} : { dataFile: fileSource({ fd: dataFile.fd, size, path: source.path }) }),
    ...(snapshotId === undefined ? {} : { snapshotId }),
  });
}

/** Reads until `into` is full or the file ends; returns the bytes read. */
async function readFully(fd: number, into: Uint8Array, position: number, path: string): Promise<number> {
  let done = 0;
  while (done < into.length) {
    let bytesRead: number;
    try {
      ({ bytesRead } = await readFrom(fd, into, done, into.length - done, position + done));
    } catch (error) {
      throw readFailed(path, position + done, error);
    }
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return done;
}

function readFailed(path: string, position: number, cause: unknown): CowscopeError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return contentError(
    'CONTENT_READ_FAILED',
    `reading at ${formatOffset(position)} failed: ${why}`,
    path,
    'check the disk',
    cause,
  );
}

function encrypted(path: string): CowscopeError {
  const what = 'the layer is encrypted, so its content cannot be read';
  return contentError('CONTENT_ENCRYPTED', what, path, 'use what the decrypted disk is exported as');
}

function unplaced(path: string, offset: number): CowscopeError {
  const what = `the data of guest offset ${formatOffset(offset)} is not in an open file`;
  return contentError(
    'CONTENT_NOT_OPEN',
    what,
    path,
    'see `cowscope layers` for a data file that is missing',
  );
}

function undecompressed(path: string, offset: number, cause: unknown): CowscopeError {
  const why = cause instanceof Error ? `: ${cause.message}` : '';
  const what = `the compressed cluster at guest offset ${formatOffset(offset)} cannot be decompressed${why}`;
  return contentError('CONTENT_DECOMPRESSION', what, path, 'see `cowscope check --deep`', cause);
}

function noOwner(): CowscopeError {
  return contentError('CONTENT_NOT_OPEN', 'the layer that holds this data is not open', '', '');
}

/** An error of reading data. */
export function contentError(
  code: string,
  what: string,
  subject: string,
  advice: string,
  cause?: unknown,
): CowscopeError {
  return new CowscopeError({ code, what, subject, advice }, { cause });
}
