/** What a guest reads through a chain of layers, byte by byte: for jobs whose outcome depends on it. */
import type { Compression, Decompress } from '../../qcow2/format/compressed.ts';
import { BAD, COMPRESSED_DATA, DATA } from '../../qcow2/format/entry.ts';
import { lookupCluster } from '../../qcow2/read/lookup-cluster.ts';
import type { Qcow2Map } from '../../qcow2/read/map-state.ts';
import { type ImageSource, readFully } from '../../qcow2/read/source.ts';
import { statusAbove } from './block-status.ts';
import type { LayerRuns } from './layer-runs.ts';

/** A layer whose data is read. */
export interface ContentLayer {
  readonly runs: LayerRuns;
  /** The file that holds its data; absent where that cannot be read: encrypted, or not open. */
  readonly source?: ImageSource;
  /** Absent of a raw layer. */
  readonly map?: Qcow2Map;
  /** How its clusters are compressed; absent where that is not known. */
  readonly compression?: Compression | undefined;
}

/** Thrown where content is not known, or where more would have to be read than is allowed. */
export class ContentUnknown extends Error {}

/** The content of a chain, base first. */
export class ChainContent {
  readonly #layers: readonly ContentLayer[];
  readonly #runs: readonly LayerRuns[];
  readonly #decompress: Decompress;
  #left: number;
  /** The compressed cluster that was read last. */
  #cluster: { readonly layer: number; readonly start: number; readonly bytes: Uint8Array } | undefined;

  /** At most `limit` bytes are read from the files. */
  constructor(layers: readonly ContentLayer[], decompress: Decompress, limit: number) {
    this.#layers = layers;
    this.#runs = layers.map(({ runs }) => runs);
    this.#decompress = decompress;
    this.#left = limit;
  }

  /**
   * Fills `into` with what is read at `offset` through layers `top` and below: zeros past the end of the top one, and all
   * of it where `top` is -1. Throws {@link ContentUnknown}, or QCOW2_READ_FAILED.
   */
  read(top: number, offset: number, into: Uint8Array): void {
    const size = this.#runs[top]?.size ?? 0;
    const end = offset + into.length;
    const known = Math.max(offset, Math.min(end, size));
    for (let at = offset; at < known; ) {
      const { layer, length, zero, damaged } = statusAbove(this.#runs, top, 0, at, known - at);
      const part = into.subarray(at - offset, at - offset + length);
      if (damaged) throw new ContentUnknown('a damaged cluster');
      if (zero) part.fill(0);
      else this.#readLayer(layer, at, part);
      at += length;
    }
    into.fill(0, known - offset);
  }

  /** Bytes that the layer itself holds. */
  #readLayer(layer: number, offset: number, into: Uint8Array): void {
    const { runs, source, map, compression } = this.#layers[layer] as ContentLayer;
    if (source === undefined) throw new ContentUnknown('the data cannot be read');
    for (let at = offset; at < offset + into.length; ) {
      const { start, end, kind, host } = runs.at(at);
      const stop = Math.min(end, offset + into.length);
      const part = into.subarray(at - offset, stop - offset);
      if (kind === COMPRESSED_DATA && map !== undefined)
        at += this.#readCompressed(layer, map, source, compression, at, part);
      else {
        const position = map === undefined ? at : host === undefined ? -1 : host + at - start;
        if (kind !== DATA || kind >= BAD || position < 0) throw new ContentUnknown('no place in the file');
        this.#spend(part.length);
        readFully(source, part, position);
        at = stop;
      }
    }
  }

  /** Fills the beginning of `into`, and returns how many bytes that were. */
  #readCompressed(
    layer: number,
    map: Qcow2Map,
    source: ImageSource,
    compression: Compression | undefined,
    offset: number,
    into: Uint8Array,
  ): number {
    const { clusterSize } = map.geometry;
    const start = offset - (offset % clusterSize);
    if (this.#cluster?.layer !== layer || this.#cluster.start !== start) {
      const { hostOffset, compressedLength } = lookupCluster(map, start);
      if (hostOffset < 0 || compressedLength <= 0) throw new ContentUnknown('no place in the file');
      this.#spend(clusterSize);
      const stream = new Uint8Array(compressedLength);
      readFully(source, stream, hostOffset);
      this.#cluster = { layer, start, bytes: this.#decompressed(stream, clusterSize, compression) };
    }
    const part = this.#cluster.bytes.subarray(offset - start, offset - start + into.length);
    into.set(part);
    return part.length;
  }

  #decompressed(stream: Uint8Array, size: number, compression: Compression | undefined): Uint8Array {
    if (compression === undefined) throw new ContentUnknown('its compression is not known');
    let bytes: Uint8Array | undefined;
    try {
      bytes = this.#decompress(stream, size, compression);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      throw new ContentUnknown(error.message, { cause: error });
    }
    if (bytes.length !== size) throw new ContentUnknown('a compressed cluster is not whole');
    return bytes;
  }

  #spend(bytes: number): void {
    this.#left -= bytes;
    if (this.#left < 0) throw new ContentUnknown('too much to read');
  }
}
