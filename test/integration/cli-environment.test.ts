/** The command line where the system gives less than it should: a plain sentence and an exit code, never a fault. */
import { existsSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { CLI, codesOf, cowscope } from '../support/cli.ts';
import { goldenChain } from '../support/images/chains.ts';
import { qemuImg, run, temporaryFolder } from '../support/tools.ts';

const folder = temporaryFolder();
let top: string;
beforeAll(async () => {
  top = (await goldenChain(folder)).at(-1)!;
});

/** What `cowscope ...args` leaves behind when bash runs `before` first. */
function startedAfter(before: string, args: readonly string[]) {
  return run('bash', ['-c', `${before}; exec "$0" "$@"`, process.execPath, CLI, ...args]);
}

describe('a working folder that was removed', () => {
  const removed = () => `mkdir -p '${folder}/gone' && cd '${folder}/gone' && rmdir '${folder}/gone'`;

  it.each(['map', 'layers'])('does not matter to %s with an absolute path', async command => {
    expect(await startedAfter(removed(), [command, top])).toMatchObject({ code: 0 });
  });

  it.each(['map', 'layers', 'open'])('is said by %s with a relative path', async command => {
    const result = await startedAfter(removed(), [command, 'top.qcow2']);
    expect(result).toMatchObject({ code: 1, stdout: '' });
    expect(codesOf(result)).toEqual(['NO_WORKING_FOLDER']);
  });

  it.each(['report', 'capture'])('is said by %s where its output is a relative path', async command => {
    const name = `${command}-${process.pid}.out`;
    const result = await startedAfter(removed(), [command, '--to', name, top]);
    expect(result).toMatchObject({ code: 1, stdout: '' });
    expect(codesOf(result)).toEqual(['NO_WORKING_FOLDER']);
    expect(existsSync(`/${name}`)).toBe(false); // the program itself goes on in the root folder
  });
});

describe('an output', () => {
  it.each(['report', 'capture'])('of %s whose name ends in a slash is no file', async command => {
    const result = await cowscope([command, '--to', join(folder, 'none/'), top]);
    expect(result).toMatchObject({ code: 1, stdout: '' });
    expect(codesOf(result)).toEqual(['OUTPUT_NOT_A_FILE']);
    expect(existsSync(join(folder, 'none'))).toBe(false);
  });
});

describe('too few descriptors', () => {
  /** The fewest with which Node itself reads a program of ours. */
  async function fewest(): Promise<number> {
    for (let limit = 10; limit < 100; limit++) {
      const shell = `ulimit -c 0 -n ${limit}; "$0" -e 'require("fs").readFileSync(process.argv[1])' "$1"; exit $?`;
      if ((await run('bash', ['-c', shell, process.execPath, CLI])).code === 0) return limit;
    }
    throw new Error('Node does not run with a hundred descriptors');
  }

  it('are no fault of the program', async () => {
    const least = await fewest();
    const codes = new Set<string>();
    for (let limit = least + 1; limit < least + 16; limit += 2) {
      for (const args of [
        ['map', top],
        ['layers', top],
        ['map', '--witness', 'both', top],
      ]) {
        const result = await startedAfter(`ulimit -n ${limit}`, args);
        expect([0, 1, 3]).toContain(result.code);
        expect(codesOf(result).length > 0).toBe(result.code !== 0);
        for (const code of codesOf(result)) codes.add(code);
      }
    }
    expect(codes).toContain('TOO_MANY_FILES');
    for (const code of codes) expect(code).toMatch(/^(TOO_MANY_FILES|QEMU_[A-Z_]+)$/);
  });
});

describe('a folder for temporary files that cannot be written to', () => {
  it('is said where a server was to be started, and matters to nothing else', async () => {
    const missing = `export TMPDIR='${join(folder, 'none')}'`;
    expect(await startedAfter(missing, ['map', top])).toMatchObject({ code: 0 });
    const result = await startedAfter(missing, ['map', '--witness', 'nbd', top]);
    expect(result.code).toBe(3);
    expect(new Set(codesOf(result))).toEqual(new Set(['QEMU_SOCKET_FOLDER']));
  });
});

describe('memory for a quarter of a GiB', () => {
  /** An image whose 1,000 snapshots have 64 MiB of names, each character of which takes six in JSON. */
  async function longNames(path: string): Promise<string> {
    await qemuImg('create', '-q', '-f', 'qcow2', path, '1M');
    const file = await open(path, 'r+');
    const table = 2 ** 20;
    const header = Buffer.alloc(12);
    header.writeUInt32BE(1000, 0);
    header.writeBigUInt64BE(BigInt(table), 4);
    await file.write(header, 0, header.length, 60);
    const entry = Buffer.alloc(65_592, 1);
    entry.fill(0, 0, 56);
    entry.writeUInt16BE(1, 12); // length of the id, which is the first character after the extra data
    entry.writeUInt16BE(65_535, 14);
    entry.writeUInt32BE(16, 36);
    entry.writeBigUInt64BE(BigInt(2 ** 20), 48);
    for (let i = 0; i < 1000; i++) await file.write(entry, 0, entry.length, table + i * entry.length);
    await file.close();
    return path;
  }

  it('is enough for a list that is longer than a text can be', async () => {
    const image = await longNames(join(folder, 'names.qcow2'));
    const shell = '"$0" --max-old-space-size=256 "$@" | wc -c; exit "$PIPESTATUS"';
    const args = ['-c', shell, process.execPath, CLI, 'layers', '--output', 'json', image];
    const { code, stdout, stderr } = await run('bash', args, { timeout: 60_000 });
    expect([code, stderr]).toEqual([0, '']);
    expect(Number(stdout)).toBeGreaterThan(6 * 65_535 * 1000);
  });
});
