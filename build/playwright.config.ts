import { fileURLToPath } from 'node:url';
import { defineConfig } from '@playwright/test';
import { electronRuntime } from './electron-runtime.mjs';

// The electron package, which Playwright's own launcher asks, looks here first.
const runtime = await electronRuntime();
if (runtime.why === undefined && runtime.origin !== 'official')
  process.env.ELECTRON_OVERRIDE_DIST_PATH = runtime.folder;

/** The real window, driven from outside. One at a time: two would share the display's focus and the machine's cores. */
export default defineConfig({
  testDir: fileURLToPath(new URL('../test/e2e', import.meta.url)),
  outputDir: fileURLToPath(new URL('../test-results', import.meta.url)),
  workers: 1,
  timeout: 60_000,
  expect: { timeout: 15_000 },
  forbidOnly: process.env.CI !== undefined,
  retries: 0,
  reporter: 'list',
});
