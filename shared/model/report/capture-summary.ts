/** Captures as the fronts see them. */
import type { ImageFormat } from '../layer.ts';

/** What became of one layer of a capture that was written. */
export interface CapturedLayerSummary {
  /** Untrusted text. */
  readonly name: string;
  readonly format: ImageFormat;
  /** Bytes of its tables that the capture holds. */
  readonly captured: number;
  /** Its header and L1 table were at the end as they were captured. */
  readonly unchanged: boolean;
  /** Bytes of tables that were left out, and that could not be read. */
  readonly left: number;
  readonly unreadBytes: number;
}

/** How far a capture is: what was taken of which layer, from 1 on. */
export interface CaptureProgress {
  readonly layer: number;
  readonly layers: number;
  readonly bytes: number;
}

/** A capture that was written. */
export interface CaptureSummary {
  /** Its file; absent where it went to a stream. */
  readonly path?: string;
  /** Its length. */
  readonly bytes: number;
  readonly redacted: boolean;
  /** False where a backing file could not be opened. */
  readonly complete: boolean;
  /** Base first. */
  readonly layers: readonly CapturedLayerSummary[];
}
