import type { ExtentState } from '../../../shared/extent/flags.ts';
import { LEGEND } from '../../../shared/legend.ts';
import { StateSwatch } from '../../ui/state-swatch.tsx';
import { stateName } from './state-labels.ts';

/** What the lanes of two disks show; the buttons above tell the colors of their differences. */
const SHOWN: readonly ExtentState[] = [
  'data',
  'compressed',
  'zeroAllocated',
  'zeroHole',
  'unallocated',
  'outOfRange',
  'unreadable',
  'unread',
];

/** The states of both disks, as they are drawn. */
export function CompareLegend() {
  return (
    <ul className="state-legend" aria-label="What the disks hold">
      {SHOWN.map(state => (
        <li key={state} title={LEGEND[state].meaning}>
          <StateSwatch of={state} lettered /> {stateName(state)}
        </li>
      ))}
    </ul>
  );
}
