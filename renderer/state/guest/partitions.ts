/** Reads and shows the guest's partitions: only where a person allowed it, for one image or for all. */
import { type ExtentState, stateOf } from '../../../shared/extent/flags.ts';
import type { OpenedChain } from '../../../shared/model/chain.ts';
import type { GuestPartition } from '../../../shared/model/guest/guest-disk.ts';
import { divisionText } from '../../../shared/text/guest/partition-text.ts';
import { withoutSecrets } from '../../../shared/text/nbd-uri.ts';
import { invoke } from '../../bridge/bridge.ts';
import { navigationOf } from '../axes/axis-navigation.ts';
import { selectAt } from '../selection/selection.ts';
import { announce, getState, setState } from '../store.ts';
import type { PartitionsAnswer } from './partitions-state.ts';

/** The least disk with partitions: programs that make them leave 1 MiB before the first, and some room after the last. */
const MIN_PARTITIONED_BYTES = 2 * 2 ** 20;

/** Most images whose answer is remembered: the newest ones. */
const MAX_ANSWERS = 100;

/** The states of the first cluster in which a partition table may be stored there. */
const STORED: ReadonlySet<ExtentState> = new Set(['data', 'compressed', 'holeUnknown']);

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

/** Hides the partitions; those of this image are not read unasked from now on, nor offered. */
export function hidePartitions(): void {
  if (!getState().readsPartitions) remember(false);
  setState({ dialog: undefined, partitions: { phase: 'none' } });
  announce('The partitions are hidden');
}

/** Reads the partitions of the open chain, now and whenever it is opened; `isForAll` also those of every other one. */
export async function allowPartitions(isForAll: boolean): Promise<void> {
  remember(true);
  setState({ dialog: undefined, readsPartitions: isForAll });
  await readPartitions();
}

/** Takes back what was allowed for every image and for single ones. */
export function stopReadingPartitions(): void {
  const declined = getState().partitionsAnswers.filter(({ reads }) => !reads);
  setState({ dialog: undefined, readsPartitions: false, partitionsAnswers: declined });
  announce('Partitions are read only when you ask for them');
}

/** The partitions of the open chain are neither offered again nor read unasked. */
export function declinePartitions(): void {
  remember(false);
  setState({ partitions: { phase: 'none' } });
  announce('Not offered again for this image. The command “Partitions of the guest…” reads them.');
}

/** Reads the partitions of a chain that was just opened, where that was allowed for it or for all. */
export function readPartitionsUnasked(): void {
  if (getState().readsPartitions || answerOfImage()?.reads === true) void readPartitions();
}

/**
 * Offers to read the partitions of the open chain, where its disk may have some and the person has not answered yet. Whether
 * it may follows from the tables alone: nothing of what the guest stores is read.
 */
export async function offerPartitions(): Promise<void> {
  const { chain, partitions, readsPartitions } = getState();
  if (chain === undefined || partitions.phase !== 'none' || readsPartitions) return;
  if (answerOfImage() !== undefined || !canBeRead(chain)) return;
  const { sessionId } = chain;
  const reply = await invoke('chain:inspect', { sessionId, offset: 0 });
  const { chain: shown, partitions: now } = getState();
  if (!reply.ok || shown?.sessionId !== sessionId || now.phase !== 'none') return;
  if (STORED.has(stateOf(reply.value.word))) setState({ partitions: { phase: 'offered' } });
}

/** True for a disk large enough for a partition whose content is neither encrypted nor missing. */
function canBeRead({ chain }: OpenedChain): boolean {
  const isEncrypted = chain.layers.some(({ qcow2 }) => (qcow2?.encryption ?? 'none') !== 'none');
  return chain.size >= MIN_PARTITIONED_BYTES && chain.capture === undefined && chain.complete && !isEncrypted;
}

/** What was answered about the image that is open, undefined for nothing. */
function answerOfImage(): PartitionsAnswer | undefined {
  const image = nameOfImage();
  return getState().partitionsAnswers.find(answer => answer.image === image);
}

function remember(reads: boolean): void {
  const image = nameOfImage();
  if (image === undefined) return;
  const others = getState().partitionsAnswers.filter(answer => answer.image !== image);
  setState({ partitionsAnswers: [{ image, reads }, ...others].slice(0, MAX_ANSWERS) });
}

/** By what the image that is open is remembered: its top file or its address, without secrets. */
function nameOfImage(): string | undefined {
  const { target } = getState();
  return target?.kind === 'nbd' ? withoutSecrets(target.uri) : target?.files.at(-1);
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
