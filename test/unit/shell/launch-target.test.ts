import { expect, test } from 'vitest';
import { checkRequest, launchArguments, parseLaunch } from '../../../electron/shell/launch-target.ts';
import { CowscopeError } from '../../../shared/error.ts';

const none = { allow: [], allowAll: false };
const launch = (...args: string[]) => parseLaunch(args, '/here');
const targetOf = (...args: string[]) => {
  const { request } = launch(...args);
  return request?.kind === 'target' ? request.target : undefined;
};

test('nothing asks for the empty window', () => {
  expect(launch()).toEqual({});
});

test('files become absolute and keep their order: a chain, base first', () => {
  expect(launch('base.qcow2', '../mid', '/top')).toEqual({
    request: {
      kind: 'target',
      target: { kind: 'files', files: ['/here/base.qcow2', '/mid', '/top'] },
      consent: none,
      forceShare: false,
      allowLocalFiles: true,
    },
  });
});

test('file addresses are decoded', () => {
  expect(targetOf('file:///a%20b/c')).toEqual({ kind: 'files', files: ['/a b/c'] });
});

test('NBD addresses are passed on as they are', () => {
  for (const uri of ['nbd://h:10809/x', 'nbd+unix:///?socket=/s', 'NBDS://h', 'nbd:unix:/s:exportname=x']) {
    expect(targetOf(uri)).toEqual({ kind: 'nbd', uri });
  }
  expect(targetOf('./nbd:disk')).toEqual({ kind: 'files', files: ['/here/nbd:disk'] });
});

test('options may stand before or after targets, each value joined by an equals sign', () => {
  const whole = {
    request: {
      kind: 'target',
      target: { kind: 'files', files: ['/here/a'], format: 'raw', snapshot: 'before' },
      consent: { allow: ['/here/x', '/y'], allowAll: true },
      forceShare: true,
      allowLocalFiles: true,
    },
    theme: 'dark',
    windowSize: { width: 900, height: 600 },
    screenshot: { file: '/here/p.png', force: true },
  };
  const options =
    '--format=raw --snapshot=before --allow=x --allow=/y --allow-all --force-share --theme=dark --window-size=900x600 --screenshot=p.png --force';
  expect(launch(...options.split(' '), 'a')).toEqual(whole);
  expect(launch('a', ...options.split(' '))).toEqual(whole);
  expect(launch(...options.split(' '), '--', 'a')).toEqual(whole);
});

test('after -- everything is a target', () => {
  expect(targetOf('--', '--theme')).toEqual({ kind: 'files', files: ['/here/--theme'] });
  expect(targetOf('--', '--gpu-launcher=/x', '--')).toEqual({
    kind: 'files',
    files: ['/here/--gpu-launcher=/x', '/here/--'],
  });
  expect(launch('--')).toEqual({});
});

test('--infer is the number of a reading', () => {
  expect(targetOf('--infer=2', 'a')).toEqual({ kind: 'files', files: ['/here/a'], infer: 2 });
  for (const bad of ['0', '17', 'x'])
    expect(() => launch(`--infer=${bad}`, 'a')).toThrow('--infer is the number of a reading');
});

test('a value may be anything, and is never read as a separate argument', () => {
  for (const value of ['--gpu-launcher=/x', '-r', '--', '--inspect', '=', ' ', '--allow-all'])
    expect(targetOf(`--snapshot=${value}`, 'a')).toMatchObject({ snapshot: value });
});

test.each([
  [['--bogus'], 'There is no option --bogus'],
  [['-x'], 'There is no option -x'],
  [['--screenshot'], '--screenshot needs a value, joined to it'],
  [['--screenshot='], '--screenshot needs a value, joined to it'],
  [['--screenshot', 'top.qcow2'], '--screenshot needs a value, joined to it'],
  [['--snapshot', '--gpu-launcher=/x', 'a'], '--snapshot needs a value, joined to it'],
  [['--gpu-launcher=/x'], 'There is no option --gpu-launcher=/x'],
  [['-gpu-launcher=/x'], 'There is no option -gpu-launcher=/x'],
  [[' --gpu-launcher=/x'], 'There is no option'],
  [['\t-r', 'x'], 'There is no option'],
  [['--inspect'], 'There is no option --inspect'],
  [['--force', 'a'], '--force belongs to --screenshot'],
  [['--theme=blue'], '--theme is light or dark'],
  [['--window-size=900'], '--window-size is WIDTHxHEIGHT'],
  [['--window-size=100x9000'], '--window-size is WIDTHxHEIGHT'],
  [['--format=vmdk', 'a'], '--format is raw or qcow2'],
  [['--format=raw', 'nbd://h'], '--format is about files'],
  [['--snapshot=1', 'nbd://h'], 'shows no internal snapshots'],
  [['nbd://h', 'a'], 'an NBD address stands alone'],
  [['file://server/share'], 'is not the address of a local file'],
  [['https://host/a'], 'only files and NBD addresses'],
  [['--at=x', 'a'], '--at is an offset'],
  [['--len=4K', 'a'], '--len belongs to --at'],
  [['--view=../x', 'a'], '--view is the name of a view'],
  [['--begin-with=diagnostics'], '--begin-with is one of folder, connect'],
  [['--folder=/x', 'a'], 'do not go together'],
  [['--folder=/x', '--begin-with=folder'], 'do not go together'],
  [['cowscope://open?path=/a', 'b'], 'a link stands alone'],
  [['--screenshot=p.png', 'cowscope://open?path=/a'], 'no link'],
  [['a', ''], 'an empty argument'],
  [Array(201).fill('a'), 'more than 200 files'],
])('%j is wrong usage', (args, what) => {
  try {
    launch(...args);
    expect.unreachable();
  } catch (error) {
    expect(error).toBeInstanceOf(CowscopeError);
    expect(error).toMatchObject({ code: 'USAGE', what: expect.stringContaining(what) });
  }
});

