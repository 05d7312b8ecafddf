/** Everything that a report says of a chain. */
import type { ChainCheck } from '../../../shared/model/check.ts';
import type { Finding } from '../../../shared/model/finding.ts';
import type { GuestDisk } from '../../../shared/model/guest/guest-disk.ts';
import type { ChainInfo } from '../../../shared/model/layer.ts';
import type { Plan } from '../../../shared/model/plan/plan.ts';
import type { MapTotals } from '../../../shared/model/statistics.ts';
import type { TrackInfo } from '../../../shared/model/track.ts';

/** A report before it is written in one of its forms. All texts but `program` are untrusted. */
export interface Report {
  /** Name and version of the program. */
  readonly program: string;
  /** When it was made: ISO 8601, UTC. */
  readonly made: string;
  /** Folders are left out of every text. */
  readonly redacted: boolean;
  readonly chain: ChainInfo;
  /** Guest first, then the layers from top to base. */
  readonly tracks: readonly TrackInfo[];
  readonly totals: MapTotals;
  /** Absent for an NBD export, which has no tables to check. */
  readonly check?: ChainCheck;
  /** A plan that was open when the report was made. */
  readonly plan?: Plan;
  /** The guest's partitions, where they were asked for; notes about them are among the findings. */
  readonly guest?: GuestDisk;
  /** Of the tables, the links and the check, ranked. */
  readonly findings: readonly Finding[];
  /** What could not be read, in words. */
  readonly unread: readonly string[];
}

/** A drawing as SVG documents, in both themes. */
export interface ThemedPicture {
  readonly light: string;
  readonly dark: string;
}

/** The drawing of a report's chain, and that of its plan. */
export interface ReportPictures extends ThemedPicture {
  readonly plan?: ThemedPicture;
}
