import type { Row, Setting, SuiteResult } from './report.ts';

/** A run of the bench as it is written to its file. */
export interface PublishedRun {
  readonly date: string;
  readonly commit: string;
  readonly setting: Setting;
  readonly options: { readonly size: string };
  readonly results: readonly (Pick<SuiteResult, 'rows' | 'notes'> & { readonly line: string })[];
}

export function withRuns(
  page: string,
  runs: readonly PublishedRun[],
  tableOf: (rows: readonly Row[]) => string,
): string;
export function publishedRuns(): Promise<PublishedRun[]>;