test('names that do not fit into a message to the window are refused with a code, first launch or second', () => {
  const files = Array.from({ length: 200 }, (_, i) => `/${i}/`.padEnd(1200, 'x'));
  expect(targetOf(...files)).toEqual({ kind: 'files', files });
  const longer = files.map(file => `${file}${'y'.repeat(200)}`);
  const tooLarge = expect.objectContaining({ code: 'TARGET_TOO_LARGE' });
  expect(() => launch(...longer)).toThrow(tooLarge);
  const target = { kind: 'files', files: longer };
  expect(() => checkRequest({ kind: 'target', target, consent: none, forceShare: false })).toThrow(tooLarge);
});

test('the program, the folder it was started with and what stands before it are not meant for us', () => {
  expect(launchArguments(['electron', '--no-sandbox', '.', '--', 'a'], true)).toEqual(['a']);
  expect(launchArguments(['electron', '.', '--', '--snapshot=1', '--', '-a'], true)).toEqual([
    '--snapshot=1',
    '--',
    '-a',
  ]);
  expect(launchArguments(['electron', '.', 'a'], true)).toEqual(['a']);
  expect(launchArguments(['electron', '.', '--', '--inspect'], true)).toEqual(['--inspect']);
  expect(launchArguments(['electron'], true)).toEqual([]);
});

test('the packaged program leaves switches of Chromium and Node to them, but never behind --', () => {
  const switches = [
    '--no-sandbox',
    '--inspect=0',
    '--remote-debugging-port=0',
    '--user-data-dir=/p',
    '--disable-gpu',
  ];
  expect(launchArguments(['cowscope', ...switches, 'a'], false)).toEqual(['a']);
  expect(launchArguments(['cowscope', 'a', '--', '--disable-gpu'], false)).toEqual([
    'a',
    '--',
    '--disable-gpu',
  ]);
  expect(launchArguments(['cowscope', '--gpu-launcher=/x'], false)).toEqual(['--gpu-launcher=/x']);
});

test('what a second launch sends is checked', () => {
  const request = {
    kind: 'target',
    target: { kind: 'files', files: ['/a'] },
    start: { at: 65_536, length: 512, view: 'chain' },
    consent: none,
    forceShare: true,
  };
  expect(checkRequest({ ...request, more: 1 })).toEqual({ ...request, allowLocalFiles: true });
  expect(checkRequest({ ...request, isLinked: true })).toMatchObject({
    isLinked: true,
    allowLocalFiles: false,
  });
  expect(checkRequest({ kind: 'folders', folders: ['/a'] })).toEqual({ kind: 'folders', folders: ['/a'] });
  expect(checkRequest({ kind: 'command', command: 'connect' })).toEqual({
    kind: 'command',
    command: 'connect',
  });
  expect(checkRequest(null)).toBeUndefined();
  const { target } = request;
  for (const value of [
    undefined,
    7,
    {},
    { target },
    { kind: 'target', target: {}, consent: none },
    { ...request, isLinked: false },
    { ...request, start: { at: -1 } },
    { kind: 'folders', folders: [] },
    { kind: 'command', command: 'diagnostics' },
  ])
    expect(() => checkRequest(value)).toThrow(expect.objectContaining({ code: 'HANDOVER_REFUSED' }));
});

test('a launch says where to look first', () => {
  const start = (...args: string[]) => {
    const { request } = launch(...args, 'a');
    return request?.kind === 'target' ? request.start : undefined;
  };
  expect(start()).toBeUndefined();
  expect(start('--at=0x10_0000', '--len=64K', '--view=host-layout')).toEqual({
    at: 2 ** 20,
    length: 65_536,
    view: 'host-layout',
  });
  expect(start('--view=findings')).toEqual({ view: 'findings' });
});

test('a launch looks into folders, or begins with one of two dialogs', () => {
  expect(launch('--folder=images', '--folder=/b').request).toEqual({
    kind: 'folders',
    folders: ['/here/images', '/b'],
  });
  expect(launch('--begin-with=connect').request).toEqual({ kind: 'command', command: 'connect' });
});

test('a link opens what it names once the person agrees, and consents to nothing', () => {
  const link = 'cowscope://open?path=/a%20b/top.qcow2#at=0x50000&len=4096&view=chain';
  expect(launch(link).request).toEqual({
    kind: 'target',
    target: { kind: 'files', files: ['/a b/top.qcow2'] },
    start: { at: 0x50000, length: 4096, view: 'chain' },
    isLinked: true,
    consent: none,
    forceShare: false,
    allowLocalFiles: false,
  });
  // Options of the same command line are not the link's.
  expect(launch('--allow-all', '--force-share', '--', link).request).toMatchObject({
    consent: none,
    forceShare: false,
  });
});
