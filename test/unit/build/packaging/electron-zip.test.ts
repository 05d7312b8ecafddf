import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { run } from '../../../support/tools.ts';

const root = fileURLToPath(new URL('../../../..', import.meta.url));

it('the zip of Electron tells how Forge is to be started where it was started by itself', async () => {
  const { stderr, code } = await run(
    process.execPath,
    ['-e', "import('./build/packaging/electron-zip.mjs').then(zip => zip.readRuntime())"],
    { cwd: root },
  );
  expect(stderr).toContain('start Forge by npm run package or npm run make');
  expect(code).toBe(1);
});
