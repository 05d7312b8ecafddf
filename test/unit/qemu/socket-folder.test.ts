/** Socket folders: made with a note of who made them, and removed with their servers when that process is gone. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { folderMark, makeSocketFolder, removeStaleFolders } from '../../../electron/qemu/socket-folder.ts';
import { temporaryFolder } from '../../support/tools.ts';

const systemTmp = process.env.TMPDIR;
let parent: string;

beforeEach(() => {
  parent = temporaryFolder();
  process.env.TMPDIR = parent;
});

afterEach(() => {
  process.env.TMPDIR = systemTmp;
  if (systemTmp === undefined) delete process.env.TMPDIR;
});

/** A folder such as ours with what its note says instead. */
function folderOf(name: string, changes: object): string {
  const made = makeSocketFolder();
  const owner = JSON.parse(readFileSync(join(made, 'owner'), 'utf8'));
  const folder = join(parent, name);
  mkdirSync(folder);
  writeFileSync(join(folder, 'owner'), JSON.stringify({ ...owner, ...changes }));
  writeFileSync(join(folder, 's'), '');
  return folder;
}

it('is entered by its user alone', () => {
  const folder = makeSocketFolder();
  expect(dirname(folder)).toBe(parent);
  expect(basename(folder)).toMatch(/^cow-/);
  expect(JSON.parse(readFileSync(join(folder, 'owner'), 'utf8')).pid).toBe(process.pid);
});

it.each([
  ['of an earlier run of the system', { boot: 'another' }],
  ['of a process that is gone', { pid: 2 ** 22 + 1 }],
  ['of a process whose number another has now', { started: '1' }],
])('is removed where it is %s', async (_, changes) => {
  const folder = folderOf('cow-abcdef', changes);
  const own = makeSocketFolder();
  await removeStaleFolders();
  expect(existsSync(folder)).toBe(false);
  expect(existsSync(own)).toBe(true);
});

it('is left alone where it may be in use, or is not ours', async () => {
  const ofContainer = folderOf('cow-contai', { pid: 2 ** 22 + 1, space: 'pid:[1]' });
  const otherName = folderOf('cow-toolong', { boot: 'another' });
  const noNote = join(parent, 'cow-nonote');
  mkdirSync(noNote);
  const badNote = join(parent, 'cow-badnot');
  mkdirSync(badNote);
  writeFileSync(join(badNote, 'owner'), '{"pid":-1}');
  const target = folderOf('elsewhere', { boot: 'another' });
  const link = join(parent, 'cow-linked');
  symlinkSync(target, link);
  await removeStaleFolders();
  for (const path of [ofContainer, otherName, noNote, badNote, target, link])
    expect(existsSync(path)).toBe(true);
});

it('takes along what still serves it, and nothing else', async () => {
  const stale = folderOf('cow-abcdef', { boot: 'another' });
  const inUse = makeSocketFolder();
  const sleeper = (folder: string, cwd: string): ChildProcess =>
    spawn('sleep', ['60'], { env: { ...process.env, ...(folder === '' ? {} : folderMark(folder)) }, cwd });
  const served = sleeper(stale, parent);
  const others = [sleeper(inUse, inUse), sleeper('', stale)];
  const ended = once(served, 'exit');
  await Promise.all([served, ...others].map(child => once(child, 'spawn')));
  await removeStaleFolders();
  expect(await ended).toEqual([null, 'SIGKILL']);
  expect(existsSync(stale)).toBe(false);
  for (const other of others) {
    expect(other.exitCode ?? other.signalCode).toBeNull();
    other.kill();
  }
});
