/** Whether opened files have changed on disk since they were opened. */
import type { OpenFile } from './open-file.ts';

/** Bytes at the start of a device that are compared: an image's header, its extensions and its backing name. */
const HEADER_BYTES = 4096;

/** The opened files of one layer: the image, and its data file where that is open. */
export type OpenLayerFiles = readonly OpenFile[];

/**
 * Watches files by their open descriptors, so that none is looked up by its name again. A file counts as changed where its
 * length or time of modification is another one, or its last name is gone: it was deleted or replaced. The time of a
 * device says nothing; there the header is compared with that of the first look.
 */
export class FileChanges {
  readonly #layers: readonly OpenLayerFiles[];
  readonly #headers = new Map<OpenFile, Buffer>();

  constructor(layers: readonly OpenLayerFiles[]) {
    this.#layers = layers;
  }

  /** The numbers of the layers that have changed. Never rejects: what cannot be looked at counts as unchanged. */
  async changedLayers(): Promise<number[]> {
    const changed = this.#layers.map(async (files, layer) => {
      const each = files.map(file => this.#hasChanged(file).catch(() => false));
      return (await Promise.all(each)).includes(true) ? [layer] : [];
    });
    return (await Promise.all(changed)).flat();
  }

  async #hasChanged(file: OpenFile): Promise<boolean> {
    if (file.device) return this.#hasOtherHeader(file);
    const { size, mtimeNs, nlink } = await file.handle.stat({ bigint: true });
    return Number(size) !== file.size || mtimeNs !== file.modifiedNs || nlink === 0n;
  }

  async #hasOtherHeader(file: OpenFile): Promise<boolean> {
    const header = Buffer.alloc(HEADER_BYTES);
    await file.handle.read(header, 0, HEADER_BYTES, 0);
    const before = this.#headers.get(file);
    if (before === undefined) this.#headers.set(file, header);
    return before !== undefined && !header.equals(before);
  }
}
