/**
 * The only code between the renderer and Electron. Runs sandboxed in the renderer's process, in an isolated world, and lets
 * through the calls and pushes of the contract by name, nothing else.
 */
import { contextBridge, type IpcRendererEvent, ipcRenderer, webFrame, webUtils } from 'electron';
import { type Bridge, CALL_NAMES, type CallReply, PUSH_NAMES } from '../shared/ipc/contract.ts';
import { fail } from '../shared/result.ts';

const calls: ReadonlySet<string> = new Set(CALL_NAMES);
const pushes: ReadonlySet<string> = new Set(PUSH_NAMES);

const bridge: Bridge = {
  async call(name, args) {
    if (!calls.has(name)) return refused('IPC_UNKNOWN_CALL', 'There is no such call', String(name));
    try {
      return (await ipcRenderer.invoke(name, args)) as CallReply<typeof name>;
    } catch {
      // Main never rejects: what fails here is the carrying, such as an argument that cannot be copied.
      return refused('IPC_FAILED', 'The request could not be carried to the main process', name);
    }
  },
  on(name, listener) {
    if (!pushes.has(name)) return () => {};
    const forward = (_event: IpcRendererEvent, payload: Parameters<typeof listener>[0]) => listener(payload);
    ipcRenderer.on(name, forward);
    return () => {
      ipcRenderer.removeListener(name, forward);
    };
  },
  pathOfDropped(file) {
    try {
      return webUtils.getPathForFile(file as File);
    } catch {
      return '';
    }
  },
};

function refused(code: string, what: string, subject: string) {
  return fail({ code, what, subject, advice: 'please report this with the steps that led here' });
}

/** What a page can reach others with past its content policy. None of it is there when the renderer's scripts begin. */
const CONNECTORS = ['RTCPeerConnection', 'webkitRTCPeerConnection', 'WebTransport', 'WebSocket'];
/** Keeps the renderer from going anywhere: Electron does not ask about about:blank (its will-navigate). */
const STAY =
  "globalThis.navigation.addEventListener('navigate', event => event.navigationType === 'reload' || event.preventDefault());";

contextBridge.exposeInMainWorld('cowscope', bridge);
void webFrame.executeJavaScript(CONNECTORS.map(name => `delete globalThis.${name};`).join('') + STAY);
