/** `cowscope capture` as a process, and the other commands on what it wrote. */
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { CLI, codesOf, cowscope, cowscopeJson } from '../support/cli.ts';
import { goldenChain } from '../support/images/chains.ts';
import { hashFile, run, temporaryFolder } from '../support/tools.ts';

const folder = temporaryFolder();
let files: string[];
let top: string;
let capture: string;

beforeAll(async () => {
  files = await goldenChain(await mkdtemp(join(folder, 'chain-')));
  top = files.at(-1)!;
  capture = join(folder, 'case.cowscope');
  const result = await cowscope(['capture', '-o', capture, top]);
  expect(result.code, result.stderr).toBe(0);
  expect(result.stdout).toContain(`${capture}: ${files.length} layers, `);
  expect(result.stdout).toContain('names redacted');
  expect(result.stdout).toContain('not captured: data of the guest');
});

describe('cowscope capture', () => {
  it('leaves the images as they are, and writes over nothing', async () => {
    const before = await Promise.all(files.map(hashFile));
    expect(codesOf(await cowscope(['capture', '--to', capture, top]))).toEqual(['OUTPUT_EXISTS']);
    expect(codesOf(await cowscope(['capture', '--to', files[0]!, '--force', top]))).toEqual([
      'OUTPUT_IS_IMAGE',
    ]);
    expect((await cowscope(['capture', '--to', capture, '--force', top])).code).toBe(0);
    expect(await Promise.all(files.map(hashFile))).toEqual(before);
    expect(readdirSync(folder).filter(name => name.endsWith('.part'))).toEqual([]);
  });

  it('writes to standard output where the file is -, and what it took to standard error', async () => {
    const here = await mkdtemp(join(folder, 'here-'));
    const { code, stdout, stderr } = await run(
      'sh',
      [
        '-c',
        '"$0" "$1" capture -o - "$2" > piped && "$0" "$1" report -o - "$2" > page',
        process.execPath,
        CLI,
        top,
      ],
      { cwd: here },
    );
    expect([code, stdout]).toEqual([0, '']);
    expect(stderr).toContain(`note: standard output: ${files.length} layers, `);
    expect(readdirSync(here).sort()).toEqual(['page', 'piped']);
    expect(statSync(join(here, 'piped')).size).toBe(statSync(capture).size);
    const chainOf = async (path: string) => (await cowscopeJson(['layers', '--output', 'json', path])).layers;
    expect(await chainOf(join(here, 'piped'))).toEqual(await chainOf(capture));
    expect(readFileSync(join(here, 'page'), 'utf8')).toMatch(/^<!DOCTYPE html>/);
  });

  it('takes a capture for none, and says where none can be made', async () => {
    const to = join(folder, 'other.cowscope');
    expect(codesOf(await cowscope(['capture', '--to', to, capture]))).toEqual(['CAPTURE_AGAIN']);
    expect((await cowscope(['capture', '--to', to, 'nbd://127.0.0.1/x'])).code).toBe(64);
    expect((await cowscope(['capture', top])).code).toBe(64);
    expect(existsSync(to)).toBe(false);
    expect(statSync(capture).size).toBeLessThan(16_384);
  });
});

describe('cowscope capture --print-script', () => {
  it('prints the script, which captures as cowscope does', async () => {
    const { stdout, code } = await cowscope(['capture', '--print-script']);
    expect(code).toBe(0);
    const script = join(folder, 'cowscope-capture.py');
    writeFileSync(script, stdout);
    const to = join(folder, 'by-script.cowscope');
    expect((await run('python3', ['-I', script, '-o', to, top])).code).toBe(0);
    const chainOf = async (path: string) => {
      const {
        capture: _,
        notes: _notes,
        ...chain
      } = await cowscopeJson(['layers', '--output', 'json', path]);
      return chain;
    };
    expect(await chainOf(to)).toEqual(await chainOf(capture));
    expect((await cowscope(['capture', '--print-script', top])).code).toBe(64);
  });
});

describe('a capture as a target', () => {
  it('is named by every command, with its date and that names are replaced', async () => {
    const { capture: about } = await cowscopeJson(['layers', '--output', 'json', capture]);
    expect(about).toMatchObject({ path: capture, redacted: true });
    for (const command of ['layers', 'map']) {
      const { stdout, stderr } = await cowscope([command, capture]);
      expect(stdout + stderr).toMatch(/Capture of \d{4}-\d\d-\d\d .*: metadata only, names redacted/);
    }
  });

  it('has the map of the chain, of which no content can be compared', async () => {
    const sums = async (target: string) =>
      (await cowscopeJson(['map', '--totals', '--output', 'json', target])).totals;
    expect(await sums(capture)).toEqual(await sums(top));
    expect((await cowscope(['compare', capture, capture])).code).toBe(0);
    const { code, stdout, stderr } = await cowscope(['compare', '--content', capture, top]);
    expect([code, stdout + stderr]).toEqual([2, expect.stringContaining('does not hold the bytes')]);
  });

  it('is read by its tables alone, and planned for the qemu of its machine', async () => {
    const { capture: about } = await cowscopeJson(['layers', '--output', 'json', capture]);
    const served = await cowscope(['map', '--witness', 'nbd', capture]);
    expect([served.code, codesOf(served)]).toEqual([1, ['CAPTURE_NOT_SERVED']]);
    expect((await cowscope(['check', '--deep', capture])).code).toBe(1);
    expect((await cowscope(['check', capture])).code).toBe((await cowscope(['check', top])).code);
    const plan = await cowscope(['plan', 'commit', capture]);
    expect(plan.stdout).toContain('were not looked for');
    expect(plan.stdout.includes('the installed one')).toBe(about.qemu !== '');
  });
});
