/** What to open, and what the person consented to. */

/**
 * A target to open: files (several are a chain, base first) or one NBD URI. With `snapshot` the top file is shown as
 * the internal snapshot of that id or name was.
 */
export type OpenTarget =
  | {
      readonly kind: 'files';
      readonly files: readonly string[];
      readonly format?: 'raw' | 'qcow2';
      /** Format of backing files for which none is recorded; without it their content decides. */
      readonly backingFormat?: 'raw' | 'qcow2';
      /** Files to take for backing files that cannot be opened, from the top down, for this session only. */
      readonly locate?: readonly string[];
      readonly snapshot?: string;
      /** Infer the header or L1 table of a layer that lost it; which of several readings, from 1. */
      readonly infer?: number;
    }
  | { readonly kind: 'nbd'; readonly uri: string };

/** Consent to what the policy asks about: paths, or everything but protocols. */
export interface Consent {
  readonly allow: readonly string[];
  readonly allowAll: boolean;
  /** Read images that another program has open for writing: what is shown may be out of date or torn. */
  readonly forceShare?: boolean;
}

/** A target opened before. */
export interface RecentTarget {
  readonly title: string;
  readonly target: OpenTarget;
}
