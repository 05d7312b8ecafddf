import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { icnsOf, icoOf } from '../../../../build/packaging/icons.mjs';
import { run, temporaryFolder } from '../../../support/tools.ts';

describe('icons', () => {
  const png = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex');

  it('of Windows are a directory that leads to each picture', async () => {
    const file = icoOf([
      [16, png],
      [256, png],
    ]);
    expect([file.readUInt16LE(0), file.readUInt16LE(2), file.readUInt16LE(4)]).toEqual([0, 1, 2]);
    for (const [at, width] of [
      [6, 16],
      [22, 0],
    ] as const) {
      expect([file[at], file[at + 1]]).toEqual([width, width]);
      const [length, offset] = [file.readUInt32LE(at + 8), file.readUInt32LE(at + 12)];
      expect(file.subarray(offset, offset + length).equals(png)).toBe(true);
    }
    const path = join(temporaryFolder(), 'icon.ico');
    writeFileSync(path, file);
    expect((await run('file', [path])).stdout).toMatch(/MS Windows icon resource - 2 icons, 16x16/);
  });

  it('of macOS are one chunk of chunks, each with its length', async () => {
    const file = icnsOf([
      ['ic07', png],
      ['ic09', png],
    ]);
    expect(file.toString('latin1', 0, 4)).toBe('icns');
    expect(file.readUInt32BE(4)).toBe(file.length);
    const second = 8 + file.readUInt32BE(12);
    expect(file.toString('latin1', second, second + 4)).toBe('ic09');
    expect(file.subarray(second + 8).equals(png)).toBe(true);
    const path = join(temporaryFolder(), 'icon.icns');
    writeFileSync(path, file);
    expect((await run('file', [path])).stdout).toMatch(/Mac OS X icon, \d+ bytes, "ic07" type/);
  });
});
