/** Reads and shows the guest's partitions: only where a person allowed it, for one chain or for all. */
import type { GuestPartition } from '../../../shared/model/guest/guest-disk.ts';
import { divisionText } from '../../../shared/text/guest/partition-text.ts';
import { invoke } from '../../bridge/bridge.ts';
import { navigationOf } from '../axes/axis-navigation.ts';
import { selectAt } from '../selection/selection.ts';
import { announce, getState, setState } from '../store.ts';

/**
 * Shows the partitions, or hides those that are shown. Asks before anything of the guest is read, unless that was allowed for
 * every chain; what was allowed can be taken back where the partitions are shown.
 */
export function togglePartitions(): void {
  const { partitions, readsPartitions, chain } = getState();
  if (chain === undefined || partitions.phase === 'reading') return;
  const isShown = partitions.phase === 'read';
  if (isShown === readsPartitions) setState({ dialog: { kind: 'partitions' } });
  else if (isShown) hidePartitions();
  else void readPartitions();
}

/** Hides the partitions; what was read of them is asked for again when they are shown. */
export function hidePartitions(): void {
  setState({ dialog: undefined, partitions: { phase: 'none' } });
  announce('The partitions are hidden');
}

/** Reads the partitions of the open chain; `isForAll` also of every one that is opened from now on. */
export async function allowPartitions(isForAll: boolean): Promise<void> {
  setState({ dialog: undefined, readsPartitions: isForAll });
  await readPartitions();
}

/** Partitions of chains that are opened from now on are not read unasked. */
export function stopReadingPartitions(): void {
  setState({ dialog: undefined, readsPartitions: false });
  announce('Partitions are read only when you ask for them');
}

/** Reads the partitions of a chain that was just opened, where that is allowed for all. */
export function readPartitionsUnasked(): void {
  if (getState().readsPartitions) void readPartitions();
}

async function readPartitions(): Promise<void> {
  const sessionId = getState().chain?.sessionId;
  if (sessionId === undefined) return;
  setState({ partitions: { phase: 'reading' } });
  const reply = await invoke('guest:partitions', { sessionId });
  if (getState().chain?.sessionId !== sessionId) return;
  if (!reply.ok) {
    const isCancelled = reply.error.code === 'CANCELLED';
    setState({ partitions: { phase: 'none' }, ...(isCancelled ? {} : { error: reply.error }) });
    return;
  }
  const disk = reply.value;
  setState({ partitions: { phase: 'read', disk }, announcement: `Disk: ${divisionText(disk)}` });
}

/** Shows one partition, as far as it lies on the disk, and selects where it begins. */
export function showPartition({ start, length }: Pick<GuestPartition, 'start' | 'length'>): void {
  const { chain, focusedTrack } = getState();
  const end = Math.min(start + length, chain?.chain.size ?? 0);
  if (start >= end) {
    announce('It begins past the end of the disk');
    return;
  }
  navigationOf('guest').fitRange(start, end);
  void selectAt({ track: focusedTrack, offset: start });
}
