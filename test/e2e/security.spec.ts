/** The page is a stranger: whatever runs in it reaches nothing but the contract. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { isRoot } from '../../build/launch-electron.mjs';
import type { Bridge, CallName } from '../../shared/ipc/contract.ts';
import { expect, test } from './app.ts';

declare const window: Window & { readonly cowscope: Bridge };

test('the page has no Node and no Electron, only the bridge', async ({ start }) => {
  const { app, page } = await start();
  const found = await page.evaluate(() => ({
    node: ['require', 'process', 'module', 'global', 'Buffer', 'electron', 'ipcRenderer'].filter(
      name => name in window,
    ),
    bridge: Object.keys(window.cowscope).sort(),
    // Functions of a world that is not isolated would bring their own Function along.
    ours: Object.values(window.cowscope).every(member => member.constructor === Function),
    sharedMemory: 'SharedArrayBuffer' in window,
  }));
  expect(found).toEqual({
    node: [],
    bridge: ['call', 'on', 'pathOfDropped'],
    ours: true,
    sharedMemory: false,
  });
  // Given by the launcher where nothing else works, and only there: the program never turns the sandbox off.
  const noSandbox = await app.evaluate(({ app: electron }) => electron.commandLine.hasSwitch('no-sandbox'));
  expect(noSandbox).toBe(isRoot());
});

test('the window has the preferences that Electron’s security checklist asks for', async ({ start }) => {
  const { app } = await start();
  const preferences = await app.evaluate(({ BrowserWindow }) => {
    // Not among Electron's types: what the page's process was really started with.
    const contents = BrowserWindow.getAllWindows()[0]?.webContents as unknown as {
      getLastWebPreferences(): Record<string, unknown>;
    };
    return contents.getLastWebPreferences();
  });
  expect(preferences).toMatchObject({
    sandbox: true,
    contextIsolation: true,
    nodeIntegration: false,
    nodeIntegrationInSubFrames: false,
    webviewTag: false,
    webSecurity: true,
    allowRunningInsecureContent: false,
    experimentalFeatures: false,
  });
  // Left out where they are off.
  expect(preferences.nodeIntegrationInWorker ?? false).toBe(false);
  expect(preferences.enableBlinkFeatures ?? '').toBe('');
});

test('an argument of 100 MB is refused, and the window goes on', async ({ start }) => {
  const { page } = await start();
  const codes = await page.evaluate(async () => {
    const ask = async (name: CallName, args: unknown) => {
      const reply = await window.cowscope.call(name, args as undefined);
      return reply.ok ? 'answered' : reply.error.code;
    };
    const large = 'x'.repeat(100_000_000);
    const consent = { allow: [], allowAll: false };
    return [
      await ask('chain:open', { target: { kind: 'files', files: [large] }, consent }),
      await ask('chain:open', {
        target: { kind: 'files', files: ['/x'] },
        consent,
        more: new Uint8Array(1e8),
      }),
      await ask('app:clearRecent', large),
      await ask('app:state', undefined),
    ];
  });
  expect(codes).toEqual(['IPC_BAD_ARGUMENT', 'IPC_BAD_ARGUMENT', 'IPC_BAD_ARGUMENT', 'answered']);
});

test('calls outside the contract and arguments outside their bounds are refused', async ({ start }) => {
  const { page } = await start();
  const codes = await page.evaluate(async () => {
    const ask = async (name: string, args: unknown) => {
      const reply = await window.cowscope.call(name as CallName, args as undefined);
      return reply.ok ? 'answered' : reply.error.code;
    };
    return [
      await ask('shell:openPath', '/etc/passwd'),
      await ask('chain:open', {
        target: { kind: 'files', files: [] },
        consent: { allow: [], allowAll: false },
      }),
      await ask('chain:open', {
        target: { kind: 'files', files: ['/etc/hostname'] },
        consent: { allow: ['/etc/passwd'], allowAll: false },
      }),
      await ask('chain:open', {
        target: { kind: 'files', files: ['/etc/hostname'] },
        consent: { allow: [], allowAll: true },
      }),
      await ask('chain:tiles', { sessionId: 1, level: 0, first: 0, count: 1e9 }),
      await ask('chain:inspect', { sessionId: 12345, offset: 0 }),
      await ask('app:state', undefined),
    ];
  });
  expect(codes).toEqual([
    'IPC_UNKNOWN_CALL',
    'IPC_BAD_ARGUMENT',
    'IPC_NOT_ASKED',
    'IPC_NOT_ASKED',
    'IPC_BAD_ARGUMENT',
    'IPC_NO_SESSION',
    'answered',
  ]);
});

test('another window gets no answer, even with our preload and our page', async ({ start }) => {
  const { app } = await start();
  const preload = join(import.meta.dirname, '../../dist/preload.cjs');
  const code = await app.evaluate(async ({ BrowserWindow }, path) => {
    const other = new BrowserWindow({ show: false, webPreferences: { preload: path, sandbox: true } });
    try {
      await other.loadURL('app://cowscope/index.html');
      const ask =
        "window.cowscope.call('app:state', undefined).then(reply => reply.ok ? 'answered' : reply.error.code)";
      return (await other.webContents.executeJavaScript(ask)) as string;
    } finally {
      other.destroy();
    }
  }, preload);
  expect(code).toBe('IPC_UNTRUSTED_SENDER');
});

test('the page goes nowhere and opens nothing', async ({ start }) => {
  const { app, page } = await start();
  const home = page.url();
  expect(home).toBe('app://cowscope/index.html');
  for (const address of [
    'https://example.invalid/',
    'file:///etc/passwd',
    'data:text/html,x',
    'app://other/index.html',
  ]) {
    await page.evaluate(to => {
      const link = document.createElement('a');
      link.href = to;
      document.body.append(link);
      link.click();
      link.remove();
      window.location.assign(to);
    }, address);
  }
  const opened = await page.evaluate(() => window.open('app://cowscope/index.html') !== null);
  expect(opened).toBe(false);
  expect(page.url()).toBe(home);
  expect(await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().length)).toBe(1);
});

test('the page runs no script but its own and cannot frame anything', async ({ start }) => {
  const { page } = await start();
  const ran = await page.evaluate(async () => {
    const marks: string[] = [];
    Object.assign(window, { mark: (name: string) => marks.push(name) });
    const inline = document.createElement('script');
    inline.textContent = "mark('inline')";
    const data = document.createElement('script');
    data.src = "data:text/javascript,mark('data')";
    const image = document.createElement('img');
    image.setAttribute('onerror', "mark('handler')");
    image.src = 'app://cowscope/absent.png';
    const frame = document.createElement('iframe');
    frame.src = 'app://cowscope/index.html';
    document.body.append(inline, data, image, frame);
    await new Promise(resolve => setTimeout(resolve, 300));
    let framed = true;
    try {
      framed = frame.contentDocument?.getElementById('root') != null;
    } catch {
      framed = false;
    }
    for (const element of [inline, data, image, frame]) element.remove();
    return { marks, framed };
  });
  expect(ran).toEqual({ marks: [], framed: false });
});

test('the page has no network and no permissions', async ({ start }) => {
  const { app, page } = await start();
  let requests = 0;
  const server = createServer((_request, answer) => {
    requests++;
    answer.end('x');
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/x.png`;
  try {
    const outcome = await page.evaluate(async url => {
      const settled = (promise: Promise<unknown>) =>
        promise.then(
          () => 'reached',
          () => 'refused',
        );
      const image = document.createElement('img');
      const loaded = new Promise<unknown>((resolve, reject) => {
        image.onload = resolve;
        image.onerror = reject;
      });
      image.src = url;
      return {
        fetch: await settled(fetch(url)),
        own: await settled(fetch('app://cowscope/index.html')),
        image: await settled(loaded),
        beacon: navigator.sendBeacon(url) ? 'sent' : 'refused',
        location: (await navigator.permissions.query({ name: 'geolocation' })).state,
        notify: Notification.permission,
      };
    }, address);
    expect(outcome).toMatchObject({
      fetch: 'refused',
      own: 'refused',
      image: 'refused',
      location: 'denied',
      notify: 'denied',
    });
    // The session refuses too, so that a gap in the page's policy would lead nowhere.
    const session = await app.evaluate(
      ({ session: { defaultSession } }, url) =>
        defaultSession.fetch(url).then(
          () => 'reached',
          () => 'refused',
        ),
      address,
    );
    expect(session).toBe('refused');
    expect(requests).toBe(0);
  } finally {
    server.close();
  }
});

test('app:// serves the page with its policy and nothing beside it', async ({ start }) => {
  const { app } = await start();
  const answers = await app.evaluate(async ({ session: { defaultSession } }) => {
    const get = async (address: string) => {
      const answer = await defaultSession.fetch(address, { bypassCustomProtocolHandlers: false });
      return { status: answer.status, policy: answer.headers.get('content-security-policy') };
    };
    return {
      page: await get('app://cowscope/index.html'),
      others: await Promise.all(
        [
          'app://cowscope/../main.cjs',
          'app://cowscope/%2e%2e/preload.cjs',
          'app://cowscope/..%2f..%2fpackage.json',
        ].map(async address => (await get(address)).status),
      ),
    };
  });
  expect(answers.page.status).toBe(200);
  expect(answers.page.policy).toMatch(/^default-src 'none'; script-src 'self'; style-src 'self';/);
  expect(answers.others).toEqual([404, 404, 404]);
});
