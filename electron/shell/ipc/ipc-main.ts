/** The typed ends of the contract on the main side. No other file touches ipcMain or webContents.send. */
import { type IpcMainInvokeEvent, ipcMain, type WebContents } from 'electron';
import { CALL_NAMES, type CallName, type IpcPushes, type PushName } from '../../../shared/ipc/contract.ts';
import { isAppUrl } from '../window/app-origin.ts';
import { answerCall, type CallHandler, MAX_MESSAGE_BYTES, messageBytes } from './answer.ts';

/** A handler for every call of the contract. A forgotten one fails to compile. */
export type CallHandlers = { readonly [C in CallName]: CallHandler<C> };

/** Called when a call begins and when it ends, with the number of calls still running. */
export type CallWatcher = (name: CallName, running: number) => void;

/**
 * Answers every call with its handler, for one sender only: the main frame of the contents that `contents` gives at
 * that moment, showing our own page. Everyone else gets IPC_UNTRUSTED_SENDER.
 */
export function handleCalls(
  contents: () => WebContents | undefined,
  handlers: CallHandlers,
  watch: CallWatcher,
): void {
  let running = 0;
  const handle = <C extends CallName>(name: C, handler: CallHandler<C>) => {
    ipcMain.handle(name, async (event, value: unknown) => {
      watch(name, ++running);
      const reply = await answerCall(name, handler, isTrusted(event, contents()), value);
      watch(name, --running);
      return reply;
    });
  };
  for (const name of CALL_NAMES) handle(name, handlers[name] as CallHandler<typeof name>);
}

function isTrusted(event: IpcMainInvokeEvent, expected: WebContents | undefined): boolean {
  const frame = event.senderFrame;
  return (
    event.sender === expected && frame !== null && frame === event.sender.mainFrame && isAppUrl(frame.url)
  );
}

/** Sends a push to the window. Dropped when the window is gone; refused with a line on stderr above 1 MiB. */
export function push<P extends PushName>(
  contents: WebContents | undefined,
  name: P,
  payload: IpcPushes[P],
): void {
  if (contents === undefined || contents.isDestroyed()) return;
  if (messageBytes(payload, MAX_MESSAGE_BYTES) > MAX_MESSAGE_BYTES) {
    console.error(
      `cowscope: IPC_TOO_LARGE: A message to the window is larger than 1 MiB and was dropped (${name})`,
    );
    return;
  }
  contents.send(name, payload);
}
