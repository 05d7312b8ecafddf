import { EventEmitter } from 'node:events';
import { expect, test, vi } from 'vitest';
import type { Bridge, CallName, PushName } from '../../shared/ipc/contract.ts';

const exposed = new Map<string, unknown>();
const ipcRenderer = Object.assign(new EventEmitter(), {
  invoke: vi.fn(async (name: string, args: unknown) => {
    if (args === 'cannot be copied') throw new Error('An object could not be cloned.');
    return { ok: true, value: [name, args] };
  }),
});
const executeJavaScript = vi.fn(async (_code: string) => {});
vi.mock('electron', () => ({
  webFrame: { executeJavaScript },
  contextBridge: { exposeInMainWorld: (name: string, value: unknown) => exposed.set(name, value) },
  ipcRenderer,
  webUtils: {
    getPathForFile(file: { path?: string }) {
      if (typeof file !== 'object' || file === null) throw new TypeError('not a File');
      return file.path ?? '';
    },
  },
}));
await import('../../electron/preload.ts');
const bridge = exposed.get('cowscope') as Bridge;

test('the page gets three functions and nothing else', () => {
  expect([...exposed.keys()]).toEqual(['cowscope']);
  expect(Object.keys(bridge).sort()).toEqual(['call', 'on', 'pathOfDropped']);
});

test('the page has nothing to reach others with when its scripts begin, and goes nowhere', () => {
  const [[code = ''] = []] = executeJavaScript.mock.calls;
  const names = ['RTCPeerConnection', 'webkitRTCPeerConnection', 'WebTransport', 'WebSocket'];
  const navigation = new EventTarget();
  const page: Record<string, unknown> = {
    navigation,
    ...Object.fromEntries(names.map(name => [name, class {}])),
  };
  new Function('globalThis', code)(page);
  expect(page).toEqual({ navigation });
  for (const [navigationType, stays] of [
    ['push', true],
    ['replace', true],
    ['traverse', true],
    ['reload', false],
  ] as const) {
    const event = Object.assign(new Event('navigate', { cancelable: true }), { navigationType });
    navigation.dispatchEvent(event);
    expect(event.defaultPrevented, navigationType).toBe(stays);
  }
});

test('calls of the contract are carried, others never leave', async () => {
  expect(await bridge.call('app:idle', undefined)).toEqual({ ok: true, value: ['app:idle', undefined] });
  ipcRenderer.invoke.mockClear();
  for (const name of [
    'shell:exec',
    'ELECTRON_BROWSER_REQUIRE',
    '__proto__',
    'constructor',
  ] as unknown as CallName[]) {
    expect(await bridge.call(name, undefined)).toMatchObject({
      ok: false,
      error: { code: 'IPC_UNKNOWN_CALL' },
    });
  }
  expect(ipcRenderer.invoke).not.toHaveBeenCalled();
});

test('a call that cannot be carried is an error as data', async () => {
  const reply = await bridge.call('app:idle', 'cannot be copied' as unknown as undefined);
  expect(reply).toMatchObject({ ok: false, error: { code: 'IPC_FAILED', subject: 'app:idle' } });
});

test('pushes arrive without the event until the listener is taken off', () => {
  const seen: unknown[] = [];
  const off = bridge.on('app:command', (...given) => seen.push(given));
  ipcRenderer.emit('app:command', { sender: 'secret' }, { id: 'fit' });
  off();
  ipcRenderer.emit('app:command', {}, { id: 'fit' });
  expect(seen).toEqual([[{ id: 'fit' }]]);
});

test('a push that is not of the contract cannot be listened to', () => {
  bridge.on('ELECTRON_INTERNAL' as PushName, () => {})();
  expect(ipcRenderer.listenerCount('ELECTRON_INTERNAL')).toBe(0);
});

test('a dropped thing without a path is an empty path', () => {
  expect(bridge.pathOfDropped({ path: '/a' })).toBe('/a');
  expect(bridge.pathOfDropped({})).toBe('');
  expect(bridge.pathOfDropped('text')).toBe('');
});
