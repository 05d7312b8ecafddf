/** What the window is asked to show or to do: by its command line, a second launch, a link or the desktop. */
import type { OpenTarget } from './target.ts';

/** Where an opened chain is looked at first. */
export interface StartView {
  /** Offset on the guest's disk, in bytes: it is selected, and shown in the middle. */
  readonly at?: number;
  /** Bytes from `at` on that are shown. */
  readonly length?: number;
  /** Id of a view; an unknown one leaves the first view. */
  readonly view?: string;
}

/** The commands of the window that a launch may begin with. */
export const LAUNCH_COMMANDS = ['folder', 'connect'] as const;

/** Something for the window to show or to do. */
export type Arrival =
  | { readonly kind: 'target'; readonly target: OpenTarget; readonly start?: StartView }
  | { readonly kind: 'folders'; readonly folders: readonly string[] }
  | { readonly kind: 'command'; readonly command: (typeof LAUNCH_COMMANDS)[number] };
