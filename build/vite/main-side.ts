import { builtinModules } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { UserConfig } from 'vite';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** One entry of the main side and the file it becomes. */
interface Entry {
  /** Path of the source, from the root. */
  readonly source: string;
  /** Name of the bundle in dist/, without `.cjs`. */
  readonly bundle: string;
  /** First line of the bundle. */
  readonly banner?: string;
  /** Code that is imported by import() goes into separate files, BUNDLE-*.cjs. Default: one file. */
  readonly split?: boolean;
}

/**
 * The vite configuration of one bundle for Node 20 or Electron's main side: CommonJS with every dependency inside, except
 * `electron` and what Node itself brings. Sources may use `__dirname`, which is then dist/. Names and line ends stay, for
 * stack traces; comments go, because the engine scans every byte at each start.
 */
export function mainSide({ source, bundle, banner = '', split = false }: Entry): UserConfig {
  return {
    root,
    publicDir: false,
    logLevel: 'warn',
    ssr: { noExternal: true },
    build: {
      ssr: source,
      target: 'node20',
      outDir: 'dist',
      emptyOutDir: false,
      minify: false,
      reportCompressedSize: false,
      rolldownOptions: {
        external: ['electron', ...builtinModules, /^node:/],
        output: {
          format: 'cjs',
          entryFileNames: `${bundle}.cjs`,
          chunkFileNames: `${bundle}-[name].cjs`,
          codeSplitting: split,
          banner: ({ isEntry }) => (isEntry ? banner : ''),
          comments: { legal: true, annotation: false, jsdoc: false },
        },
      },
    },
  };
}
