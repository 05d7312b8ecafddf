/** The window uses no network: every call of the program and its children is looked at, by strace. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { golden } from '../../examples/recipes.mjs';
import { expect, opened, test } from './app.ts';

/** Sockets of this machine that the program may connect to: the display's, D-Bus, the name service's, our own. */
const LOCAL = [
  /^@?\/tmp\/\.X11-unix\//,
  /\/wayland-\d+$/,
  /^@?.*\bdbus\b|\/bus$/,
  /^\/(?:var\/)?run\/(?:nscd|systemd)\//,
  new RegExp(`^${tmpdir()}/cow-\\w+/s$`),
  /^\/proc\/self\/fd\/\d+\/\d+$/,
];

const strange = (paths: readonly string[]) => paths.filter(path => !LOCAL.some(known => known.test(path)));

test('a start asks for no network: no name, no address, no connection', async ({ run, tracing, folder }) => {
  tracing.begin();
  expect(await run(`--screenshot=${join(folder, 'empty.png')}`)).toMatchObject({ code: 0 });
  const { network, local } = await tracing.use();
  expect(network).toEqual([]);
  expect(local.length).toBeGreaterThan(0); // the trace has seen the display
  expect(strange(local)).toEqual([]);
});

test('a start with an image asks for no network either, and reaches its qemu-nbd by private sockets', async ({
  run,
  tracing,
  folder,
  make,
}) => {
  const [, , top] = await make(golden);
  tracing.begin();
  const words = [`--screenshot=${join(folder, 'chain.png')}`, top as string];
  expect(await run(...words)).toMatchObject({ code: 0 });
  const { network, local } = await tracing.use();
  expect(network).toEqual([]);
  expect(local.some(path => path.startsWith(join(tmpdir(), 'cow-')))).toBe(true);
  expect(strange(local)).toEqual([]);
});

test('a window that stays and takes a second launch asks for no network', async ({
  start,
  run,
  tracing,
  make,
}) => {
  const [, , top] = await make(golden);
  tracing.begin();
  const { app, page } = await start();
  tracing.isOn = false;
  expect(await run(top as string)).toMatchObject({ code: 0 });
  await opened(page);
  await app.close();
  const { network, local } = await tracing.use();
  expect(network).toEqual([]);
  expect(strange(local)).toEqual([]);
});

