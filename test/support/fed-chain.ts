/** Chains of layers that come over NBD, fed into the engine's tables from plain lists of what a server says. */
import { ChainTables } from '../../electron/engine/tables/chain-tables.ts';
import type { LayerPlan } from '../../electron/engine/worker/protocol.ts';
import { fileSource } from '../../electron/qcow2/read/file-source.ts';
import type { StatusBatch } from '../../shared/extent/status-batch.ts';
import type { ExportKind } from '../../shared/nbd-contexts.ts';
import { statusList } from './status-lists.ts';

/** What a server says of one layer or chain, unit by unit; contexts that are not given were not negotiated. */
export interface FedLayer {
  readonly kind: ExportKind;
  readonly units: number;
  readonly contexts: Readonly<Record<string, readonly number[]>>;
  /** Units fed; the rest stays unread. Default all. */
  readonly fed?: number;
  /** The ranges of units that the server fails on. */
  readonly unreadable?: (unit: number) => boolean;
}

/** A layer served alone whose units are of two kinds in turn, so that each is an extent. */
export function alternatingLayer(units: number): FedLayer {
  const depths = Array.from({ length: units }, (_, i) => i % 2);
  return {
    kind: 'isolatedLayer',
    units,
    contexts: { 'base:allocation': depths.map(depth => depth * 3), 'qemu:allocation-depth': depths },
  };
}

/** Batches over [0,fed) of at most `step` units, cut where readable and unreadable parts meet. */
export function batchesOf(layer: FedLayer, scale: number, step: number): StatusBatch[] {
  const { contexts, fed = layer.units, unreadable = () => false } = layer;
  const batches: StatusBatch[] = [];
  for (let at = 0; at < fed; ) {
    const failed = unreadable(at);
    let end = at + 1;
    while (end < Math.min(fed, at + step) && unreadable(end) === failed) end++;
    const lists = Object.values(contexts).map((values, i) =>
      statusList(
        i,
        values.slice(at, Math.min(end + i, layer.units)).map(value => ({ length: scale, value })),
      ),
    );
    batches.push({
      offset: at * scale,
      covered: (end - at) * scale,
      lists: failed ? [] : lists,
      ...(failed ? { unreadable: { code: 'NBD_STATUS_FAILED', what: 'no', subject: '', advice: '' } } : {}),
    });
    at = end;
  }
  return batches;
}

/** The plan of one layer. */
export function fedPlan(layer: FedLayer, scale: number, title: string): LayerPlan {
  const nbd = { exportKind: layer.kind, contexts: Object.keys(layer.contexts) };
  return { title, size: layer.units * scale, clusterSize: scale, nbd };
}

/** The tables of a chain (base first), fed with `step` units a batch. */
export function fedChain(layers: readonly FedLayer[], scale: number, step = 1000): ChainTables {
  const plans = layers.map((layer, i) => fedPlan(layer, scale, `layer ${i}`));
  const size = plans.at(-1)!.size;
  const tables = new ChainTables(
    { layers: plans, size, buildPyramid: true, extentBudget: 1_000_000 },
    fileSource,
  );
  layers.forEach((layer, i) => {
    for (const batch of batchesOf(layer, scale, step)) tables.feed(i, batch);
    tables.flush(i);
  });
  return tables;
}
