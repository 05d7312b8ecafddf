/** How far the check of the opened chain's images is. */
import type { CheckVerdict } from '../../../shared/model/check.ts';

/** What is known of the check of the opened chain. */
export type ChainCheckState =
  | { readonly phase: 'none' }
  | { readonly phase: 'running'; readonly layer: number }
  /** `unchecked` layers could not be checked, or have nothing to check. */
  | { readonly phase: 'done'; readonly verdict: CheckVerdict; readonly unchecked: number };
