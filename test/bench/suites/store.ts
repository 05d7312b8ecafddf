/** Suite `store`: the forest of 10,000 images in a hundred folders, from headers that are in the page cache. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Bench, cowscopeRun, medianOf } from '../context.ts';
import { inTurns } from '../measure.ts';
import type { SuiteResult } from '../report.ts';

const IMAGES = 10_000;
const PER_FOLDER = 100;
/** Seconds that are good. */
const AT_MOST = 10;
/** Bytes of an image that are written: the header cluster holds everything that is read. */
const HEAD_BYTES = 65_536;

/** Measures `cowscope store`; no tool of qemu's does the same. */
export async function measureStore(bench: Bench): Promise<SuiteResult> {
  const folder = mkdtempSync(join(bench.options.images ?? tmpdir(), 'cow-bench-store-'));
  try {
    makeStore(folder);
    const words = ['store', '--output', 'json', folder];
    const outcomes = await inTurns([cowscopeRun(bench, 'cowscope store', words)], bench.options.runs);
    const rows = outcomes.map(outcome => ({
      what: `store of ${IMAGES} images, warm`,
      unit: 's' as const,
      ours: medianOf(outcome, 'seconds'),
      atMost: AT_MOST,
    }));
    return { rows, outcomes, notes: [] };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** In each folder one base, and a chain of overlays on it. */
function makeStore(folder: string): void {
  const create = (...words: readonly string[]) =>
    execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', ...words]);
  const base = join(folder, 'base');
  const overlay = join(folder, 'overlay');
  create(base, '1G');
  create('-u', '-b', '00000', '-F', 'qcow2', overlay, '1G');
  const [baseBytes, bytes] = [base, overlay].map(path => readFileSync(path).subarray(0, HEAD_BYTES)) as [
    Buffer,
    Buffer,
  ];
  rmSync(base);
  rmSync(overlay);
  const place = bytes.indexOf('00000');
  for (let i = 0; i < IMAGES; i++) {
    const below = join(folder, String(Math.floor(i / PER_FOLDER)));
    const isBase = i % PER_FOLDER === 0;
    if (isBase) mkdirSync(below);
    else bytes.write(String(i - 1).padStart(5, '0'), place);
    writeFileSync(join(below, String(i).padStart(5, '0')), isBase ? baseBytes : bytes);
  }
}
