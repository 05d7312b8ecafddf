/** What the window knows of a view without drawing it. */

import type { Hotkey } from '../../shared/hotkeys.ts';
import type { AxisId } from '../axis/axis-id.ts';

/** A view of the opened chain. */
export interface ViewInfo {
  /** Stable. The command that shows the view has the id `view-` and this. */
  readonly id: string;
  /** Its name in the window. */
  readonly title: string;
  readonly hotkey: Hotkey;
  /** The axis that it lies along: zooming, panning and the history are those of this axis. */
  readonly axis: AxisId;
  /** It draws nothing along its axis: the axis may not have been measured yet. */
  readonly isList?: true;
}
