import { fileURLToPath } from 'node:url';
import { defineConfig } from '@playwright/test';
import e2e from './playwright.config.ts';

/** The soak test runs as long as COWSCOPE_SOAK_MINUTES says, apart from the end-to-end tests, which are short. */
export default defineConfig({
  ...e2e,
  testDir: fileURLToPath(new URL('../test/soak', import.meta.url)),
  outputDir: fileURLToPath(new URL('../test-results/soak', import.meta.url)),
  timeout: (Number(process.env.COWSCOPE_SOAK_MINUTES ?? 30) + 15) * 60_000,
});
