import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Log, MAX_LOG_BYTES } from '../../../electron/shell/log.ts';
import { CowscopeError } from '../../../shared/error.ts';
import { temporaryFolder } from '../../support/tools.ts';

const entries = (file: string) =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line) as Record<string, unknown>);

test('entries before the folder is known are written once it is, in their order', () => {
  const folder = join(temporaryFolder(), 'logs');
  const log = new Log();
  log.note('gone', { process: 'GPU', reason: 'crashed', exitCode: 5 });
  log.writeTo(folder);
  log.note('opened', { layers: 3 });
  const written = entries(join(folder, 'cowscope.log'));
  expect(written).toMatchObject([
    { event: 'gone', process: 'GPU', reason: 'crashed', exitCode: 5 },
    { event: 'opened', layers: 3 },
  ]);
  expect(log.recent.map(entry => JSON.parse(entry) as unknown)).toEqual(written);
  expect(statSync(join(folder, 'cowscope.log')).mode & 0o777).toBe(0o600);
});

test('an error leaves its code and its places, and none of its words', () => {
  const log = new Log();
  const error = new CowscopeError({
    code: 'CHAIN_FILE_MISSING',
    what: 'the file SECRET-what does not exist',
    subject: '/home/SECRET-folder/SECRET.qcow2',
    advice: 'SECRET-advice',
  });
  error.stack = [
    'CowscopeError: SECRET-what',
    '    at SECRET (a line of the message, /SECRET.cjs)',
    '    at Program.open (/home/SECRET-user/dist/main.cjs:12:5)',
    '    at async file:///home/SECRET-user/dist/engine-worker.cjs:7:1',
    '    at node:internal/process:1:1',
  ].join('\n');
  log.noteError(error);
  log.noteError('SECRET');
  log.noteError(Object.assign(new Error('SECRET'), { code: 'SECRET code' }));
  expect(log.recent.join()).not.toContain('SECRET');
  expect(JSON.parse(log.recent[0] as string)).toMatchObject({
    event: 'error',
    code: 'CHAIN_FILE_MISSING',
    at: ['main.cjs:12:5', 'engine-worker.cjs:7:1'],
  });
});

test('a full file becomes the former one, so that two files bound the log', () => {
  const folder = temporaryFolder();
  const file = join(folder, 'cowscope.log');
  writeFileSync(join(folder, 'cowscope.1.log'), 'older\n');
  writeFileSync(file, `${'x'.repeat(MAX_LOG_BYTES - 1)}\n`);
  const log = new Log();
  log.writeTo(folder);
  log.note('opened', { layers: 1 });
  expect(entries(file)).toMatchObject([{ event: 'opened', layers: 1 }]);
  expect(statSync(join(folder, 'cowscope.1.log')).size).toBe(MAX_LOG_BYTES);
});

test('a folder that cannot be made keeps the entries of this run', () => {
  const file = join(temporaryFolder(), 'file');
  writeFileSync(file, '');
  const log = new Log();
  log.writeTo(join(file, 'logs'));
  for (let layers = 0; layers < 300; layers++) log.note('opened', { layers });
  expect(log.recent).toHaveLength(100);
  expect(log.recent.at(-1)).toContain('"layers":299');
  expect(existsSync(join(file, 'logs'))).toBe(false);
});
