/** Opening and closing a chain. */

import type { Consent, OpenTarget } from '../../shared/ipc/contract.ts';
import { call } from '../bridge/bridge.ts';
import { NO_HISTORY, visit } from './history.ts';
import { beginSession, endSession } from './session.ts';
import { NO_CHAIN, NO_CONSENT, now, set } from './store.ts';
import { wholeAxis } from './viewport.ts';

let attempt = 0;

/** Opens a target in place of what is open. When it fails, what is open stays and the error is shown. */
export async function openTarget(target: OpenTarget, consent: Consent = NO_CONSENT): Promise<void> {
  const mine = ++attempt;
  set({ opening: target, error: undefined, dialog: undefined });
  const reply = await call('chain:open', { target, consent });
  if (mine !== attempt) {
    // Closed or replaced meanwhile: what was opened after all must not stay.
    if (reply.ok) void call('chain:close', { session: reply.value.session });
    return;
  }
  if (!reply.ok) {
    set({ opening: undefined, error: reply.error });
    return;
  }
  const chain = reply.value;
  const { size } = chain.chain;
  beginSession(chain.session, size);
  const viewport = wholeAxis({ size, width: 0 });
  set({
    ...NO_CHAIN,
    opening: undefined,
    target,
    consent,
    chain,
    viewport,
    history: visit(NO_HISTORY, viewport),
    announcement: `Opened ${chain.tracks[1]?.title ?? 'the image'}, ${chain.chain.layers.length} layers`,
  });
  await refreshApp();
}

/** Opens what is open again, with consent to one more path. */
export function openAllowing(path: string): void {
  const { target, consent } = now();
  if (target !== undefined) void openTarget(target, { ...consent, allow: [...consent.allow, path] });
}

/** Shows the open dialog and opens what was chosen. */
export async function chooseAndOpen(): Promise<void> {
  const reply = await call('dialog:openFiles', undefined);
  if (!reply.ok) set({ error: reply.error });
  else openFiles(reply.value);
}

/** Opens one file by its links; several go through the arrange dialog first. */
export function openFiles(files: readonly string[]): void {
  if (files.length === 1) void openTarget({ kind: 'files', files });
  else if (files.length > 1) set({ dialog: { kind: 'arrange', files } });
}

/** Closes the chain and returns to the empty state. */
export async function closeChain(): Promise<void> {
  const session = now().chain?.session;
  attempt++;
  endSession();
  set({ ...NO_CHAIN, opening: undefined, target: undefined, consent: NO_CONSENT, error: undefined });
  if (session !== undefined) await call('chain:close', { session });
}

/** Asks what the window needs to know at start: the recent targets and the samples. */
export async function refreshApp(): Promise<void> {
  const reply = await call('app:state', undefined);
  if (reply.ok) set({ app: reply.value });
  else set({ error: reply.error });
}

/** Forgets the recent targets. */
export async function clearRecent(): Promise<void> {
  const reply = await call('app:clearRecent', undefined);
  if (reply.ok) await refreshApp();
  else set({ error: reply.error });
}
