import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { FUSES, readFuses } from '../../../../build/packaging/fuses.mjs';
import { temporaryFolder } from '../../../support/tools.ts';

const root = fileURLToPath(new URL('../../../..', import.meta.url));

describe('fuses', () => {
  /** A binary with this after the sentinel. */
  const binary = (after: Buffer): string => {
    const file = join(temporaryFolder(), 'program');
    const sentinel = Buffer.from('dL7pKGdnNz796PbbjQWNKmHXBZaB9tsX');
    writeFileSync(file, Buffer.concat([Buffer.alloc(1000), sentinel, after, Buffer.alloc(100)]));
    return file;
  };

  it('are read by name, also those that were taken out and those that are not known', () => {
    const wire = '01r0000001';
    const fuses = readFuses(binary(Buffer.from(`\x01\x0a${wire}`, 'latin1')));
    expect(Object.keys(fuses)).toEqual([...Object.keys(FUSES), 'fuse 9']);
    expect(Object.values(fuses)).toEqual([
      false,
      true,
      undefined,
      false,
      false,
      false,
      false,
      false,
      false,
      true,
    ]);
  });

  it('of another form, and a program without any, are errors', () => {
    expect(() => readFuses(binary(Buffer.from('\x02\x0800000000', 'latin1')))).toThrow('the form 2');
    const plain = join(temporaryFolder(), 'plain');
    writeFileSync(plain, 'no program');
    expect(() => readFuses(plain)).toThrow('there are no fuses');
  });

  it('in the table stand in the order of the tool that sets them', () => {
    const types = readFileSync(join(root, 'build/packaging/package.json'), 'utf8');
    expect(types).toContain('"@electron/fuses": "2.1.3"');
    expect(Object.keys(FUSES)).toEqual([
      'RunAsNode',
      'EnableCookieEncryption',
      'EnableNodeOptionsEnvironmentVariable',
      'EnableNodeCliInspectArguments',
      'EnableEmbeddedAsarIntegrityValidation',
      'OnlyLoadAppFromAsar',
      'LoadBrowserProcessSpecificV8Snapshot',
      'GrantFileProtocolExtraPrivileges',
      'WasmTrapHandlers',
    ]);
  });
});
