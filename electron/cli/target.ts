/** The consent and the options that go with opening a target on the command line. */
import { resolve } from 'node:path';
import type { Consent } from '../../shared/model/target.ts';
import type { TargetFacts } from '../service/cli-target.ts';

/** Options that every command which opens a target takes. */
export interface TargetOptions extends TargetFacts {
  readonly allow: readonly string[];
  readonly allowAll: boolean;
  readonly forceShare?: boolean;
}

/** The consent given on the command line. */
export function consentOf(options: Pick<TargetOptions, 'allow' | 'allowAll'>): Consent {
  return { allow: options.allow.map(path => resolve(path)), allowAll: options.allowAll };
}
