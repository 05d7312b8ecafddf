import { openSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CowscopeError, errorRecord } from '../../../shared/error.ts';

/** What a call throws. */
function thrownBy(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

describe('the record of an error', () => {
  it('is that of a CowscopeError as it is', () => {
    const record = { code: 'A_CODE', what: 'it failed', subject: 'file', advice: 'try again' };
    expect(errorRecord(new CowscopeError(record))).toEqual(record);
  });

  it.each([
    ['EMFILE', 'TOO_MANY_FILES'],
    ['ENFILE', 'TOO_MANY_FILES'],
    ['ENOSPC', 'DISK_FULL'],
    ['EDQUOT', 'DISK_FULL'],
    ['ENOMEM', 'OUT_OF_MEMORY'],
    ['ERR_WORKER_OUT_OF_MEMORY', 'OUT_OF_MEMORY'],
    ['ERR_STRING_TOO_LONG', 'OUT_OF_MEMORY'],
    ['E2BIG', 'COMMAND_TOO_LONG'],
    ['EIO', 'SYSTEM_ERROR'],
  ])('names the plain cause of %s: %s', (code, expected) => {
    const error = Object.assign(new Error(`${code}: something, read`), { code, syscall: 'read' });
    expect(errorRecord(error).code).toBe(expected);
  });

  it('names the plain cause of what the engine itself throws', () => {
    expect(errorRecord(thrownBy(() => 'x'.repeat(2 ** 29))).code).toBe('OUT_OF_MEMORY');
    expect(errorRecord(thrownBy(() => new ArrayBuffer(2 ** 53 - 1))).code).toBe('OUT_OF_MEMORY');
  });

  it('names the plain cause of a thread that could not be started', () => {
    const error = new Error('Worker initialization failure: EMFILE');
    expect(errorRecord(Object.assign(error, { code: 'ERR_WORKER_INIT_FAILED' })).code).toBe('TOO_MANY_FILES');
  });

  it('quotes what the system says in one line', () => {
    expect(errorRecord(thrownBy(() => openSync('/none\n/file', 'r')))).toMatchObject({
      code: 'SYSTEM_ERROR',
      what: "ENOENT: no such file or directory, open '/none /file'",
    });
    expect(errorRecord(thrownBy(() => readdirSync('/dev/null'))).code).toBe('SYSTEM_ERROR');
  });

  it('is INTERNAL for a fault of the program', () => {
    for (const fault of [new TypeError('x is undefined'), new RangeError('out of bounds'), 'text', undefined])
      expect(errorRecord(fault).code).toBe('INTERNAL');
  });
});
