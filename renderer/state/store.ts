/** The state of the window. Actions are in the folders beside this file; views read what they show. */
import { create } from 'zustand';
import type { ErrorRecord } from '../../shared/error.ts';
import type { AppState, Theme } from '../../shared/ipc/contract.ts';
import type { GuestRange } from '../../shared/ipc/questions.ts';
import type { LegendKey } from '../../shared/legend.ts';
import type { BitmapSums } from '../../shared/model/bitmap/bitmap-marks.ts';
import type { OpenedChain } from '../../shared/model/chain.ts';
import {
  type Finding,
  type FindingFilter,
  type FindingSummary,
  NO_FINDINGS,
} from '../../shared/model/finding.ts';
import type { Inspection } from '../../shared/model/inspection.ts';
import type { PlaceFilter, PlaceOrder } from '../../shared/model/place.ts';
import type { LayerProgress } from '../../shared/model/progress.ts';
import type { TrackStatistics } from '../../shared/model/statistics.ts';
import type { StoreSummary } from '../../shared/model/store/store-page.ts';
import type { Consent, OpenTarget } from '../../shared/model/target.ts';
import type { AxisId } from '../axis/axis-id.ts';
import { type AxisState, type AxisStates, NO_AXES } from './axes/axis-state.ts';
import type { ChainCheckState } from './chain/check-state.ts';
import { type CompareSlice, NO_COMPARISON } from './compare/compare-state.ts';
import type { PartitionsAnswer, PartitionsState } from './guest/partitions-state.ts';
import { type HostState, NO_HOST } from './host/host-state.ts';
import type { PlannerState } from './planner/planner-state.ts';
import type { ViewInfo } from './view-info.ts';

/** A dialog over everything else. */
export type Dialog =
  | { readonly kind: 'connect'; readonly uri: string }
  | { readonly kind: 'orderLayers'; readonly files: readonly string[] }
  | { readonly kind: 'snapshots' }
  | { readonly kind: 'report' }
  | { readonly kind: 'capture' }
  | { readonly kind: 'partitions' }
  /** The context menu of what is selected, at CSS pixels of the window. */
  | { readonly kind: 'menu'; readonly x: number; readonly y: number }
  | { readonly kind: 'keys' }
  | { readonly kind: 'meanings' }
  | { readonly kind: 'palette' };

/** An offset of the guest axis on a track. */
export interface TrackOffset {
  readonly track: number;
  readonly offset: number;
}

/** What is selected: an offset on a track, or a column that several extents share, which begins at the offset. */
export interface Selection extends TrackOffset {
  readonly column?: GuestRange;
}

/** What the pointer is over: a track of an axis, at a CSS pixel from the lanes' left edge. See hovered-offset.ts. */
export interface Hover {
  readonly axis: AxisId;
  readonly track: number;
  readonly px: number;
}

/** The list of findings: the filter, the chosen row with its finding once it is loaded, and the rows in all. */
export interface FindingListState {
  readonly filter: FindingFilter;
  readonly row: number;
  readonly total: number;
  readonly chosen: Finding | undefined;
}

/** Everything the window knows. */
export interface WindowState {
  readonly app: AppState | undefined;
  /** Sentences that are shown to the person until they are dismissed. */
  readonly notices: readonly string[];
  /** The target that is being opened. */
  readonly opening: OpenTarget | undefined;
  readonly target: OpenTarget | undefined;
  readonly consent: Consent;
  readonly chain: OpenedChain | undefined;
  /** Folders that are being scanned, and those whose images are shown where no chain is open. */
  readonly openingFolders: readonly string[] | undefined;
  readonly folders: StoreSummary | undefined;
  /** What went wrong last, until it is dismissed. */
  readonly error: ErrorRecord | undefined;
  /** The target that could not be opened and its consent, where opening is what went wrong. */
  readonly failed: { readonly target: OpenTarget; readonly consent: Consent } | undefined;

  /** The views that can be chosen, in their order, and the id of the one that is shown. */
  readonly views: readonly ViewInfo[];
  readonly viewId: string;
  readonly axes: AxisStates;

  /** Tracks that are folded. */
  readonly hidden: ReadonlySet<number>;
  /** The dirty bitmaps that have a track, and layers whose bitmaps are folded where they were not, or shown where they were. */
  readonly bitmaps: readonly BitmapSums[];
  readonly toggledBitmaps: ReadonlySet<number>;
  /** Tracks shown as a table. */
  readonly tables: ReadonlySet<number>;
  readonly highlighted: ReadonlySet<LegendKey>;
  readonly focusedTrack: number;
  /** Paths to which consent was declined for now. */
  readonly declined: ReadonlySet<string>;

  readonly hover: Hover | undefined;
  readonly selection: Selection | undefined;
  /** The sums of the selected column, once they are counted. */
  readonly columnSums: readonly TrackStatistics[] | undefined;
  readonly inspection: Inspection | undefined;
  readonly range: GuestRange | undefined;
  readonly statistics: readonly TrackStatistics[] | undefined;
  /** Which places the list of places shows, and in which order. */
  readonly placeFilter: PlaceFilter;
  readonly placeOrder: PlaceOrder;

