import { builtinModules } from 'node:module';
import { join } from 'node:path';
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
  /**
   * Of a split bundle: code that is loaded together, by the name of its file, from what most commands need to what few do.
   * A part has the sources and folders named and everything that they import, except what an earlier part has and what
   * is loaded at each start. Without parts every set of commands that share code gets a file of it, and to find and
   * load one takes 0.2 ms.
   */
  readonly parts?: Readonly<Record<string, readonly string[]>>;
}

/**
 * The vite configuration of one bundle for Node 20 or Electron's main side: CommonJS with every dependency inside, except
 * `electron` and what Node itself brings. Sources may use `__dirname`, which is then dist/. Names and line ends stay, for
 * stack traces; comments go, because the engine scans every byte at each start.
 */
export function mainSide({ source, bundle, banner = '', split = false, parts = {} }: Entry): UserConfig {
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
          codeSplitting: split && { groups: groupsOf(parts) },
          banner: ({ isEntry }) => (isEntry ? banner : ''),
          comments: { legal: true, annotation: false, jsdoc: false },
        },
      },
    },
  };
}

/** The bundler's groups for the parts of a bundle: the first has what is loaded at each start. */
function groupsOf(parts: Readonly<Record<string, readonly string[]>>) {
  const inOrder = Object.entries(parts);
  const named = inOrder.map(([name, sources], i) => ({
    name,
    test: (id: string) => sources.some(source => id.startsWith(join(root, source))),
    priority: inOrder.length - i,
  }));
  return [{ name: 'start', tags: ['$initial'], priority: inOrder.length + 1 }, ...named];
}
