/** Imports go one way. Whatever a file imports, for its types or for its values, its folder must be allowed to know. */
import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Rooms of the main side from bottom to top; a room may import from itself and from every row below its own. */
const MAIN_SIDE = [
  ['shared'],
  ['electron/qcow2/format'],
  ['electron/qcow2/read'],
  ['electron/nbd', 'electron/qcow2/layout', 'electron/formats', 'electron/guest'],
  ['electron/plan'], // what a commit would do, from the tables and the layout of its layers
  ['electron/qcow2/check'], // counts with the walk of layout
  ['electron/qcow2/infer'], // checks what it infers
  ['electron/qemu'], // waits for the greeting of its servers with the constants and the parser of nbd
  ['electron/capture'], // opened as a chain; the engine reads it by frames
  ['electron/chain'],
  ['electron/engine'],
  ['electron/service'],
  ['electron/shell', 'electron/cli'],
] as const;

/** Rooms that know nothing of qcow2's format, although they stand above it. */
const WITHOUT_QCOW2: readonly string[] = [
  'electron/nbd',
  'electron/qemu',
  'electron/formats',
  'electron/guest',
];

/** Stands for every folder in renderer/views: each is a room, and none may know another. */
const ANY_VIEW = 'renderer/views/*';

/** Rooms of the renderer from bottom to top, each a row. */
const RENDERER = [
  'renderer/axis',
  'renderer/data',
  'renderer/canvas',
  'renderer/bridge',
  'renderer/state',
  'renderer/ui',
  ANY_VIEW,
  'renderer/views/registry.ts',
  'renderer/app',
  'renderer/main.tsx',
] as const;

/** Each room (a folder, or a file that stands alone) and the rooms it may import from beside itself. */
const ALLOWED: ReadonlyMap<string, readonly string[]> = new Map([
  ...MAIN_SIDE.flatMap((row, height) =>
    row.map((room): [string, string[]] => [
      room,
      MAIN_SIDE.slice(0, height)
        .flat()
        .filter(below => !(WITHOUT_QCOW2.includes(room) && below.startsWith('electron/qcow2'))),
    ]),
  ),
  ['electron/main.ts', MAIN_SIDE.flat().filter(layer => layer !== 'electron/cli')],
  ['electron/preload.ts', ['shared']],
  ...RENDERER.map((room, height): [string, string[]] => [room, ['shared', ...RENDERER.slice(0, height)]]),
]);

/** The only places that may import electron. */
const ELECTRON_SIDE = ['electron/main.ts', 'electron/preload.ts', 'electron/shell'];
/** The places that run without Node, but for the files of {@link WITH_NODE}. */
const WITHOUT_NODE = [
  'shared',
  'electron/preload.ts',
  ...RENDERER,
  'electron/qcow2/format',
  'electron/qcow2/read',
  'electron/qcow2/layout',
  'electron/qcow2/check',
  'electron/qcow2/infer',
  'electron/engine',
  'electron/formats',
  'electron/guest',
  'electron/plan',
];
/** The files in them that bind them to the system: the one source of bytes, the comparison of memory, the threads, zlib and its CRC. */
const WITH_NODE = [
  'electron/qcow2/check/repeated-bytes.ts',
  'electron/qcow2/read/file-source.ts',
  'electron/engine/worker/decompress.ts',
  'electron/engine/worker/worker.ts',
  'electron/engine/worker/prestarted-worker.ts',
  'electron/guest/gpt.ts',
];

/** Data below every layer. */
const DATA = [
  'package.json',
  'docs/findings.md?raw',
  'docs/glossary.md?raw',
  'electron/capture/cowscope-capture.py?raw',
];

/** The layer a path lies in, or undefined. A view's layer is its folder. */
function layerOf(path: string): string | undefined {
  return (
    /^renderer\/views\/[^/]+(?=\/)/.exec(path)?.[0] ??
    [...ALLOWED.keys()].find(layer => path === layer || path.startsWith(`${layer}/`))
  );
}

/** The row of {@link ALLOWED} that a layer belongs to. */
function rowOf(layer: string): string {
  return layer.startsWith('renderer/views/') && !ALLOWED.has(layer) ? ANY_VIEW : layer;
}

