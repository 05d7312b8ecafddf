import { expect, test } from 'vitest';
import { checkRequest, launchWords, parseLaunch } from '../../../electron/shell/launch-target.ts';
import { CowscopeError } from '../../../shared/error.ts';

const none = { allow: [], allowAll: false };
const launch = (...words: string[]) => parseLaunch(words, '/here');

test('nothing asks for the empty window', () => {
  expect(launch()).toEqual({});
});

test('files become absolute and keep their order: a chain, base first', () => {
  expect(launch('base.qcow2', '../mid', '/top')).toEqual({
    open: {
      target: { kind: 'files', files: ['/here/base.qcow2', '/mid', '/top'] },
      consent: none,
      forceShare: false,
      allowLocalFiles: true,
    },
  });
});

test('file addresses are decoded', () => {
  expect(launch('file:///a%20b/c').open?.target).toEqual({ kind: 'files', files: ['/a b/c'] });
});

test('NBD addresses are passed on as they are', () => {
  for (const uri of ['nbd://h:10809/x', 'nbd+unix:///?socket=/s', 'NBDS://h', 'nbd:unix:/s:exportname=x']) {
    expect(launch(uri).open?.target).toEqual({ kind: 'nbd', uri });
  }
  expect(launch('./nbd:disk').open?.target).toEqual({ kind: 'files', files: ['/here/nbd:disk'] });
});

test('options may stand before or after, with a space or an equals sign', () => {
  const whole = {
    open: {
      target: { kind: 'files', files: ['/here/a'], format: 'raw', snapshot: 'before' },
      consent: { allow: ['/here/x', '/y'], allowAll: true },
      forceShare: true,
      allowLocalFiles: true,
    },
    theme: 'dark',
    windowSize: { width: 900, height: 600 },
    screenshot: '/here/p.png',
  };
  const spaced =
    '--format raw --snapshot before --allow x --allow /y --allow-all --force-share --theme dark --window-size 900x600 --screenshot p.png';
  expect(launch(...spaced.split(' '), 'a')).toEqual(whole);
  expect(launch('a', ...spaced.replace(/ (?!--)/g, '=').split(' '))).toEqual(whole);
});

test('after -- everything is a target', () => {
  expect(launch('--', '--theme').open?.target).toEqual({ kind: 'files', files: ['/here/--theme'] });
});

test('switches of Chromium and Node are left to them', () => {
  const switches = [
    '--no-sandbox',
    '--inspect=0',
    '--remote-debugging-port=0',
    '--user-data-dir=/p',
    '--disable-gpu',
  ];
  expect(launch(...switches, 'a').open?.target).toEqual({ kind: 'files', files: ['/here/a'] });
});

test.each([
  [['--bogus'], 'There is no option --bogus'],
  [['-x'], 'There is no option -x'],
  [['--screenshot'], '--screenshot needs a value'],
  [['--screenshot='], '--screenshot needs a value'],
  [['--theme', 'blue'], '--theme is light or dark'],
  [['--window-size', '900'], '--window-size is WIDTHxHEIGHT'],
  [['--window-size', '100x9000'], '--window-size is WIDTHxHEIGHT'],
  [['--format', 'vmdk', 'a'], '--format is raw or qcow2'],
  [['--format', 'raw', 'nbd://h'], '--format is about files'],
  [['--snapshot', '1', 'nbd://h'], 'shows no internal snapshots'],
  [['nbd://h', 'a'], 'an NBD address stands alone'],
  [['file://server/share'], 'is not the address of a local file'],
  [['https://host/a'], 'only files and NBD addresses'],
  [['a', ''], 'an empty word'],
  [Array(201).fill('a'), 'more than 200 files'],
])('%j is wrong usage', (words, what) => {
  try {
    launch(...words);
    expect.unreachable();
  } catch (error) {
    expect(error).toBeInstanceOf(CowscopeError);
    expect(error).toMatchObject({ code: 'USAGE', what: expect.stringContaining(what) });
  }
});

test('the program, and the folder it was started with, are not targets', () => {
  expect(launchWords(['cowscope', 'a'], false)).toEqual(['a']);
  expect(launchWords(['electron', '--no-sandbox', '.', 'a'], true)).toEqual(['a']);
  expect(launchWords(['electron'], true)).toEqual([]);
});

test('what a second launch sends is checked', () => {
  const request = { target: { kind: 'files', files: ['/a'] }, consent: none, forceShare: true };
  expect(checkRequest({ ...request, more: 1 })).toEqual({ ...request, allowLocalFiles: true });
  for (const value of [undefined, null, 7, {}, { target: request.target }, { target: {}, consent: none }]) {
    expect(checkRequest(value)).toBeUndefined();
  }
});
