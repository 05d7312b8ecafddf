/** The consent and the options that go with opening a target on the command line. */
import type { Consent } from '../../shared/model/target.ts';
import { absolutePath } from '../chain/absolute-path.ts';
import type { ReadingOptions } from '../service/cli-target.ts';

/** Options that every command which opens a target takes. */
export interface TargetOptions extends ReadingOptions {
  readonly allow: readonly string[];
  readonly allowAll: boolean;
  readonly forceShare?: boolean;
}

/** The consent given on the command line. */
export function consentOf(options: Pick<TargetOptions, 'allow' | 'allowAll'>): Consent {
  return { allow: options.allow.map(path => absolutePath(path)), allowAll: options.allowAll };
}
