/** What one disk of a comparison reads, run by run in ascending order. */
import type { ComparedRun } from '../../../shared/compare/differences.ts';
import { COMPRESSED, OUT_OF_RANGE } from '../../../shared/extent/flags.ts';
import type { GuestRunsReply } from '../../../shared/ipc/questions.ts';
import type { ChainSession } from '../chain-session.ts';
import type { ContentPiece, LayerIdentity } from '../content/content-source.ts';

/** A disk: a chain as the guest sees it, or as if one of its layers were the top. */
export interface ComparedDisk {
  readonly session: Pick<ChainSession, 'ask' | 'content' | 'chain'>;
  /** Default: the top. */
  readonly layer?: number | undefined;
}

/** Virtual size of a disk in bytes. */
export function sizeOfDisk({ session, layer }: ComparedDisk): number {
  const { chain } = session;
  return layer === undefined ? chain.size : (chain.layers[layer]?.size ?? 0);
}

/** One run of a disk, or the rest of it. */
export interface DiskRun extends ComparedRun, ContentPiece {
  readonly end: number;
}

const NO_IDENTITY: LayerIdentity = { holder: '', file: '' };

/** Walks a disk once. Runs are asked for in parts, so that memory does not grow with the disk. */
export class GuestCursor {
  readonly size: number;
  readonly #disk: ComparedDisk;
  readonly #identities: readonly LayerIdentity[];
  #runs: GuestRunsReply | undefined;
  #at = 0;

  constructor(disk: ComparedDisk) {
    this.#disk = disk;
    this.size = sizeOfDisk(disk);
    this.#identities = disk.session.content.identities();
  }

  /** Where what is loaded ends: {@link runAt} knows nothing past it. Past the end of the disk all is known. */
  get loadedEnd(): number {
    const end = this.#runs?.end ?? 0;
    return end < this.size ? end : Number.POSITIVE_INFINITY;
  }

  /** Loads what lies at `offset`, which is where the last part ended. */
  async load(offset: number): Promise<void> {
    const { session, layer } = this.#disk;
    this.#runs = await session.ask('guestRuns', { start: offset, layer });
    this.#at = 0;
  }

  /** The run at an offset, from there on. Offsets never go back. */
  runAt(offset: number): DiskRun {
    if (offset >= this.size) return pastEnd(offset);
    const { starts, words, owners, hosts, end } = this.#runs as GuestRunsReply;
    while (this.#at + 1 < starts.length && (starts[this.#at + 1] as number) <= offset) this.#at++;
    const i = this.#at;
    const word = words[i] as number;
    const owner = owners[i] as number;
    const host = hosts[i] as number;
    const hasHost = host >= 0 && !(word & COMPRESSED);
    return {
      offset,
      end: starts[i + 1] ?? end,
      word,
      owner,
      host: hasHost ? host + offset - (starts[i] as number) : -1,
      ...(this.#identities[owner] ?? NO_IDENTITY),
    };
  }
}

function pastEnd(offset: number): DiskRun {
  return { offset, end: Number.POSITIVE_INFINITY, word: OUT_OF_RANGE, owner: -1, host: -1, ...NO_IDENTITY };
}
