import { expect, test } from 'vitest';
import { createPendingTarget } from '../../../electron/shell/pending-target.ts';
import type { Arrival } from '../../../shared/model/arrival.ts';

const request = (name: string, allowAll = false) => ({
  kind: 'target' as const,
  target: { kind: 'files', files: [name] } as const,
  consent: { allow: [], allowAll },
  forceShare: false,
  allowLocalFiles: false,
});

function listening() {
  const sent: string[] = [];
  const box = createPendingTarget(arrival => sent.push(nameOf(arrival) as string));
  return { box, sent, listen: () => nameOf(box.listen()) };
}

function nameOf(arrival: Arrival | undefined): string | undefined {
  if (arrival !== undefined && arrival.kind !== 'target') return arrival.kind;
  const target = arrival?.target;
  return target?.kind === 'nbd' ? target.uri : target?.files.join();
}

test('a target waits until the window listens, the newest alone', () => {
  const { box, sent, listen } = listening();
  box.deliver(request('/a'));
  box.deliver(request('/b'));
  expect([listen(), listen()]).toEqual(['/b', undefined]);
  expect(sent).toEqual([]);
  box.deliver(request('/c'));
  expect(sent).toEqual(['/c']);
});

test('a window that reloads gets what it showed last', () => {
  const { box, sent, listen } = listening();
  expect(listen()).toBeUndefined();
  box.deliver(request('/a'));
  box.shows(request('/chosen in the window'));
  box.restart();
  expect(listen()).toBe('/chosen in the window');
  box.shows(undefined);
  box.restart();
  expect(listen()).toBeUndefined();
  expect(sent).toEqual(['/a']);
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

test('a chain that was opened before the window listens is still looked at where the launch said', () => {
  const box = createPendingTarget(() => {});
  box.deliver({ ...request('/a'), start: { at: 65_536, view: 'chain' } });
  const { kind: _, ...opened } = request('/a');
  box.shows(opened);
  expect(box.listen()).toMatchObject({ start: { at: 65_536, view: 'chain' } });
  box.shows(opened);
  box.restart();
  expect(box.listen()).toEqual({ kind: 'target', target: opened.target });
});
