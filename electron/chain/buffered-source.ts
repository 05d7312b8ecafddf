/**
 * Reading of an image in a thread that must not wait for a disk. The qcow2 reader reads synchronously; here it reads
 * from memory. Where it asks for bytes that are not there, they are read meanwhile and its work is begun again.
 */
import { read } from 'node:fs';
import { promisify } from 'node:util';
import { CowscopeError } from '../../shared/error.ts';
import { runInSlices, type SlicedWork } from '../qcow2/read/sliced-work.ts';
import type { ImageSource, SourceHandle } from '../qcow2/read/source.ts';

const readDescriptor = promisify(read);

/** Bytes read together: the header, the extensions and most often the first tables lie in the first block. */
const BLOCK_BYTES = 65_536;
/** Most blocks read ahead. Each time that bytes are missing, twice as many are read ahead: long tables are begun again a few times. */
const MAX_AHEAD_BLOCKS = 256;

/** A block that was read; shorter where the file ended. Or why it could not be. */
type Block = Uint8Array | { readonly error: unknown };

/** An image whose bytes are read before they are asked for. */
export class BufferedSource implements ImageSource {
  readonly path: string;
  readonly size: number;
  readonly #fd: number;
  readonly #blocks = new Map<number, Block>();
  readonly #missing = new Set<number>();
  #aheadBlocks = 0;

  /** The descriptor must stay open as long as {@link run} runs. */
  constructor({ fd, size, path }: SourceHandle) {
    this.#fd = fd;
    this.size = size;
    this.path = path;
  }

  /**
   * What work that reads this source comes to. It is begun several times and must not do anything but read and compute.
   * Rejects with what it throws.
   */
  run<T>(work: () => SlicedWork<T>): Promise<T> {
    return this.#untilWhole(() => runInSlices(work()));
  }

  /** As {@link run}, for work that is too short to be sliced. */
  compute<T>(work: () => T): Promise<T> {
    return this.#untilWhole(async () => work());
  }

  async #untilWhole<T>(attempt: () => Promise<T>): Promise<T> {
    for (;;) {
      this.#missing.clear();
      try {
        const value = await attempt();
        if (this.#missing.size === 0) return value;
      } catch (error) {
        if (this.#missing.size === 0) throw error; // else it may come of the bytes that were missing
      }
      await this.#readMissing();
    }
  }

  readAt(into: Uint8Array, position: number): number {
    const end = Math.min(position + into.length, this.size);
    for (let block = blockOf(position); block * BLOCK_BYTES < end; block++)
      if (!this.#blocks.has(block)) this.#missing.add(block);
    if (this.#missing.size > 0) throw MISSING;
    let done = 0;
    while (position + done < end) {
      const block = this.#blocks.get(blockOf(position + done)) as Block;
      if ('error' in block) {
        if (done > 0) break;
        throw block.error;
      }
      const start = (position + done) % BLOCK_BYTES;
      const piece = block.subarray(start, start + end - position - done);
      if (piece.length === 0) break; // the file has become shorter
      into.set(piece, done);
      done += piece.length;
    }
    return done;
  }

  currentSize(): number {
    return this.size;
  }

  bytesOnDisk(): number {
    return -1;
  }

  async #readMissing(): Promise<void> {
    const last = Math.max(...this.#missing);
    for (let block = last + 1; block <= last + this.#aheadBlocks && block * BLOCK_BYTES < this.size; block++)
      if (!this.#blocks.has(block)) this.#missing.add(block);
    this.#aheadBlocks = Math.min(2 * this.#aheadBlocks + 1, MAX_AHEAD_BLOCKS);
    for (const [first, count] of runsOf(this.#missing)) await this.#readBlocks(first, count);
  }

  async #readBlocks(first: number, count: number): Promise<void> {
    const bytes = new Uint8Array(Math.min(count * BLOCK_BYTES, this.size - first * BLOCK_BYTES));
    let done = 0;
    let failure: { readonly error: unknown } | undefined;
    try {
      while (done < bytes.length) {
        const position = first * BLOCK_BYTES + done;
        const { bytesRead } = await readDescriptor(this.#fd, bytes, done, bytes.length - done, position);
        if (bytesRead === 0) break;
        done += bytesRead;
      }
    } catch (error) {
      failure = { error };
    }
    for (let i = 0; i < count; i++) {
      const start = i * BLOCK_BYTES;
      const isWhole = done >= Math.min(start + BLOCK_BYTES, bytes.length);
      const block =
        failure === undefined || isWhole
          ? bytes.subarray(start, Math.min(start + BLOCK_BYTES, done))
          : failure;
      this.#blocks.set(first + i, block);
    }
  }
}

function blockOf(position: number): number {
  return Math.floor(position / BLOCK_BYTES);
}

/** Neighboring blocks as [first, count], in order. */
function runsOf(blocks: ReadonlySet<number>): [first: number, count: number][] {
  const runs: [number, number][] = [];
  for (const block of [...blocks].sort((a, b) => a - b)) {
    const run = runs.at(-1);
    if (run !== undefined && run[0] + run[1] === block) run[1]++;
    else runs.push([block, 1]);
  }
  return runs;
}

const MISSING = new CowscopeError({
  code: 'INTERNAL',
  what: 'these bytes are not in memory yet',
  subject: '',
  advice: 'please report this',
});
