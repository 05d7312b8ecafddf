/** The window's only way out: typed calls to the main process, and its pushes. */
import { errorRecord } from '../../shared/error.ts';
import type {
  Bridge,
  CallArgs,
  CallName,
  CallReply,
  IpcPushes,
  PushName,
} from '../../shared/ipc/contract.ts';
import { fail } from '../../shared/result.ts';

declare global {
  interface Window {
    /** Put there by the preload. */
    readonly cowscope?: Bridge;
  }
}

const NO_BRIDGE = {
  code: 'WINDOW_NO_BRIDGE',
  what: 'This page is not running inside cowscope, so nothing can be read',
  subject: '',
  advice: 'start cowscope and open the image from there',
} as const;

/** The reply to a call. Never rejects: what goes wrong on the way is an error record as well. */
export async function invoke<C extends CallName>(name: C, args: CallArgs<C>): Promise<CallReply<C>> {
  if (window.cowscope === undefined) return fail(NO_BRIDGE);
  try {
    return await window.cowscope.call(name, args);
  } catch (thrown) {
    return fail(errorRecord(thrown));
  }
}

/** Listens to a push until the returned function is called. */
export function listenToPush<P extends PushName>(
  name: P,
  listener: (payload: IpcPushes[P]) => void,
): () => void {
  return window.cowscope?.on(name, listener) ?? (() => {});
}

/** The path of a dropped file, empty when it has none. */
export function pathOfDropped(file: File): string {
  return window.cowscope?.pathOfDropped(file) ?? '';
}
