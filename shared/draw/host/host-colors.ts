/** The colors and patterns of what a file holds. Metadata is gray, so that the colors of states keep their meaning. */
import { STATES } from '../../extent/flags.ts';
import { HOST_KINDS, type HostKind } from '../../model/layout.ts';
import { type ColorSet, mixPixels, type Pixel, readableOn } from '../color-set.ts';

/** How one kind is drawn. */
export interface HostColor {
  readonly fill: Pixel;
  /** What its pattern is drawn in. */
  readonly patternColor: Pixel;
  readonly pattern: 'none' | 'lines' | 'outline' | 'hatch' | 'crossHatch';
  /** Its letter is drawn in. */
  readonly text: Pixel;
}

/** Tones of metadata: the share of the frame's color over the lane's. */
const GRAYS: Partial<Record<HostKind, number>> = {
  header: 1,
  l1Table: 0.85,
  l2Table: 0.6,
  refcountTable: 0.75,
  refcountBlock: 0.45,
  snapshotTable: 0.55,
  bitmap: 0.35,
  encryption: 0.9,
};

/** How each kind of HOST_KINDS is drawn; `faded` ones step back, because others are highlighted. */
export function hostColors(colors: ColorSet, faded: readonly boolean[] = []): HostColor[] {
  const { lane } = colors;
  return HOST_KINDS.map((kind, i) => {
    const { fill, patternColor, pattern } = plainColor(kind, colors);
    const pale = faded[i] === true ? mixPixels(lane, fill, 0.15) : fill;
    return {
      fill: pale,
      patternColor: faded[i] === true ? mixPixels(lane, patternColor, 0.15) : patternColor,
      pattern,
      text: readableOn(pale),
    };
  });
}

function plainColor(kind: HostKind, colors: ColorSet): Omit<HostColor, 'text'> {
  const { lane, frame, corrupt } = colors;
  const state = (name: (typeof STATES)[number]) => colors.states[STATES.indexOf(name)] as Pixel;
  const patternOf = (name: (typeof STATES)[number]) => colors.pattern[STATES.indexOf(name)] as Pixel;
  const gray = GRAYS[kind];
  if (gray !== undefined) return { fill: mixPixels(lane, frame, gray), patternColor: frame, pattern: 'none' };
  switch (kind) {
    case 'compressed':
      return { fill: state('compressed'), patternColor: patternOf('compressed'), pattern: 'lines' };
    case 'zero':
      return { fill: state('zeroAllocated'), patternColor: patternOf('zeroAllocated'), pattern: 'outline' };
    case 'snapshotData':
      return { fill: mixPixels(lane, state('data'), 0.35), patternColor: state('data'), pattern: 'hatch' };
    case 'clash':
      return { fill: mixPixels(lane, corrupt, 0.3), patternColor: corrupt, pattern: 'crossHatch' };
    case 'leaked':
      return { fill: lane, patternColor: mixPixels(lane, frame, 0.8), pattern: 'crossHatch' };
    case 'free':
      return { fill: state('unallocated'), patternColor: frame, pattern: 'none' };
    case 'tail':
      return { fill: state('unallocated'), patternColor: state('outOfRange'), pattern: 'hatch' };
    default:
      return { fill: state('data'), patternColor: frame, pattern: 'none' };
  }
}
