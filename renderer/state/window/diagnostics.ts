/** What a bug report needs, on the clipboard. */
import { invoke } from '../../bridge/bridge.ts';
import { copyText } from '../selection/track-actions.ts';
import { setState } from '../store.ts';

/** Copies versions, the system and the log; none of it names what was opened. */
export async function copyDiagnostics(): Promise<void> {
  const reply = await invoke('app:diagnostics', undefined);
  if (reply.ok) await copyText(reply.value);
  else setState({ error: reply.error });
}
