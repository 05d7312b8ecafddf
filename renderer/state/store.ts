/** What the window knows, in one place. Actions live in files of their own; views read what they show. */
import { create } from 'zustand';
import type { ErrorRecord } from '../../shared/error.ts';
import type { AppState } from '../../shared/ipc/contract.ts';
import type { LegendKey } from '../../shared/legend.ts';
import type { OpenedChain } from '../../shared/model/chain.ts';
import type { RangeFinding } from '../../shared/model/finding.ts';
import type { Inspection } from '../../shared/model/inspection.ts';
import type { LayerProgress } from '../../shared/model/progress.ts';
import type { TrackStatistics } from '../../shared/model/statistics.ts';
import type { Consent, OpenTarget } from '../../shared/model/target.ts';
import type { Viewport } from '../axis/viewport.ts';
import { type History, NO_HISTORY } from './navigation/history.ts';

/** A dialog over everything else. */
export type Dialog =
  | { readonly kind: 'connect'; readonly uri: string }
  | { readonly kind: 'arrange'; readonly files: readonly string[] }
  | { readonly kind: 'snapshots' }
  /** The menu of the selected place, at CSS pixels of the window. */
  | { readonly kind: 'menu'; readonly x: number; readonly y: number }
  | { readonly kind: 'keys' }
  | { readonly kind: 'palette' };

/** A place: an offset on a track. */
export interface TrackOffset {
  readonly track: number;
  readonly offset: number;
}

/** Where the pointer is: a place, and the pixel from the lanes' left edge. */
export interface Hover extends TrackOffset {
  readonly px: number;
}

/** Bytes [start, end) chosen on the axis. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** Everything the window knows. */
export interface Store {
  readonly app: AppState | undefined;
  /** The target that is being opened. */
  readonly opening: OpenTarget | undefined;
  readonly target: OpenTarget | undefined;
  readonly consent: Consent;
  readonly chain: OpenedChain | undefined;
  /** What went wrong last, until it is dismissed. */
  readonly error: ErrorRecord | undefined;
  /** What could not be opened, with the consent it had, where that is what went wrong. */
  readonly failed: { readonly target: OpenTarget; readonly consent: Consent } | undefined;

  readonly viewport: Viewport;
  /** CSS pixels of the lanes' canvases. */
  readonly width: number;
  readonly history: History;

  readonly hidden: ReadonlySet<number>;
  /** Tracks shown as a table. */
  readonly tables: ReadonlySet<number>;
  readonly highlighted: ReadonlySet<LegendKey>;
  readonly focusedTrack: number;
  /** Consent that the person declined for now, by path. */
  readonly declined: ReadonlySet<string>;

  readonly hover: Hover | undefined;
  readonly selection: TrackOffset | undefined;
  readonly inspection: Inspection | undefined;
  readonly range: Range | undefined;
  readonly statistics: readonly TrackStatistics[] | undefined;

  readonly progress: readonly LayerProgress[];
  readonly findings: readonly RangeFinding[];
  readonly moreFindings: number;

  readonly dialog: Dialog | undefined;
  readonly inspectorOpen: boolean;
  readonly inspectorWidth: number;
  readonly theme: 'system' | 'light' | 'dark';
  /** What the live region says. */
  readonly announcement: string;
  /** What the status bar says for a while: why a key did nothing. */
  readonly message: string;
}

/** What belongs to one opened chain and goes with it. */
export const NO_CHAIN = {
  chain: undefined,
  viewport: { start: 0, end: 1 },
  history: NO_HISTORY,
  hidden: new Set<number>(),
  tables: new Set<number>(),
  highlighted: new Set<LegendKey>(),
  focusedTrack: 0,
  hover: undefined,
  selection: undefined,
  inspection: undefined,
  range: undefined,
  statistics: undefined,
  progress: [],
  findings: [],
  moreFindings: 0,
} as const satisfies Partial<Store>;

/** No consent to anything. */
export const NO_CONSENT: Consent = { allow: [], allowAll: false };

/** The window's store. */
export const useStore = create<Store>(() => ({
  ...NO_CHAIN,
  app: undefined,
  opening: undefined,
  target: undefined,
  consent: NO_CONSENT,
  error: undefined,
  failed: undefined,
  width: 0,
  declined: new Set<string>(),
  dialog: undefined,
  inspectorOpen: true,
  inspectorWidth: 320,
  theme: 'system',
  announcement: '',
  message: '',
}));

/** The store's present content. */
export const getState = useStore.getState;

/** Changes the store. */
export const setState = useStore.setState;

/** Milliseconds for which the status bar keeps a message. */
const MESSAGE = 6000;
let silence: ReturnType<typeof setTimeout> | undefined;

/** Tells the person something in words: in the status bar for a while, and in the live region. */
export function announce(message: string): void {
  setState({ message, announcement: message });
  clearTimeout(silence);
  silence = setTimeout(() => setState({ message: '' }), MESSAGE);
}

/** The set with `item` put in, or taken out where it was in. */
export function toggled<T>(items: ReadonlySet<T>, item: T): ReadonlySet<T> {
  const next = new Set(items);
  if (!next.delete(item)) next.add(item);
  return next;
}
