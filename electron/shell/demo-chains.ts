/** The demo chains of a checkout. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { AppState } from '../../shared/ipc/contract.ts';

const MAX_DEMO_CHAINS = 8;

/** A sample for every folder in `chains` that holds a top.qcow2, the golden chain first; none when there is no folder. */
export function findDemoChains(chains: string): AppState['samples'] {
  return folders(chains)
    .map(name => ({ name, files: [join(chains, name, 'top.qcow2')] }))
    .filter(sample => sample.files.every(existsSync))
    .sort((a, b) => rank(a.name) - rank(b.name) || (a.name < b.name ? -1 : 1))
    .slice(0, MAX_DEMO_CHAINS);
}

function rank(name: string): number {
  return name === 'golden' ? 0 : 1;
}

function folders(path: string): readonly string[] {
  try {
    return readdirSync(path, { withFileTypes: true })
      .filter(entry => entry.isDirectory())
      .map(entry => entry.name);
  } catch {
    return [];
  }
}
