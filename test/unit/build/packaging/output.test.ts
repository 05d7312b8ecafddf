import { expect, it } from 'vitest';
import { outputFolder } from '../../../../build/packaging/output.mjs';

it('packaging puts what is made of any runtime but the official one where no release is taken from', () => {
  expect(outputFolder('official')).toBe('out');
  for (const origin of ['npm', 'override'] as const) expect(outputFolder(origin)).toBe('out/development');
});
