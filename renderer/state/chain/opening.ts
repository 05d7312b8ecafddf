/** Opening and closing a chain. */
import type { Arrival } from '../../../shared/model/arrival.ts';
import { layerCountText, type OpenedChain } from '../../../shared/model/chain.ts';
import type { Consent, OpenTarget } from '../../../shared/model/target.ts';
import { NewestRun } from '../../../shared/newest-run.ts';
import { invoke } from '../../bridge/bridge.ts';
import { navigationOf } from '../axes/axis-navigation.ts';
import { closedAxes, openedAxis } from '../axes/axis-state.ts';
import { readPartitionsUnasked } from '../guest/partitions.ts';
import { getAxis, getState, NO_CHAIN, NO_CONSENT, setState, type WindowState } from '../store.ts';
import { loadChain, unloadChain } from './chain-data.ts';
import { titleOf } from './snapshots.ts';

type Opening = Pick<WindowState, 'target' | 'consent'>;

/** Openings begun: only the newest one shows its chain. */
const openings = new NewestRun();

/** Opens a target in place of what is open. When it fails, what is open stays and the error is shown. */
export async function openTarget(target: OpenTarget, consent: Consent = NO_CONSENT): Promise<void> {
  const isNewest = openings.begin();
  setState({ opening: target, error: undefined, failed: undefined, dialog: undefined });
  const reply = await invoke('chain:open', { target, consent });
  if (!isNewest()) {
    // Closed or replaced meanwhile: the chain that was opened after all must not stay open.
    if (reply.ok) void invoke('chain:close', { sessionId: reply.value.sessionId });
    return;
  }
  if (!reply.ok) {
    setState({ opening: undefined, error: reply.error, failed: { target, consent } });
    return;
  }
  const chain = reply.value;
  const { size } = chain.chain;
  const guest = getAxis('guest');
  const viewport = isSameDisk(target, size) ? guest.viewport : undefined;
  navigationOf('guest').stop();
  navigationOf('host').stop();
  loadChain(chain.sessionId, size);
  setState({
    ...NO_CHAIN,
    opening: undefined,
    error: undefined, // what failed meanwhile was asked of the chain that was there before
    target,
    consent,
    chain,
    ...foldedGuest(chain),
    axes: { ...closedAxes(getState().axes), guest: openedAxis(guest, size, viewport) },
    message: '', // it was about the chain that was there before
    announcement: `Opened ${titleOf(chain)}, ${layerCountText(chain)}`,
  });
  void invoke('chain:subscribe', { sessionId: chain.sessionId });
  readPartitionsUnasked();
  void refreshApp(); // the list of recent targets: what is shown does not wait for it
}

/** With one layer alone the guest's track shows the same as the layer's: it is folded, and the layer has the focus. */
function foldedGuest({ chain, tracks }: OpenedChain): Partial<Pick<WindowState, 'hidden' | 'focusedTrack'>> {
  const [guest, only] = tracks;
  if (guest === undefined || only?.kind !== 'layer' || tracks.length > 2 || !chain.complete) return {};
  return { hidden: new Set([guest.id]), focusedTrack: only.id };
}

/** Gives up opening: what is open stays. A chain that is opened after all is closed again. */
export function cancelOpening(): void {
  openings.end();
  setState({ opening: undefined });
}

/** True where the same disk is opened again, such as one of its snapshots: the viewport is then kept. */
function isSameDisk(target: OpenTarget, size: number): boolean {
  const { target: shown, chain } = getState();
  if (target.kind !== 'files' || shown?.kind !== 'files' || chain?.chain.size !== size) return false;
  return target.files.at(-1) === shown.files.at(-1);
}

/** Opens what is open again, or what could not be opened, with consent to one more path. */
export function openAllowing(path: string, { target, consent }: Opening = getState()): void {
  if (target !== undefined) void openTarget(target, { ...consent, allow: [...consent.allow, path] });
}

/** Opens what is open again, as it is on disk now. */
export function reloadChain(): void {
  const { target, consent } = getState();
  if (target !== undefined) void openTarget(target, consent);
}

/** Opens what is open again, also where another program has it open for writing. */
export function readAnyway(): void {
  const { target, consent } = getState();
  if (target !== undefined) void openTarget(target, { ...consent, forceShare: true });
}

