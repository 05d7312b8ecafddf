/** How far work that reads the tables of a chain has come: what was read of which layer. */
import type { Qcow2Image } from '../../qcow2/read/image.ts';

/** How far such work is. */
export interface ReadProgress {
  /** The layer that is being read, from 1 on, and how many there are. */
  readonly layer: number;
  readonly layers: number;
  /** Bytes read so far. Holes of a file are read like the rest. */
  readonly bytes: number;
}

/** How far a walk over the disk of one layer is. It reads nothing where many entries name one table. */
export interface LayerWalk extends Pick<ReadProgress, 'layer' | 'layers'> {
  /** Bytes of the layer's disk: where the walk is, and how many there are. */
  readonly offset: number;
  readonly size: number;
}

/** Called with every page of tables: it must be quick. */
export type OnLayerWalk = (walk: LayerWalk) => void;

/** Called with every read: it must be quick. */
export type OnRead = (progress: ReadProgress) => void;

/** The layers of a chain, base first, each read through a source that counts. Without `onRead` just as they are. */
export function watchReads<T extends { readonly image: Qcow2Image | undefined }>(
  layers: readonly T[],
  onRead: OnRead | undefined,
): readonly T[] {
  if (onRead === undefined) return layers;
  let bytes = 0;
  return layers.map((layer, index) => {
    const { image } = layer;
    if (image === undefined) return layer;
    const { source } = image;
    const readAt = (into: Uint8Array, position: number) => {
      const read = source.readAt(into, position);
      bytes += read;
      onRead({ layer: index + 1, layers: layers.length, bytes });
      return read;
    };
    return { ...layer, image: { ...image, source: { ...source, readAt } } };
  });
}
