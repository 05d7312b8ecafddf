/** How far the check of the opened chain's images is. */
import type { CheckReply, CheckVerdict } from '../../../shared/model/check.ts';

/** What is known of the check of the opened chain. */
export type ChainCheckState =
  | { readonly phase: 'none' }
  | { readonly phase: 'running'; readonly layer: number }
  /** `layers`: what it came to for each, top first. */
  | {
      readonly phase: 'done';
      readonly verdict: CheckVerdict;
      readonly layers: readonly { readonly layer: number; readonly reply: CheckReply }[];
    };