/** Every module a source names: in import and export declarations, import() and require(), and types written import(). */
function importsOf(source: string): string[] {
  const code = source.replace(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm, '');
  const declared = /^[ \t]*(?:import|export)\b(?:[^'"`;()]*?\bfrom)?\s*(['"])([^'"\n]+)\1/gm;
  const called = /\b(?:import|require)\s*\(\s*(['"`])([^'"`\n]+)\1/g;
  const workers = /new URL\(\s*(['"])(\.[^'"\n]+)\1\s*,\s*import\.meta\.url/g;
  return [declared, called, workers].flatMap(pattern => [...code.matchAll(pattern)].map(match => match[2]!));
}

/** What is wrong with the imports and the globals of one file; empty when nothing is. */
function wrongArrows(path: string, source: string): string[] {
  const layer = layerOf(path);
  if (layer === undefined) return [`${path} lies in no layer`];
  const imports = importsOf(source).flatMap(specifier => {
    const why = wrongArrow(path, layer, specifier);
    return why === undefined ? [] : [`${path} imports ${specifier}: ${why}`];
  });
  const globals = runsWithoutNode(path, layer) ? nodeGlobalsOf(source) : [];
  return [...imports, ...globals.map(name => `${path} uses ${name}: ${layer} runs without Node`)];
}

function runsWithoutNode(path: string, layer: string): boolean {
  return WITHOUT_NODE.includes(rowOf(layer)) && !WITH_NODE.includes(path);
}

/** What a source uses of Node without an import: the compiler knows these names in all of electron/. */
function nodeGlobalsOf(source: string): string[] {
  const code = source
    .replace(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm, '')
    .replace(/'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"/g, "''");
  const used =
    /(?<![\w$.#])(?:(?:Buffer|process|global)(?=\s*[.[(])|__(?:dir|file)name\b|(?:set|clear)Immediate(?=\())/g;
  return [...code.matchAll(used)].map(([name]) => name);
}

function wrongArrow(path: string, layer: string, specifier: string): string | undefined {
  if (specifier.startsWith('.')) {
    const target = join(dirname(path), specifier);
    if (DATA.includes(target) || target.endsWith('.css')) return undefined;
    const below = layerOf(target);
    if (below === undefined) return `${target} lies in no layer`;
    return below === layer || ALLOWED.get(rowOf(layer))?.includes(rowOf(below))
      ? undefined
      : `${layer} may not know ${below}`;
  }
  if (specifier.startsWith('/')) return 'only relative paths lead to our own files';
  if (specifier === 'electron' || specifier.startsWith('electron/')) {
    return ELECTRON_SIDE.includes(layer) ? undefined : `${layer} may not know electron`;
  }
  const isNode = specifier.startsWith('node:') || builtinModules.includes(specifier);
  return isNode && runsWithoutNode(path, layer) ? `${layer} runs without Node` : undefined;
}

function sourceFiles(): string[] {
  return ['shared', 'electron', 'renderer'].flatMap(folder =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter(name => /\.[cm]?[jt]sx?$/.test(name))
      .map(name => relative(root, join(root, folder, name))),
  );
}

/** The packages that a file imports, itself or through the files that it imports. */
function packagesReachedFrom(entry: string): string[] {
  const files = new Set([entry]);
  const packages = new Set<string>();
  for (const file of files)
    for (const specifier of importsOf(readFileSync(join(root, file), 'utf8'))) {
      if (specifier.startsWith('.')) files.add(join(dirname(file), specifier));
      else packages.add(specifier);
    }
  return [...packages];
}

describe('layers', () => {
  it('keep the preload small: it reaches no package but electron', () => {
    expect(packagesReachedFrom('electron/preload.ts')).toEqual(['electron']);
  });

  it('hold: every import points down', () => {
    const files = sourceFiles();
    expect(files.length).toBeGreaterThan(20);
    expect(files.flatMap(file => wrongArrows(file, readFileSync(join(root, file), 'utf8')))).toEqual([]);
  });

  it.each([
    ['electron/nbd/client/client.ts', "import { openChain } from '../../chain/open.ts';"],
    ['electron/nbd/client/client.ts', "import { header } from '../../qcow2/format/header.ts';"],
    ['electron/nbd/client/client.ts', "import { exportLayer } from '../../qemu/export-layer.ts';"],
    ['electron/engine/engine.ts', "import type { Session } from '../service/session.ts';"],
    ['electron/cli/cli.ts', "export { window } from '../shell/window.ts';"],
    ['electron/shell/window/window.ts', "import '../../cli/cli.ts';"],
    ['electron/qcow2/read/map.ts', "import { endOfImage } from '../layout/allocation.ts';"],
    ['electron/qcow2/format/header.ts', "import { readBytes } from '../read/source.ts';"],
    ['electron/qcow2/format/header.ts', "import { openSync } from 'node:fs';"],
    ['electron/qcow2/read/source.ts', "import { readSync } from 'node:fs';"],
    ['electron/qcow2/layout/allocation.ts', "import { setImmediate } from 'node:timers/promises';"],
    ['electron/engine/engine.ts', "import { Worker } from 'node:worker_threads';"],
    ['electron/plan/cases.ts', 'export const text = Buffer.from([1]).toString();'],
    ['electron/qcow2/check/engine.ts', 'export const isFast = process.platform === "linux";'],
    ['electron/engine/engine.ts', 'setImmediate(() => next());'],
    ['shared/extent/table.ts', "export const folder = join(__dirname, 'a');"],
    ['electron/formats/row-walk.ts', "import { header } from '../qcow2/format/header.ts';"],
    ['electron/guest/mbr.ts', "import { hexAt } from '../qcow2/format/bytes.ts';"],
    ['electron/guest/mbr.ts', "import { openSync } from 'node:fs';"],
    ['renderer/axis/viewport.ts', "import { createLoader } from '../data/loader.ts';"],
    ['renderer/data/loader.ts', "import { requestDraw } from '../canvas/frame.ts';"],
    ['renderer/data/loader.ts', "import { store } from '../state/store.ts';"],
    ['renderer/canvas/frame.ts', "import { invoke } from '../bridge/bridge.ts';"],
    ['renderer/bridge/bridge.ts', "import { useStore } from '../state/store.ts';"],
    ['renderer/state/store.ts', "import { Dialog } from '../ui/dialog.tsx';"],
    ['renderer/ui/dialog.tsx', "import { Legend } from '../views/chain/legend.tsx';"],
    ['renderer/state/navigation/history.ts', "import { VIEWS } from '../../views/registry.ts';"],
    ['renderer/views/chain/plot.tsx', "import { Inspector } from '../inspector/inspector.tsx';"],
    ['renderer/views/host-layout/regions.tsx', "import { Legend } from '../chain/legend.tsx';"],
    ['renderer/views/host-layout/regions.tsx', "import { VIEWS } from '../registry.ts';"],
    ['renderer/views/host-layout/regions.tsx', "import { Frame } from '../../app/frame.tsx';"],
    ['renderer/views/host-layout/regions.tsx', "import { readFile } from 'node:fs';"],
    ['renderer/views/registry.ts', "import { Frame } from '../app/frame.tsx';"],
    ['renderer/views/shared.tsx', 'export const one = 1;'],
    ['renderer/app/app.tsx', "import { start } from '../main.tsx';"],
    ['electron/main.ts', "import { run } from './cli/cli.ts';"],
    ['electron/preload.ts', "import { join } from 'node:path';"],
    ['electron/service/session.ts', "import {\n  app,\n  type BrowserWindow,\n} from 'electron';"],
    ['electron/service/session.ts', "import { app } from 'electron/main';"],
    ['electron/service/session.ts', "const { app } = require('electron');"],
    ['electron/qcow2/format/header.ts', "type Chain = import('../../chain/chain.ts').Chain;"],
    ['electron/qcow2/format/header.ts', "const worker = new URL('../../engine/worker.ts', import.meta.url);"],
    ['shared/extent/table.ts', "export * from '../../electron/nbd/wire/frames.ts';"],
    ['shared/extent/table.ts', "import { Buffer } from 'buffer';"],
    ['renderer/canvas/track.ts', "import { flagsOf } from '../../electron/nbd/wire/frames.ts';"],
    ['renderer/canvas/track.ts', "const net = await import('node:net');"],
    ['shared/model/layer.ts', "import { track } from '../../renderer/canvas/track.ts';"],
    ['electron/chain/chain.ts', "import { run } from '../../test/support/tools.ts';"],
    ['electron/helpers.ts', 'export const one = 1;'],
  ])('are checked: %s with %j is wrong', (path, source) => {
    expect(wrongArrows(path, source)).toHaveLength(1);
  });

  it.each([
    [
      'electron/chain/chain.ts',
      "import { header } from '../qcow2/format/header.ts';\nimport { page } from '../../shared/page.ts';",
    ],
    ['electron/service/session.ts', "import { open } from 'node:fs/promises';"],
    ['electron/qcow2/read/file-source.ts', "import { readSync } from 'node:fs';"],
    [
      'electron/qcow2/check/engine.ts',
      "// process.exit()\nconst text = 'ends the process.';\nhost.setImmediate(next);",
    ],
    ['electron/engine/worker/worker.ts', 'export const isLinux = process.platform === "linux";'],
    ['electron/main.ts', "import { app } from 'electron';\nimport { window } from './shell/window.ts';"],
    [
      'renderer/canvas/track.ts',
      "import { scaleLinear } from 'd3-scale';\nimport type { Flags } from '../../shared/extent/flags.ts';",
    ],
    ['renderer/views/registry.ts', "import { Plot } from './chain/plot.tsx';"],
    [
      'renderer/app/frame.tsx',
      "import { Inspector } from '../views/inspector/inspector.tsx';\nimport { VIEWS } from '../views/registry.ts';",
    ],
    [
      'shared/model/layer.ts',
      "// import { net } from 'node:net';\n/* import '../electron/main.ts' */\nconst url = 'http://a/import';",
    ],
  ])('are checked: %s with %j is right', (path, source) => {
    expect(wrongArrows(path, source)).toEqual([]);
  });
});