  readonly progress: readonly LayerProgress[];
  /** Layers whose files have changed on disk since they were opened. */
  readonly changedLayers: readonly number[];
  /** How far the check of its images is. */
  readonly check: ChainCheckState;
  readonly compare: CompareSlice;
  /** What is to be planned and what came of it; undefined until the planner is shown. */
  readonly planner: PlannerState | undefined;
  /** How much was found; the findings themselves are asked for page by page. */
  readonly findings: FindingSummary;
  readonly findingList: FindingListState;
  /** The file whose layout is shown. */
  readonly host: HostState;
  /** What the guest keeps on the disk, once a person allowed that it is read. */
  readonly partitions: PartitionsState;
  /** Findings that were reviewed, by reviewKey; they outlast the chain. */
  readonly reviewed: ReadonlySet<string>;

  readonly dialog: Dialog | undefined;
  /** What was typed last as the address of a server: one that failed is there when the dialog is opened again. */
  readonly typedAddress: string | undefined;
  /** The preference, for windows that have room beside the lanes. */
  readonly inspectorOpen: boolean;
  /** Whether it lies over the lanes of a narrow window. */
  readonly inspectorOverlay: boolean;
  readonly inspectorWidth: number;
  /** Whether the drawer below the tracks is open, the tab that it shows, and its height in CSS pixels. */
  readonly drawerOpen: boolean;
  readonly drawerTab: string;
  readonly drawerHeight: number;
  /** Partition tables of guests are read when a chain is opened: of every one, or as was answered about single images. */
  readonly readsPartitions: boolean;
  readonly partitionsAnswers: readonly PartitionsAnswer[];
  readonly theme: Theme;
  /** The text of the live region. */
  readonly announcement: string;
  /** The message in the status bar, such as why a key did nothing. Empty after a while. */
  readonly message: string;
}

/** What belongs to one opened chain and goes with it, but for its axes. */
export const NO_CHAIN = {
  chain: undefined,
  hidden: new Set<number>(),
  bitmaps: [],
  toggledBitmaps: new Set<number>(),
  tables: new Set<number>(),
  highlighted: new Set<LegendKey>(),
  focusedTrack: 0,
  hover: undefined,
  selection: undefined,
  columnSums: undefined,
  inspection: undefined,
  range: undefined,
  statistics: undefined,
  placeFilter: {},
  placeOrder: 'start',
  progress: [],
  changedLayers: [],
  check: { phase: 'none' },
  planner: undefined,
  compare: NO_COMPARISON,
  findings: NO_FINDINGS,
  findingList: { filter: {}, row: 0, total: 0, chosen: undefined },
  host: NO_HOST,
  partitions: { phase: 'none' },
} as const satisfies Partial<WindowState>;

/** No consent to anything. */
export const NO_CONSENT: Consent = { allow: [], allowAll: false };

/** The window's store. */
export const useStore = create<WindowState>(() => ({
  ...NO_CHAIN,
  app: undefined,
  notices: [],
  opening: undefined,
  openingFolders: undefined,
  folders: undefined,
  target: undefined,
  consent: NO_CONSENT,
  error: undefined,
  failed: undefined,
  views: [],
  viewId: '',
  axes: NO_AXES,
  declined: new Set<string>(),
  reviewed: new Set<string>(),
  dialog: undefined,
  typedAddress: undefined,
  inspectorOpen: true,
  inspectorOverlay: false,
  inspectorWidth: 320,
  drawerOpen: false,
  drawerTab: '',
  drawerHeight: 240,
  readsPartitions: false,
  partitionsAnswers: [],
  theme: 'system',
  announcement: '',
  message: '',
}));

/** The present state. */
export const getState = useStore.getState;

/** Changes the state. */
export const setState = useStore.setState;

/** The present state of an axis. */
export function getAxis(axis: AxisId): AxisState {
  return getState().axes[axis];
}

/** Changes the state of an axis. */
export function setAxis(axis: AxisId, change: Partial<AxisState>): void {
  setState(({ axes }) => ({ axes: { ...axes, [axis]: { ...axes[axis], ...change } } }));
}

/** How long the status bar keeps a message. */
const MESSAGE_MS = 6000;
let messageTimer: ReturnType<typeof setTimeout> | undefined;

/** Shows a message in the status bar for a while, and in the live region; there another text where one is given. */
export function announce(message: string, announcement = message): void {
  setState({ message, announcement });
  clearTimeout(messageTimer);
  messageTimer = setTimeout(() => setState({ message: '' }), MESSAGE_MS);
}

/** The set with `item` put in, or taken out where it was in. */
export function toggled<T>(items: ReadonlySet<T>, item: T): ReadonlySet<T> {
  const next = new Set(items);
  if (!next.delete(item)) next.add(item);
  return next;
}
