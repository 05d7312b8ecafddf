import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { MAX_RECENT, openRecentTargets } from '../../../../electron/shell/stored/recent.ts';
import { temporaryFolder } from '../../../support/tools.ts';

/** What was reported about the stored list. */
const told: unknown[][] = [];
const openList = (path: string) => openRecentTargets(path, (...problem) => told.push(problem));
beforeEach(() => void told.splice(0));

const file = (name: string) => ({ kind: 'files', files: [name] }) as const;

test('targets are kept newest first, once each, across runs', () => {
  const path = join(temporaryFolder(), 'sub', 'recent.json');
  const first = openList(path);
  for (const name of ['/a', '/b', '/a']) first.add(file(name));
  expect(first.list().map(entry => entry.title)).toEqual(['a', 'b']);
  expect(openList(path).list()).toEqual(first.list());
  openList(path).clear();
  expect(openList(path).list()).toEqual([]);
});

test('the list is bounded', () => {
  const list = openList(join(temporaryFolder(), 'recent.json'));
  for (let i = 0; i < MAX_RECENT + 5; i++) list.add(file(`/${i}`));
  expect(list.list()).toHaveLength(MAX_RECENT);
  expect(list.list()[0]?.title).toBe(String(MAX_RECENT + 4));
});

test('a target too long for one message to the window with all others is not remembered', () => {
  const list = openList(join(temporaryFolder(), 'recent.json'));
  list.add(file('/a'));
  list.add({ kind: 'files', files: Array(100).fill(`/${'x'.repeat(200)}`) });
  expect(list.list().map(entry => entry.title)).toEqual(['a']);
});

test('a chain is titled by its top', () => {
  const list = openList(join(temporaryFolder(), 'recent.json'));
  list.add({ kind: 'files', files: ['/x/base', '/x/top.qcow2'] });
  expect(list.list()[0]?.title).toBe('top.qcow2 and 1 below');
  list.add({ kind: 'files', files: ['/x/top.qcow2'], snapshot: 'before' });
  expect(list.list()[0]?.title).toBe('top.qcow2 as of snapshot before');
});

test('only the owner can read the file, and no draft stays behind', () => {
  const folder = temporaryFolder();
  openList(join(folder, 'recent.json')).add(file('/a'));
  expect(readdirSync(folder)).toEqual(['recent.json']);
  expect(statSync(join(folder, 'recent.json')).mode & 0o777).toBe(0o600);
});

test.each(['', '{', '[]', '{"recent":7}', '{"recent":{"0":1}}', ' '.repeat(300_000)])(
  'a spoilt file is an empty list, and is kept aside',
  content => {
    const path = join(temporaryFolder(), 'recent.json');
    writeFileSync(path, content);
    const list = openList(path);
    expect(list.list()).toEqual([]);
    expect(told).toEqual([['broken', `${path}.broken`]]);
    expect(readFileSync(`${path}.broken`, 'utf8')).toBe(content);
    list.add(file('/a'));
    expect(openList(path).list()).toEqual(list.list());
    expect(told).toHaveLength(1);
  },
);

test('a list without a version is taken over and stored with one', () => {
  const path = join(temporaryFolder(), 'recent.json');
  writeFileSync(path, JSON.stringify({ recent: [file('/a')] }));
  expect(openList(path).list()).toEqual([{ title: 'a', target: file('/a') }]);
  expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({ version: 1, recent: [file('/a')] });
  expect(told).toEqual([]);
});

test('a list of a newer version stays as it is, and this run has a list for itself', () => {
  const path = join(temporaryFolder(), 'recent.json');
  const newer = JSON.stringify({ version: 2, groups: { work: [file('/a')] } });
  writeFileSync(path, newer);
  const list = openList(path);
  expect(list.list()).toEqual([]);
  list.add(file('/b'));
  list.clear();
  list.add(file('/c'));
  expect(list.list()).toEqual([{ title: 'c', target: file('/c') }]);
  expect(readFileSync(path, 'utf8')).toBe(newer);
  expect(told).toEqual([['newer']]);
});

test('of the stored targets those that are not valid are left out', () => {
  const path = join(temporaryFolder(), 'recent.json');
  const later = { kind: 'files', files: ['/b'], format: 'qed' };
  const targets = [file('/a'), later, 7, { kind: 'nbd', uri: '' }, { ...file('/c'), more: 1 }, file('/d')];
  writeFileSync(path, JSON.stringify({ version: 1, recent: targets }));
  expect(openList(path).list()).toEqual([
    { title: 'a', target: file('/a') },
    { title: 'd', target: file('/d') },
  ]);
});

test('a file that cannot be written keeps the list for this run', () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'plain'), '');
  const list = openList(join(folder, 'plain', 'recent.json'));
  list.add(file('/a'));
  expect(list.list()).toHaveLength(1);
  chmodSync(folder, 0o700);
});

test('addresses are remembered without secrets', () => {
  const path = join(temporaryFolder(), 'recent.json');
  openList(path).add({ kind: 'nbd', uri: 'nbds://user:secret@host/x?tls-psk-file=/keys/psk' });
  const stored = JSON.parse(readFileSync(path, 'utf8'));
  expect(stored.recent).toEqual([{ kind: 'nbd', uri: 'nbds://host/x' }]);
});
