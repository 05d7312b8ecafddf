/** Reading progress of a layer. */
import type { ErrorRecord } from '../error.ts';
import type { Witness } from './track.ts';

/** Reading progress of one layer by one witness. */
export interface LayerProgress {
  readonly layer: number;
  readonly witness: Witness;
  readonly phase: 'waiting' | 'reading' | 'done' | 'cancelled' | 'failed';
  readonly covered: number;
  readonly total: number;
  readonly error?: ErrorRecord;
}
