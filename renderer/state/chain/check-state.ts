/** How far the check of the opened chain's images is. */
import type { CheckReply, CheckStep, CheckVerdict } from '../../../shared/model/check.ts';

/** What is known of the check of the opened chain. Bytes are those that are read. */
export type ChainCheckState =
  /** `bytes`: what a check of the tables reads, once that is known. */
  | { readonly phase: 'none'; readonly bytes?: number }
  | { readonly phase: 'estimating' }
  | RunningCheck
  | FinishedCheck;

/** A check that reads an image. */
export interface RunningCheck {
  readonly phase: 'running';
  readonly layer: number;
  /** All data is read, too. */
  readonly isDeep: boolean;
  /** `done` of about `bytes` are read: tables under suspicion are read twice. */
  readonly done: number;
  readonly bytes: number;
  /** Bytes read a second since this layer's check began. */
  readonly rate: number;
  /** Every image is read, and both witnesses are compared. */
  readonly isComparing: boolean;
}

/** A check that is over. */
export interface FinishedCheck {
  readonly phase: 'done';
  readonly isDeep: boolean;
  readonly verdict: CheckVerdict;
  /** What it came to for each layer, top first. */
  readonly layers: readonly CheckedLayer[];
  /** What was checked of the chain as a whole. */
  readonly steps: readonly CheckStep[];
}

/** What the check of one layer came to. */
export interface CheckedLayer {
  readonly layer: number;
  readonly reply: CheckReply;
}
