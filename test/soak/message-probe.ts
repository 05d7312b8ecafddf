/** How large the messages between the main process and the window are. */
import type { ElectronApplication } from '@playwright/test';

/** Looks at every answer and push from now on. Costs the main thread time: not while that is measured. */
export async function installMessageProbe(app: ElectronApplication): Promise<void> {
  await app.evaluate(({ ipcMain, BrowserWindow }) => {
    const { serialize } = process.getBuiltinModule('node:v8');
    const probe = { largest: 0, messages: 0, failures: [] as string[] };
    const look = (values: readonly unknown[]) => {
      probe.messages++;
      // What crosses is a structured clone, which Node writes in the same form.
      for (const value of values) probe.largest = Math.max(probe.largest, serialize(value).byteLength);
    };
    type Handler = (event: unknown, ...args: unknown[]) => unknown;
    // Not public, and the only place where a handler can be found again.
    const { _invokeHandlers: handlers } = ipcMain as unknown as { _invokeHandlers: Map<string, Handler> };
    for (const [name, handler] of handlers)
      handlers.set(name, async (event, ...args) => {
        const reply = await handler(event, ...args);
        look([...args, reply]);
        const { error } = reply as { error?: { code: string; what: string } };
        if (error !== undefined) probe.failures.push(`${name}: ${error.code}, ${error.what}`);
        return reply;
      });
    const contents = BrowserWindow.getAllWindows()[0]?.webContents;
    if (contents === undefined) throw new Error('there is no window');
    const send = contents.send.bind(contents);
    contents.send = (channel, ...args) => {
      look(args);
      send(channel, ...args);
    };
    Object.assign(globalThis, { soakMessages: probe });
  });
}

/** What was seen since the probe was installed. */
export interface Messages {
  /** Bytes of the largest. */
  readonly largest: number;
  readonly messages: number;
  /** Calls that were answered with an error, in words. */
  readonly failures: readonly string[];
}

/** The messages since the probe was installed. */
export function messagesSeen(app: ElectronApplication): Promise<Messages> {
  return app.evaluate(() => (globalThis as unknown as { soakMessages: Messages }).soakMessages);
}
