/** Opening and closing a chain. */

import type { Consent, OpenTarget } from '../../../shared/model/target.ts';
import { wholeAxis } from '../../axis/viewport.ts';
import { invoke } from '../../bridge/bridge.ts';
import { NO_HISTORY, visit } from '../navigation/history.ts';
import { getState, NO_CHAIN, NO_CONSENT, type Store, setState } from '../store.ts';
import { beginSession, endSession } from './chain-data.ts';
import { titleOf } from './snapshots.ts';

type Opening = Pick<Store, 'target' | 'consent'>;

let attempt = 0;

/** Opens a target in place of what is open. When it fails, what is open stays and the error is shown. */
export async function openTarget(target: OpenTarget, consent: Consent = NO_CONSENT): Promise<void> {
  const mine = ++attempt;
  setState({ opening: target, error: undefined, failed: undefined, dialog: undefined });
  const reply = await invoke('chain:open', { target, consent });
  if (mine !== attempt) {
    // Closed or replaced meanwhile: what was opened after all must not stay.
    if (reply.ok) void invoke('chain:close', { sessionId: reply.value.sessionId });
    return;
  }
  if (!reply.ok) {
    setState({ opening: undefined, error: reply.error, failed: { target, consent } });
    return;
  }
  const chain = reply.value;
  const { size } = chain.chain;
  beginSession(chain.sessionId, size);
  const viewport = stays(target, size) ? getState().viewport : wholeAxis({ size, width: 0 });
  setState({
    ...NO_CHAIN,
    opening: undefined,
    target,
    consent,
    chain,
    viewport,
    history: visit(NO_HISTORY, viewport),
    announcement: `Opened ${titleOf(chain)}, ${chain.chain.layers.length} layers`,
  });
  await refreshApp();
}

/** True where the same disk is opened again, such as one of its snapshots: the place looked at is then kept. */
function stays(target: OpenTarget, size: number): boolean {
  const { target: shown, chain } = getState();
  if (target.kind !== 'files' || shown?.kind !== 'files' || chain?.chain.size !== size) return false;
  return target.files.at(-1) === shown.files.at(-1);
}

/** Opens what is open again, or what could not be opened, with consent to one more path. */
export function openAllowing(path: string, { target, consent }: Opening = getState()): void {
  if (target !== undefined) void openTarget(target, { ...consent, allow: [...consent.allow, path] });
}

/** Shows what is open as the internal snapshot of that id or name was; without one, the active disk. */
export function showSnapshot(word?: string): void {
  const { target, consent } = getState();
  if (target?.kind !== 'files') return;
  const { snapshot: _, ...active } = target;
  void openTarget(word === undefined ? active : { ...active, snapshot: word }, consent);
}

/**
 * Lets the person choose the file that belongs below the lowest layer, and opens the chain as a list of files with it
 * as the base. Several chosen files are arranged first.
 */
export async function locateBacking(): Promise<void> {
  const { target, chain, consent } = getState();
  if (chain === undefined || target?.kind !== 'files') return;
  const reply = await invoke('dialog:openFiles', undefined);
  if (!reply.ok) setState({ error: reply.error });
  if (!reply.ok || reply.value.length === 0) return;
  const files = [...reply.value, ...chain.chain.layers.map(layer => layer.path)];
  if (reply.value.length > 1) setState({ dialog: { kind: 'arrange', files } });
  else await openTarget({ ...target, files }, consent);
}

/** Shows the open dialog and opens what was chosen. */
export async function chooseAndOpen(): Promise<void> {
  const reply = await invoke('dialog:openFiles', undefined);
  if (!reply.ok) setState({ error: reply.error });
  else openFiles(reply.value);
}

/** Opens one file by its links; several go through the arrange dialog first. */
export function openFiles(files: readonly string[]): void {
  if (files.length === 1) void openTarget({ kind: 'files', files });
  else if (files.length > 1) setState({ dialog: { kind: 'arrange', files } });
}

/** Closes the chain and returns to the empty state. */
export async function closeChain(): Promise<void> {
  const sessionId = getState().chain?.sessionId;
  attempt++;
  endSession();
  setState({ ...NO_CHAIN, opening: undefined, target: undefined, consent: NO_CONSENT, error: undefined });
  if (sessionId !== undefined) await invoke('chain:close', { sessionId });
}

/** Asks what the window needs to know: the recent targets, the samples, and at start what to open, which it then does. */
export async function refreshApp(): Promise<void> {
  const reply = await invoke('app:state', undefined);
  if (!reply.ok) return setState({ error: reply.error });
  setState({ app: reply.value });
  if (reply.value.open !== undefined) void openTarget(reply.value.open);
}

/** Forgets the recent targets. */
export async function clearRecent(): Promise<void> {
  const reply = await invoke('app:clearRecent', undefined);
  if (reply.ok) await refreshApp();
  else setState({ error: reply.error });
}
