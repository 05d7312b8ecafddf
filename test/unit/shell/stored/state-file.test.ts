/** Files of state: what is rewritten, what stays, what is moved aside. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { beforeEach, expect, test } from 'vitest';
import { Log } from '../../../../electron/shell/log.ts';
import { StateFile } from '../../../../electron/shell/stored/state-file.ts';
import { StateNotices } from '../../../../electron/shell/stored/state-notices.ts';
import type { StateFormat } from '../../../../shared/stored/stored-state.ts';
import { temporaryFolder } from '../../../support/tools.ts';

const FORMAT: StateFormat<{ name: string }> = {
  upgrades: [older => ({ name: (older as { title?: unknown }).title })],
  schema: v.object({ name: v.string() }),
};

let folder: string;
let path: string;
let told: unknown[][];
beforeEach(() => {
  folder = temporaryFolder();
  path = join(folder, 'state.json');
  told = [];
});
const opened = () => new StateFile(path, FORMAT);
const read = (file = opened()) => file.read((...problem) => told.push(problem));

test('a file that is not there is nothing, and no notice is given', () => {
  expect(read()).toBeUndefined();
  expect(readdirSync(folder)).toEqual([]);
  expect(told).toEqual([]);
});

test('a file of an older version is read and stored in the newest version, for its owner only', () => {
  writeFileSync(path, '{"title":"a"}');
  expect(read()).toEqual({ name: 'a' });
  expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({ version: 1, name: 'a' });
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(readdirSync(folder)).toEqual(['state.json']);
  expect(told).toEqual([]);
});

test('a file of a newer version is left as it is, whatever is to be stored', () => {
  const newer = '{"version":2,"names":["a"]}';
  writeFileSync(path, newer);
  const file = opened();
  expect(read(file)).toBeUndefined();
  file.write({ name: 'b' });
  expect(readFileSync(path, 'utf8')).toBe(newer);
  expect(readdirSync(folder)).toEqual(['state.json']);
  expect(told).toEqual([['newer']]);
});

test('a broken file is kept under another name, and the next run has no notice', () => {
  writeFileSync(path, '{"version":1,"name":');
  const file = opened();
  expect(read(file)).toBeUndefined();
  expect(told).toEqual([['broken', `${path}.broken`]]);
  expect(readFileSync(`${path}.broken`, 'utf8')).toBe('{"version":1,"name":');
  expect(existsSync(path)).toBe(false);
  expect(read()).toBeUndefined();
  file.write({ name: 'b' });
  expect(read()).toEqual({ name: 'b' });
  expect(told).toHaveLength(1);
});

test('a file that is too large to be ours is kept under another name unread', () => {
  writeFileSync(path, `{"version":1,"name":"${'x'.repeat(300_000)}"}`);
  expect(read()).toBeUndefined();
  expect(told).toEqual([['broken', `${path}.broken`]]);
  expect(statSync(`${path}.broken`).size).toBeGreaterThan(300_000);
});

test('a broken file that cannot be moved is said to be broken, and not where it is kept', () => {
  writeFileSync(path, '{');
  mkdirSync(join(`${path}.broken`, 'full'), { recursive: true });
  expect(read()).toBeUndefined();
  expect(told).toEqual([['broken', undefined]]);
});

test('a file that cannot be written is no reason to fail', () => {
  writeFileSync(path, '');
  chmodSync(path, 0o600);
  const inside = new StateFile(join(path, 'state.json'), FORMAT);
  expect(() => inside.write({ name: 'a' })).not.toThrow();
  expect(inside.read(() => {})).toBeUndefined();
});

test('the notice and the log entry appear once, and the log names no file', () => {
  const log = new Log();
  const notices = new StateNotices(log);
  notices.tellerOf('recent')('broken', '/home/SECRET/recent.json.broken');
  notices.tellerOf('window')('newer');
  expect(notices.take()).toEqual([
    'The list of recent images could not be read and starts empty. What was stored is kept as /home/SECRET/recent.json.broken.',
    'The place of the window was stored by a newer version of cowscope. It is left as it is, and changes are not stored.',
  ]);
  expect(notices.take()).toEqual([]);
  expect(log.recent.map(entry => JSON.parse(entry))).toMatchObject([
    { event: 'state', name: 'recent', problem: 'broken' },
    { event: 'state', name: 'window', problem: 'newer' },
  ]);
  expect(log.recent.join()).not.toContain('SECRET');
});
