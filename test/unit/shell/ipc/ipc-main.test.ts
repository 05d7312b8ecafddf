import type { WebContents } from 'electron';
import { beforeEach, expect, test, vi } from 'vitest';
import { CALL_NAMES, type CallName } from '../../../../shared/ipc/contract.ts';

const listeners = new Map<string, (event: unknown, value: unknown) => Promise<unknown>>();
vi.mock('electron', () => ({
  ipcMain: { handle: (name: string, listener: () => Promise<unknown>) => listeners.set(name, listener) },
}));
const { handleCalls, push } = await import('../../../../electron/shell/ipc/ipc-main.ts');
type Handlers = Parameters<typeof handleCalls>[1];

const mainFrame = { url: 'app://cowscope/index.html' };
const sent: unknown[] = [];
let destroyed = false;
const contents = {
  mainFrame,
  isDestroyed: () => destroyed,
  send: (...message: unknown[]) => sent.push(message),
} as unknown as WebContents;
const calls: string[] = [];
const watched: string[] = [];

beforeEach(() => {
  sent.length = 0;
  calls.length = 0;
  watched.length = 0;
  destroyed = false;
  const handlers = Object.fromEntries(
    CALL_NAMES.map(name => [
      name,
      () => {
        calls.push(name);
        return null;
      },
    ]),
  ) as unknown as Handlers;
  handleCalls(
    () => contents,
    handlers,
    (name, running) => watched.push(`${name} ${running}`),
  );
});

const invoke = (name: CallName, event: unknown, value?: unknown) => listeners.get(name)?.(event, value);

test('every call of the contract is answered, and no other', () => {
  expect([...listeners.keys()].sort()).toEqual([...CALL_NAMES].sort());
});

test('our page is answered, and the call is watched from begin to end', async () => {
  expect(await invoke('app:idle', { sender: contents, senderFrame: mainFrame })).toEqual({
    ok: true,
    value: null,
  });
  expect(calls).toEqual(['app:idle']);
  expect(watched).toEqual(['app:idle 1', 'app:idle 0']);
});

test.each([
  ['another window', { sender: { mainFrame }, senderFrame: mainFrame }],
  ['a frame in the window', { sender: contents, senderFrame: { url: 'app://cowscope/index.html' } }],
  ['a frame that is gone', { sender: contents, senderFrame: null }],
])('%s is refused on every call', async (_who, event) => {
  for (const name of CALL_NAMES) {
    expect(await invoke(name, event)).toMatchObject({ ok: false, error: { code: 'IPC_UNTRUSTED_SENDER' } });
  }
  expect(calls).toEqual([]);
});

test('a page of another origin in the main frame is refused', async () => {
  mainFrame.url = 'https://cowscope.example/index.html';
  try {
    const reply = await invoke('app:idle', { sender: contents, senderFrame: mainFrame });
    expect(reply).toMatchObject({ ok: false, error: { code: 'IPC_UNTRUSTED_SENDER' } });
  } finally {
    mainFrame.url = 'app://cowscope/index.html';
  }
});

test('a push goes to the window while there is one', () => {
  push(contents, 'app:command', { id: 'fit' });
  expect(sent).toEqual([['app:command', { id: 'fit' }]]);
  destroyed = true;
  push(contents, 'app:command', { id: 'fit' });
  push(undefined, 'app:command', { id: 'fit' });
  expect(sent).toHaveLength(1);
});

test('a push above 1 MiB is dropped with one line', () => {
  const complain = vi.spyOn(console, 'error').mockImplementation(() => {});
  push(contents, 'app:command', { id: 'x'.repeat(2 ** 20) });
  expect(sent).toEqual([]);
  expect(complain.mock.calls).toEqual([[expect.stringMatching(/^cowscope: IPC_TOO_LARGE: [^\n]*$/)]]);
  complain.mockRestore();
});
