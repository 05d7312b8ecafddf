/** Where the bytes that a guest reads come from. Tables are read elsewhere; this is the data itself. */

import type { GuestReader } from '../../guest/guest-reader.ts';

/** What a range of the guest's disk is known to hold: one run of the question `guestRuns`, or a part of it. */
export interface ContentPiece {
  readonly offset: number;
  readonly word: number;
  /** The layer that holds it. */
  readonly owner: number;
  /** Host offset of the byte at `offset`; -1 where there is none. */
  readonly host: number;
}

/** Reads data of an open target. */
export interface ContentReader {
  /**
   * Fills `into` with what the guest reads from `piece.offset` on. All of it belongs to the piece. Rejects with
   * CowscopeError where that is not known; the bytes in `into` then mean nothing.
   */
  read(into: Uint8Array, piece: ContentPiece, signal?: AbortSignal): Promise<void>;
  /** Waits for what is being read. The files belong to the target. */
  close(): Promise<void>;
}

/** What is known of where a layer's content lies. */
export interface LayerIdentity {
  /** Equal for two layers that read the same tables of the same file; empty where that is not known. */
  readonly holder: string;
  /** Equal for two layers whose host offsets are about the same file; empty where that is not known. */
  readonly file: string;
}

/** The data of an open target by offsets of the guest, wherever it lies. */
export interface GuestContentReader extends GuestReader {
  /** Waits for what is being read; later requests are refused. The files belong to the target. */
  close(): Promise<void>;
}

/** The data of an open target. */
export interface ContentSource {
  /** One for each layer, base first. */
  identities(): readonly LayerIdentity[];
  open(signal: AbortSignal): Promise<ContentReader>;
  /** For small parts of it, without a map of the disk: a few entries of tables are looked up for each. */
  openGuest(signal: AbortSignal): Promise<GuestContentReader>;
}
