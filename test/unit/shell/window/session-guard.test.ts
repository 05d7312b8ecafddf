import type { Session } from 'electron';
import { expect, test, vi } from 'vitest';
import { guardSession } from '../../../../electron/shell/window/session-guard.ts';

test('a session lets nothing out and permits nothing but copying', () => {
  const handlers: Record<string, (...given: never[]) => unknown> = {};
  const keep = (name: string) => (handler: (...given: never[]) => unknown) => {
    handlers[name] = handler;
  };
  const spelling = vi.fn();
  const languages = vi.fn();
  guardSession({
    webRequest: { onBeforeRequest: keep('request') },
    setPermissionRequestHandler: keep('ask'),
    setPermissionCheckHandler: keep('check'),
    setDevicePermissionHandler: keep('device'),
    setSpellCheckerEnabled: spelling,
    setSpellCheckerLanguages: languages,
    on: (name: string, handler: () => unknown) => keep(name)(handler),
  } as unknown as Session);

  const request = (url: string) => {
    const answer = vi.fn();
    handlers.request?.({ url } as never, answer as never);
    return answer.mock.calls[0]?.[0];
  };
  expect(request('app://cowscope/index.html')).toEqual({ cancel: false });
  for (const url of [
    'https://example.invalid/',
    'http://127.0.0.1/',
    'ws://h/',
    'file:///etc/passwd',
    'app://x/',
  ]) {
    expect(request(url), url).toEqual({ cancel: true });
  }
  const page = { getURL: () => 'app://cowscope/index.html' };
  const stranger = { getURL: () => 'https://example.invalid/' };
  const asked = (contents: unknown, permission: string) => {
    const answer = vi.fn();
    handlers.ask?.(contents as never, permission as never, answer as never);
    const checked = handlers.check?.(contents as never, permission as never);
    expect(answer).toHaveBeenCalledWith(checked);
    return checked;
  };
  for (const permission of [
    'clipboard-read',
    'geolocation',
    'notifications',
    'media',
    'fileSystem',
    'openExternal',
  ]) {
    expect(asked(page, permission), permission).toBe(false);
  }
  expect(asked(page, 'clipboard-sanitized-write')).toBe(true);
  expect(asked(stranger, 'clipboard-sanitized-write')).toBe(false);
  expect(handlers.device?.()).toBe(false);
  const download = { preventDefault: vi.fn() };
  handlers['will-download']?.(download as never);
  expect(download.preventDefault).toHaveBeenCalledOnce();
  expect(spelling).toHaveBeenCalledWith(false);
  expect(languages).toHaveBeenCalledWith([]);
});