test('the trace sees what the window itself would ask of the network', async ({ start, tracing }) => {
  tracing.begin();
  const { app } = await start();
  await app.evaluate(async () => {
    const [net, dgram] = [process.getBuiltinModule('node:net'), process.getBuiltinModule('node:dgram')];
    const socket = dgram.createSocket('udp4');
    await new Promise(resolve => socket.send('x', 9, '127.0.0.1', resolve));
    socket.close();
    await new Promise(resolve =>
      net
        .connect(9, '127.0.0.1')
        .once('close', resolve)
        .once('error', () => {}),
    );
  });
  await app.close();
  const { network, wire } = await tracing.use();
  expect(network.filter(line => /sin_port=htons\(9\)/.test(line)).length).toBeGreaterThanOrEqual(2);
  expect(wire.some(line => /\bsend\w*\(\d+<UDP/.test(line))).toBe(true);
  expect(wire.some(line => /\bconnect\(\d+<TCP/.test(line))).toBe(true);
});

test('a page that tries to get out reaches nothing and asks the system for nothing', async ({
  start,
  tracing,
}) => {
  tracing.begin();
  const { app, page } = await start();
  const home = page.url();
  const outcome = await page.evaluate(async () => {
    const wait = (time: number) => new Promise(resolve => setTimeout(resolve, time));
    const settled = (promise: Promise<unknown>) =>
      Promise.race([promise.then(() => 'reached'), wait(3000).then(() => 'no answer')]).catch(
        () => 'refused',
      );
    const names = ['RTCPeerConnection', 'webkitRTCPeerConnection', 'WebTransport', 'WebSocket'];
    const connectors = names.filter(name => name in globalThis);
    const addresses = [
      'https://203.0.113.1/',
      'http://127.0.0.1:9/',
      'https://host.example/',
      'ftp://host.example/',
    ];
    const fetched = await Promise.all(addresses.map(address => settled(fetch(address))));
    const streams = await Promise.all(
      addresses.slice(0, 3).map(address =>
        settled(
          new Promise((resolve, reject) => {
            const source = new EventSource(address);
            source.onopen = resolve;
            source.onerror = reject;
          }),
        ),
      ),
    );
    for (const rel of [
      'preconnect',
      'prefetch',
      'preload',
      'modulepreload',
      'icon',
      'manifest',
      'stylesheet',
      'prerender',
    ]) {
      const link = document.createElement('link');
      Object.assign(link, { rel, href: `https://203.0.113.2/${rel}`, as: 'image' });
      document.head.append(link);
    }
    const picture = new Image();
    picture.src = 'https://host.example/picture.png';
    navigator.sendBeacon('https://203.0.113.3/', 'x');
    const form = document.createElement('form');
    Object.assign(form, { action: 'https://203.0.113.4/', method: 'post' });
    document.body.append(form);
    form.submit();
    for (const address of [
      ...addresses,
      'about:blank',
      'about:srcdoc',
      'data:text/html,x',
      'file:///etc/passwd',
      'javascript:1',
    ]) {
      const link = document.createElement('a');
      Object.assign(link, { href: address, ping: 'https://203.0.113.5/' });
      document.body.append(link);
      link.click();
      link.remove();
      window.location.assign(address);
      await wait(50);
    }
    await wait(500);
    return { connectors, fetched: new Set(fetched).size === 1 && fetched[0], streams };
  });
  expect(outcome).toEqual({ connectors: [], fetched: 'refused', streams: ['refused', 'refused', 'refused'] });
  expect(page.url()).toBe(home);
  expect(await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().length)).toBe(1);
  await app.close();
  const { network, local } = await tracing.use();
  expect(network).toEqual([]);
  expect(strange(local)).toEqual([]);
});

test('what a page can do behind its own back puts nothing on a wire', async ({ start, tracing }) => {
  tracing.begin();
  const { app, page } = await start();
  const reached = await page.evaluate(async () => {
    const wait = (time: number) => new Promise(resolve => setTimeout(resolve, time));
    const hint = document.createElement('link');
    Object.assign(hint, { rel: 'dns-prefetch', href: '//host.example' });
    document.head.append(hint);
    // A frame has a separate JavaScript world, in which no script of ours has run.
    const frame = document.createElement('iframe');
    document.body.append(frame);
    const inner = frame.contentWindow as (Window & { RTCPeerConnection?: typeof RTCPeerConnection }) | null;
    const Peer = inner?.RTCPeerConnection;
    if (Peer === undefined) return 'no peers';
    const servers = [
      'stun:203.0.113.7',
      'turn:203.0.113.8?transport=tcp',
      'turn:203.0.113.9',
      'turns:turn.example',
    ];
    const iceServers = servers.map(urls => ({ urls, username: 'a', credential: 'b' }));
    const [one, other] = [new Peer({ iceServers }), new Peer({ iceServers })];
    const candidates: string[] = [];
    one.onicecandidate = ({ candidate }) => candidates.push(candidate?.candidate ?? '');
    one.createDataChannel('x');
    await one.setLocalDescription(await one.createOffer());
    await other.setRemoteDescription(one.localDescription as RTCSessionDescription);
    await other.setLocalDescription(await other.createAnswer());
    await one.setRemoteDescription(other.localDescription as RTCSessionDescription);
    for (const way of [
      'udp 2113937151 203.0.113.10 4443 typ host',
      'tcp 1518280447 203.0.113.10 443 typ host tcptype passive',
    ])
      await one
        .addIceCandidate({ candidate: `candidate:1 1 ${way}`, sdpMid: '0', sdpMLineIndex: 0 })
        .catch(() => {});
    await wait(2000);
    return candidates.filter(text => text !== '').length;
  });
  expect(['no peers', 0]).toContain(reached);
  await app.close();
  const { wire } = await tracing.use();
  expect(wire).toEqual([]);
});
