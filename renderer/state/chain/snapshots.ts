/** The internal snapshots of the top layer: which there are, and which one is shown. */
import type { OpenedChain } from '../../../shared/model/chain.ts';
import { findSnapshot, type SnapshotInfo } from '../../../shared/model/layer.ts';
import { formatTime } from '../../../shared/text/time.ts';
import { escapeUntrusted } from '../../../shared/text/untrusted-text.ts';

/** The snapshots of the top layer, in the order of its table. Those of layers below cannot be shown as a chain. */
export function snapshotsOf({ chain }: OpenedChain): readonly SnapshotInfo[] {
  return chain.layers.at(-1)?.qcow2?.snapshots ?? [];
}

/** The snapshot that is shown, undefined for the active disk. */
export function shownSnapshot({ chain }: OpenedChain): SnapshotInfo | undefined {
  return chain.layers.at(-1)?.snapshot;
}

/** The id or name that no snapshot before this one in the table has; undefined where both are taken. */
export function nameOrIdOf(snapshot: SnapshotInfo, snapshots: readonly SnapshotInfo[]): string | undefined {
  return [snapshot.id, snapshot.name].find(text => text !== '' && findSnapshot(snapshots, text) === snapshot);
}

/** The snapshot's name, or its id where it has none; safe to show. */
export function snapshotName({ id, name }: SnapshotInfo): string {
  return escapeUntrusted(name === '' ? id : name, 80);
}

/** What the window shows, in one line: `top.qcow2 as of snapshot before-upgrade (2026-11-20 14:03:22 UTC)`. */
export function titleOf(chain: OpenedChain): string {
  const name = escapeUntrusted(chain.chain.layers.at(-1)?.name ?? '', 80);
  const snapshot = shownSnapshot(chain);
  if (snapshot === undefined) return name;
  return `${name} as of snapshot ${snapshotName(snapshot)} (${formatTime(snapshot.date)})`;
}
