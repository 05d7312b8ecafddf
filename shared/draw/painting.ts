/** One picture of a track under way: what it is drawn onto, in what colors and how. */
import type { ColorSet } from './color-set.ts';
import type { LaneLayout } from './lane-layout.ts';
import type { PartColors } from './part-colors.ts';
import type { StripRun } from './strip/runs.ts';
import type { Surface } from './surface/surface.ts';

/** Gives the labels of a run, longest first. */
export type RunLabels = (run: StripRun) => readonly string[];

/** Gives what is written below a run, empty for nothing. */
export type RunCaption = (run: StripRun) => string;

/** How a track is to look beyond its strip. */
export interface PaintOptions {
  /** The first label of a run that fits is written on it. */
  readonly labels: RunLabels;
  /** What is written below runs, in place of the override marks. */
  readonly captions?: RunCaption | undefined;
  /** Layers, or depths, that may own a column: where captions are, a stripe shows which one does, at every zoom. */
  readonly ownerCount?: number | undefined;
  /** By part index: true where it is to step back because others are highlighted. */
  readonly faded: readonly boolean[];
  /** Marks of PRESENT that are drawn. */
  readonly marks: number;
  /** Columns that the content moved since offset 0, so that patterns move along with it. */
  readonly phase: number;
}

/** Everything that the parts of a picture are painted with. */
export interface Painting {
  readonly surface: Surface;
  readonly layout: LaneLayout;
  readonly colors: ColorSet;
  readonly partColors: PartColors;
  /** Columns from which zeros that hide data have their triangle; Infinity in a gutter that is too low for it. */
  readonly zeroTriangleRoom: number;
  readonly options: PaintOptions;
}
