import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findDemoChains } from '../../../electron/shell/demo-chains.ts';
import { temporaryFolder } from '../../support/tools.ts';

test('every folder with a top is a sample, the golden chain first', () => {
  const chains = temporaryFolder();
  for (const name of ['bitmaps', 'golden', 'no-top']) mkdirSync(join(chains, name));
  for (const name of ['bitmaps', 'golden']) writeFileSync(join(chains, name, 'top.qcow2'), '');
  writeFileSync(join(chains, 'stray'), '');
  expect(findDemoChains(chains)).toEqual([
    { name: 'golden', files: [join(chains, 'golden', 'top.qcow2')] },
    { name: 'bitmaps', files: [join(chains, 'bitmaps', 'top.qcow2')] },
  ]);
});

test('an installed program has none', () => {
  expect(findDemoChains(join(temporaryFolder(), 'absent'))).toEqual([]);
});
