/** Small parts of what the guest reads from a chain of files: each layer is asked from the top down who holds an offset. */
import { ABSENT, COMPRESSED, UNREAD, UNREADABLE, ZERO } from '../../../shared/extent/flags.ts';
import { formatOffset } from '../../../shared/text/offset.ts';
import type { OpenLayer } from '../../chain/discover.ts';
import { lookupCluster } from '../../qcow2/read/lookup-cluster.ts';
import type { Qcow2Map } from '../../qcow2/read/map-state.ts';
import type { ContentPiece, ContentReader, GuestContentReader } from './content-source.ts';
import { contentError, mapOf, openFileReader } from './file-reader.ts';

/** Opens the layers, base first, the top as it was in a snapshot where one is named. Throws the codes of createMap. */
export function openGuestFiles(
  layers: readonly OpenLayer[],
  snapshotId: string | undefined,
  isComplete: boolean,
): GuestContentReader {
  return new GuestFiles(layers, snapshotId, isComplete);
}

/** Who holds what lies at an offset, from there on. */
interface Held {
  /** Undefined where it reads as zeros. */
  readonly piece: ContentPiece | undefined;
  /** Where that ends at the latest. */
  readonly end: number;
}

/** One layer, for looking up offsets. */
interface LookedUp {
  readonly size: number;
  readonly path: string;
  /** Undefined for a raw layer. */
  readonly map: Qcow2Map | undefined;
}

class GuestFiles implements GuestContentReader {
  readonly size: number;
  readonly #layers: readonly LookedUp[];
  readonly #isComplete: boolean;
  readonly #content: ContentReader;
  #isClosed = false;

  constructor(layers: readonly OpenLayer[], snapshotId: string | undefined, isComplete: boolean) {
    const snapshotOf = (index: number) => (index === layers.length - 1 ? snapshotId : undefined);
    this.#layers = layers.map((layer, index) => lookedUp(layer, snapshotOf(index)));
    this.#isComplete = isComplete;
    this.#content = openFileReader(
      layers,
      layers.map((_, index) => snapshotOf(index)),
    );
    this.size = this.#layers.at(-1)?.size ?? 0;
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(length);
    for (let at = offset; at < offset + length; ) {
      if (this.#isClosed)
        throw contentError('CANCELLED', 'the chain was closed while the disk was read', '', '');
      const { piece, end } = this.#holderOf(at);
      const here = Math.min(end, offset + length) - at;
      if (piece !== undefined)
        await this.#content.read(bytes.subarray(at - offset, at - offset + here), piece);
      at += here;
    }
    return bytes;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#content.close();
  }

  /** Walks from the top down to the first layer that is local, or does not reach as far as the offset. */
  #holderOf(offset: number): Held {
    let end = this.size;
    for (let owner = this.#layers.length - 1; owner >= 0; owner--) {
      const { size, path, map } = this.#layers[owner] as LookedUp;
      if (offset >= size) return { piece: undefined, end };
      end = Math.min(end, size);
      if (map === undefined) return { piece: { offset, word: 0, owner, host: offset }, end };
      const { clusterSize, subclusters } = map.geometry;
      const subclusterSize = clusterSize / subclusters;
      const { word, hostOffset, subclusterStart, evidence } = lookupCluster(map, offset);
      end = Math.min(end, subclusterStart + subclusterSize);
      if (word & (UNREADABLE | UNREAD)) throw unknown(offset, path, evidence.at(-1)?.fact);
      if (word & ABSENT) continue;
      if (word & ZERO) return { piece: undefined, end };
      return { piece: { offset, word: word & COMPRESSED, owner, host: hostOffset }, end };
    }
    if (!this.#isComplete) throw unknown(offset, '', 'a backing file that would hold it is not open');
    return { piece: undefined, end };
  }
}

function lookedUp(layer: OpenLayer, snapshotId: string | undefined): LookedUp {
  const { image, source, info } = layer;
  const map = image === undefined ? undefined : mapOf(layer, image, snapshotId);
  return { size: map?.size ?? info.size, path: source.path, map };
}

function unknown(offset: number, path: string, fact = 'it cannot be read') {
  return contentError(
    'CONTENT_NOT_OPEN',
    `what the guest reads at ${formatOffset(offset)} is not known: ${fact}`,
    path,
    'see what cowscope check says of it',
  );
}
