/** How far the check of the opened chain's images is. */
import type { CheckReply, CheckVerdict } from '../../../shared/model/check.ts';

/** What is known of the check of the opened chain. Bytes are those of its tables. */
export type ChainCheckState =
  /** `bytes`: what a check reads, once that is known. */
  | { readonly phase: 'none'; readonly bytes?: number }
  | { readonly phase: 'estimating' }
  /** `done` of about `bytes` are read: tables under suspicion are read twice. */
  | { readonly phase: 'running'; readonly layer: number; readonly done: number; readonly bytes: number }
  /** `layers`: what it came to for each, top first. */
  | {
      readonly phase: 'done';
      readonly verdict: CheckVerdict;
      readonly layers: readonly { readonly layer: number; readonly reply: CheckReply }[];
    };
