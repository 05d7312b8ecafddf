/** What is chosen in the planner, which choices make sense, and what came of it. */
import type { ErrorRecord } from '../../../shared/error.ts';
import type { LayerInfo } from '../../../shared/model/layer.ts';
import type { PlanChoice, PlannedQemu, PlanOperation } from '../../../shared/model/plan/plan.ts';
import type { PlanReply } from '../../../shared/model/plan/plan-picture.ts';

/** What is chosen. Layers are indexes, 0 = base. */
export interface PlannerChoice {
  readonly operation: PlanOperation;
  /** The topmost committed layer; the one that is rebased, flattened or dropped, or whose snapshot is deleted. */
  readonly from: number;
  /** The layer that a commit goes into, or that a rebase goes onto. */
  readonly to: number;
  /** By a job of a running qemu; else by qemu-img, on files that nothing has open. */
  readonly isLive: boolean;
  /** The disk is attached with `discard=unmap`. */
  readonly unmaps: boolean;
  readonly unsafe: boolean;
  /** All data that the plan depends on is read, however much there is. */
  readonly readsAllData: boolean;
  /** Name or id; empty where the layer has none. */
  readonly snapshot: string;
  /** Undefined: the version that is installed. */
  readonly qemu: PlannedQemu | undefined;
}

/** The planner of the open chain. */
export interface PlannerState {
  readonly choice: PlannerChoice;
  /** A plan is being made. */
  readonly isRunning: boolean;
  /** The last plan; that of another choice while a plan is being made. */
  readonly reply: PlanReply | undefined;
  /** Why the last one could not be made. */
  readonly error: ErrorRecord | undefined;
}

/** What can be planned for these layers; nothing for a single image without snapshots. */
export function operationsFor(layers: readonly LayerInfo[]): readonly PlanOperation[] {
  return [
    ...(layers.length > 1 ? (['commit', 'rebase', 'flatten', 'drop'] as const) : []),
    ...(layers.some(hasSnapshots) ? (['delete-snapshot'] as const) : []),
  ];
}

/** True where an operation needs a second layer. */
export function takesTwoLayers(operation: PlanOperation): boolean {
  return operation === 'commit' || operation === 'rebase';
}

/** True where the operation can begin at that layer. */
export function canBeFrom(layers: readonly LayerInfo[], operation: PlanOperation, index: number): boolean {
  if (operation === 'delete-snapshot') return hasSnapshots(layers[index]);
  return operation === 'drop' ? index < layers.length - 1 : index > 0;
}

/** True where a running qemu has a job for it: libvirt commits any layers, and pulls into the top one alone. */
export function canBeLive(layers: readonly LayerInfo[], { operation, from, unsafe }: PlannerChoice): boolean {
  const top = layers.length - 1;
  if (operation === 'commit') return true;
  if (operation === 'delete-snapshot' || unsafe) return false;
  return operation === 'drop' ? from === top - 1 : from === top;
}

/** True where a plan may depend on data. */
export function readsData({ operation, unsafe }: Pick<PlannerChoice, 'operation' | 'unsafe'>): boolean {
  return operation !== 'delete-snapshot' && !unsafe;
}

/** The first choice for a chain. */
export function initialChoice(layers: readonly LayerInfo[]): PlannerChoice {
  const [operation = 'commit'] = operationsFor(layers);
  const top = layers.length - 1;
  const choice = { operation, from: top, to: top - 1, isLive: false, unmaps: false, unsafe: false };
  return possibleChoice(layers, { ...choice, readsAllData: false, snapshot: '', qemu: undefined });
}

/** The nearest choice that makes sense. */
export function possibleChoice(layers: readonly LayerInfo[], choice: PlannerChoice): PlannerChoice {
  const { operation } = choice;
  const indexes = layers.map((_, index) => index);
  const possible = indexes.filter(index => canBeFrom(layers, operation, index));
  const from = possible.includes(choice.from) ? choice.from : (possible.at(-1) ?? layers.length - 1);
  const to = Math.max(0, Math.min(choice.to, from - 1));
  const unsafe = choice.unsafe && operation === 'rebase';
  const names = (layers[from]?.qcow2?.snapshots ?? []).map(({ id, name }) => id || name);
  const snapshot = names.includes(choice.snapshot) ? choice.snapshot : (names[0] ?? '');
  const readsAllData = choice.readsAllData && readsData({ operation, unsafe });
  const next = { ...choice, from, to, unsafe, readsAllData, snapshot };
  const isLive = choice.isLive && canBeLive(layers, next);
  return { ...next, isLive, unmaps: choice.unmaps && isLive && operation === 'commit' };
}

/** The choice as a plan is asked for. Layers are named by their paths, which stay true where files were exchanged. */
export function planChoiceOf(layers: readonly LayerInfo[], choice: PlannerChoice): PlanChoice {
  const { operation, from, to, isLive, unmaps, unsafe, readsAllData, snapshot, qemu } = choice;
  const path = (index: number) => layers[index]?.path ?? String(index);
  const liveJob = operation === 'commit' && from === layers.length - 1 ? 'active' : 'live';
  return {
    operation,
    job: isLive ? liveJob : 'qemu-img',
    from: path(from),
    ...(operation === 'commit' ? { into: path(to) } : {}),
    ...(operation === 'rebase' ? { base: path(to) } : {}),
    ...(unsafe ? { unsafe } : {}),
    ...(unmaps ? { unmaps } : {}),
    ...(readsAllData ? { readsAllData } : {}),
    ...(operation === 'delete-snapshot' ? { snapshot } : {}),
    ...(qemu === undefined ? {} : { qemu }),
  };
}

/** The layers that take part, as the bracket beside them shows: the lowest and the highest. */
export function bracketOf({ operation, from, to }: PlannerChoice): {
  readonly low: number;
  readonly high: number;
} {
  if (takesTwoLayers(operation)) return { low: to, high: from };
  if (operation === 'drop') return { low: from, high: from + 1 };
  return { low: operation === 'flatten' ? 0 : from, high: from };
}

function hasSnapshots(layer: LayerInfo | undefined): boolean {
  return (layer?.qcow2?.snapshots.length ?? 0) > 0;
}