/** Shows what is open as it was in the internal snapshot of that id or name; without one, the active disk. */
export function showSnapshot(nameOrId?: string): void {
  const { target, consent } = getState();
  if (target?.kind !== 'files') return;
  const { snapshot: _, ...active } = target;
  void openTarget(nameOrId === undefined ? active : { ...active, snapshot: nameOrId }, consent);
}

/**
 * Lets the person choose the file that belongs below the lowest layer, for this session. Several chosen files become a
 * list of layers with these below the others; their order is asked for first.
 */
export async function locateBacking(): Promise<void> {
  const { target, chain, consent } = getState();
  if (chain === undefined || target?.kind !== 'files') return;
  const reply = await invoke('dialog:openFiles', undefined);
  if (!reply.ok) setState({ error: reply.error });
  if (!reply.ok || reply.value.length === 0) return;
  const [file] = reply.value;
  if (reply.value.length === 1 && file !== undefined && target.files.length === 1) return openLocated(file);
  const files = [...reply.value, ...chain.chain.layers.map(layer => layer.path)];
  if (reply.value.length > 1) setState({ dialog: { kind: 'orderLayers', files } });
  else await openTarget({ ...target, files }, consent);
}

/**
 * Opens what is open again with one more file in place of a backing file that could not be opened. One that was chosen
 * before and refused is left out: it would be taken first, and refused again.
 */
export async function openLocated(file: string): Promise<void> {
  const { target, consent, chain } = getState();
  if (target?.kind !== 'files') return;
  const taken = chain?.chain.layers.filter(
    ({ backing }) => backing.located === true && backing.status === 'opened',
  );
  const kept = (target.locate ?? []).slice(0, taken?.length ?? 0);
  await openTarget({ ...target, locate: [...kept, file] }, consent);
}

/** Opens what is open again and reads backing files without a recorded format as one of this. */
export function readBackingAs(backingFormat: 'raw' | 'qcow2'): void {
  const { target, consent } = getState();
  if (target?.kind === 'files') void openTarget({ ...target, backingFormat }, consent);
}

/**
 * Opens what is open, or what could not be opened, and infers the header or L1 table of a layer that lost it: which of
 * several readings, from 1. Without a number everything is shown as it is stored.
 */
export function inferLayout(reading: number | undefined, { target, consent }: Opening = getState()): void {
  if (target?.kind !== 'files') return;
  const { infer: _, ...asStored } = target;
  void openTarget(reading === undefined ? asStored : { ...asStored, infer: reading }, consent);
}

/** Shows the open dialog and opens what was chosen. */
export async function chooseAndOpen(): Promise<void> {
  const reply = await invoke('dialog:openFiles', undefined);
  if (!reply.ok) setState({ error: reply.error });
  else openGivenFiles(reply.value);
}

/** Opens one file by its links; the order of several is asked for first. */
export function openGivenFiles(files: readonly string[]): void {
  if (files.length === 1) void openTarget({ kind: 'files', files });
  else if (files.length > 1) setState({ dialog: { kind: 'orderLayers', files } });
}

/** Closes the chain and returns to the empty state. */
export async function closeChain(): Promise<void> {
  const sessionId = getState().chain?.sessionId;
  openings.end();
  navigationOf('guest').stop();
  navigationOf('host').stop();
  unloadChain();
  setState({
    ...NO_CHAIN,
    axes: closedAxes(getState().axes),
    opening: undefined,
    target: undefined,
    consent: NO_CONSENT,
    error: undefined,
  });
  if (sessionId !== undefined) await invoke('chain:close', { sessionId });
}

/** Requests the recent targets and the samples. Resolves with what came for the window before it asked first. */
export async function refreshApp(): Promise<Arrival | undefined> {
  const reply = await invoke('app:state', undefined);
  if (!reply.ok) {
    setState({ error: reply.error });
    return undefined;
  }
  setState({ app: reply.value, notices: [...getState().notices, ...(reply.value.notices ?? [])] });
  return reply.value.arrival;
}

/** Forgets the recent targets, and what was answered about single images. */
export async function clearRecent(): Promise<void> {
  const reply = await invoke('app:clearRecent', undefined);
  setState({ partitionsAnswers: [] });
  if (reply.ok) await refreshApp();
  else setState({ error: reply.error });
}
