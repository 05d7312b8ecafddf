import { expect, test } from 'vitest';
import { inbox } from '../../../electron/shell/inbox.ts';

const request = (name: string, allowAll = false) => ({
  target: { kind: 'files', files: [name] } as const,
  consent: { allow: [], allowAll },
  share: false,
  allowLocalFiles: false,
});

function listening(): { box: ReturnType<typeof inbox>; sent: string[] } {
  const sent: string[] = [];
  const box = inbox(target => sent.push(target.kind === 'files' ? target.files.join() : target.uri));
  return { box, sent };
}

test('a target waits until the window listens, the newest alone', () => {
  const { box, sent } = listening();
  box.deliver(request('/a'));
  box.deliver(request('/b'));
  expect(sent).toEqual([]);
  box.listen();
  box.listen();
  expect(sent).toEqual(['/b']);
  box.deliver(request('/c'));
  expect(sent).toEqual(['/b', '/c']);
});

test('a window that begins anew gets what it showed last', () => {
  const { box, sent } = listening();
  box.listen();
  box.deliver(request('/a'));
  box.shows(request('/chosen in the window'));
  box.restart();
  box.listen();
  expect(sent).toEqual(['/a', '/chosen in the window']);
  box.shows(undefined);
  box.restart();
  box.listen();
  expect(sent).toHaveLength(2);
});

test('consent belongs to the target it came with, until another one comes', () => {
  const { box } = listening();
  box.deliver(request('/a', true));
  expect(box.requestFor(request('/a').target)?.consent.allowAll).toBe(true);
  expect(box.requestFor(request('/b').target)).toBeUndefined();
  box.deliver(request('/b'));
  expect(box.requestFor(request('/a').target)).toBeUndefined();
});

test('what waits can be looked at until the window listens', () => {
  const { box } = listening();
  expect(box.waiting()).toBeUndefined();
  box.deliver(request('/a'));
  expect(box.waiting()).toEqual(request('/a'));
  box.listen();
  expect(box.waiting()).toBeUndefined();
  box.restart();
  expect(box.waiting()).toEqual(request('/a'));
});
