import { expect, test } from 'vitest';
import { APP_PAGE, assetFile, assetHeaders, isAppUrl } from '../../../../electron/shell/window/app-origin.ts';

test('our own pages are ours', () => {
  expect(isAppUrl(APP_PAGE)).toBe(true);
  expect(isAppUrl('app://cowscope/assets/index-BC_1x.js')).toBe(true);
});

test.each([
  'app://other/index.html',
  'app://cowscope.example/index.html',
  'app://user@cowscope/index.html',
  'https://cowscope/index.html',
  'file:///etc/passwd',
  'data:text/html,x',
  'about:blank',
  'app:cowscope/index.html',
  '',
])('%s is not ours', address => {
  expect(isAppUrl(address)).toBe(false);
});

test('addresses name files inside the folder', () => {
  expect(assetFile('/d', 'app://cowscope/index.html')).toBe('/d/index.html');
  expect(assetFile('/d', 'app://cowscope/assets/a-b_C1.js?x=1#y')).toBe('/d/assets/a-b_C1.js');
});

test.each([
  'app://cowscope/',
  'app://cowscope/assets/',
  'app://cowscope/..%2fmain.js',
  'app://cowscope/%2fetc%2fpasswd.json',
  'app://cowscope/a\\..\\..\\main.js',
  'app://cowscope//etc/x.json',
  'app://cowscope/.hidden.js',
  'app://cowscope/a%00.html',
  'app://cowscope/main.cjs',
  'app://other/index.html',
])('%s names nothing', address => {
  expect(assetFile('/d', address)).toBeUndefined();
});

test('a path that climbs is flattened by URL rules and stays inside', () => {
  expect(assetFile('/d', 'app://cowscope/../../etc/x.json')).toBe('/d/etc/x.json');
  expect(assetFile('/d', 'app://cowscope/%2e%2e/%2E./etc/x.json')).toBe('/d/etc/x.json');
});

test('every answer has the policy and is refused to other origins', () => {
  const headers = assetHeaders('/d/index.html');
  expect(headers['Content-Type']).toBe('text/html; charset=utf-8');
  expect(headers['Content-Security-Policy']).toMatch(
    /^default-src 'none'; script-src 'self'; style-src 'self';/,
  );
  expect(headers['Content-Security-Policy']).not.toContain('unsafe');
  expect(headers['Cross-Origin-Resource-Policy']).toBe('same-origin');
});
