/** Reports as the window asks for them. */

/** Forms of a report. */
export const REPORT_FORMATS = ['html', 'json', 'svg'] as const;

/** One of {@link REPORT_FORMATS}. */
export type ReportFormat = (typeof REPORT_FORMATS)[number];

/** What the window can save: reports, and the rows of the map. */
export const SAVED_FORMATS = [...REPORT_FORMATS, 'csv'] as const;

/** One of {@link SAVED_FORMATS}. */
export type SavedFormat = (typeof SAVED_FORMATS)[number];

/** What the window offers: the drawing as PNG too, which it makes itself. */
export const OFFERED_FORMATS = [...SAVED_FORMATS, 'png'] as const;

/** One of {@link OFFERED_FORMATS}. */
export type OfferedFormat = (typeof OFFERED_FORMATS)[number];

/** Bytes of a PNG at most. */
export const MAX_PNG_BYTES = 2 ** 25;
/** The bytes that a PNG begins with. */
export const PNG_SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a] as const;

/** What is done for a report, in this order. */
export const REPORT_STEPS = ['checking', 'reading', 'drawing', 'writing'] as const;

/** One of {@link REPORT_STEPS}. */
export type ReportStep = (typeof REPORT_STEPS)[number];

/** What is to be in a report. */
export interface ReportRequest {
  readonly format: SavedFormat;
  /** Leave folders in; the rows of the map name none. */
  readonly showPaths: boolean;
  /** The guest's partitions go into it: only where a person allowed that they are read. */
  readonly partitions?: boolean;
  /** The plan that goes into it: the last one that was made. */
  readonly planId?: number;
}

/** How far a report is; `share` of the step from 0 to 1, where that is known. */
export interface ReportProgress {
  readonly step: ReportStep;
  readonly share?: number;
}

/** A report that was written. */
export interface SavedReport {
  readonly path: string;
  /** What could not be read. */
  readonly unread: number;
}
