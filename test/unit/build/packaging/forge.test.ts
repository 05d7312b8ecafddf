import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { run } from '../../../support/tools.ts';

const root = fileURLToPath(new URL('../../../..', import.meta.url));

it('a word other than package and make is wrong usage', async () => {
  for (const words of [[], ['publish'], ['make', 'twice']]) {
    const { code, stderr } = await run(process.execPath, ['build/packaging/forge.mjs', ...words], {
      cwd: root,
    });
    expect(code).toBe(64);
    expect(stderr).toMatch(/^usage: npm run package \| make/);
  }
});
