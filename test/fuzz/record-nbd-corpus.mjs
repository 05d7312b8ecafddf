/**
 * node test/fuzz/record-nbd-corpus.mjs
 *
 * Records the conversations with real servers in test/fuzz/nbd-corpus again. `npx biome check --write test/fuzz/nbd-corpus` formats them.
 */
import { fileURLToPath } from 'node:url';
import { runnerImport } from 'vite';

const { module } = await runnerImport(fileURLToPath(new URL('nbd-corpus-recorder.ts', import.meta.url)));
await module.recordCorpus(fileURLToPath(new URL('nbd-corpus/', import.meta.url)));
