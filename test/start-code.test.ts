/** What is loaded before the window can be made: every file of it is read and compiled while the person waits. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

/** The files and modules that are loaded with `entry`: what is imported for types alone, or by import(), is not. */
function loadedWith(entry: string): string[] {
  const loaded = new Set([entry]);
  for (const file of loaded) {
    if (!file.endsWith('.ts')) continue;
    const source = readFileSync(join(root, file), 'utf8');
    const imports = source.matchAll(/^(?:import|export)\b(?! type\b)(?:[^'";()]*?\bfrom)?\s*'([^'\n]+)'/gm);
    for (const [, specifier = ''] of imports)
      loaded.add(specifier.startsWith('.') ? join(dirname(file), specifier) : specifier);
  }
  return [...loaded];
}

it('makes the window before it loads what reads, checks, plans, draws or writes', () => {
  const loaded = loadedWith('electron/main.ts');
  expect(loaded).toContain('electron/shell/program.ts');
  expect(loaded).toContain('shared/ipc/schemas.ts');
  const rooms = /^electron\/(?:qcow2|engine|plan|capture|guest|formats|qemu)\/|^shared\/draw\//;
  const files =
    /^electron\/(?:chain\/discover|service\/(?:chain-session|compare\/comparison|output\/output-file))\.ts$/;
  expect(loaded.filter(file => rooms.test(file) || files.test(file))).toEqual([]);
});

it('makes the window without the modules of Node that take milliseconds to load', () => {
  const loaded = loadedWith('electron/main.ts');
  expect(loaded).toContain('node:net');
  const slow = ['node:crypto', 'node:zlib', 'node:child_process', 'node:worker_threads'];
  expect(loaded.filter(file => slow.includes(file))).toEqual([]);
});
