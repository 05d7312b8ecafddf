import type { Plugin } from 'vite';
import { mainSide } from './main-side.ts';

const CHILD_PROCESS = "require('node:child_process')";

/**
 * commander starts a program for a subcommand that is one, and we have none: what starts programs takes Node several
 * milliseconds to load, at each start, and is loaded when that happens.
 */
const loadChildProcessLate: Plugin = {
  name: 'load-child-process-late',
  transform(code, id) {
    if (!id.endsWith('/commander/lib/command.js')) return undefined;
    const early = `const childProcess = ${CHILD_PROCESS};`;
    if (!code.includes(early)) throw new Error('commander loads node:child_process in another way now');
    return {
      code: code.replace(early, '').replaceAll('childProcess.spawn(', `${CHILD_PROCESS}.spawn(`),
      map: null,
    };
  },
};

const config = mainSide({
  source: 'electron/cli/cli.ts',
  bundle: 'cli',
  banner: '#!/usr/bin/env node',
  split: true,
  parts: {
    basics: [
      'shared/text/capture-text.ts',
      'shared/text/error-line.ts',
      'shared/text/finding-text.ts',
      'shared/text/json.ts',
      'shared/text/shell.ts',
      'shared/assert.ts',
      'shared/scheduler.ts',
      'shared/extent/flags.ts',
      'shared/extent/page.ts',
      'shared/extent/status-cursor.ts',
      'electron/cli/target.ts',
      'electron/cli/missing-links.ts',
      'electron/cli/progress-line.ts',
      'electron/cli/text/definition-rows.ts',
      'electron/service/cli-target.ts',
      'electron/service/read-errors.ts',
    ],
    nbdinfo: ['electron/formats/nbdinfo.ts', 'electron/formats/list-format.ts'],
    'nbd-contexts': ['electron/service/nbd/nbd-contexts.ts'],
    chain: ['electron/chain/discover.ts'],
    description: [
      'electron/service/describe-target.ts',
      'electron/qcow2/read/bitmap-map.ts',
      'shared/model/check.ts',
    ],
    'check-engine': ['electron/qcow2/check/engine.ts'],
    'check-json': ['electron/formats/check-json.ts'],
    formats: [
      'electron/formats/map-csv.ts',
      'electron/formats/map-json.ts',
      'electron/formats/map-text.ts',
      'electron/formats/qemu-img.ts',
      'electron/formats/row-walk.ts',
    ],
    session: ['electron/service/chain-session.ts'],
    engine: ['electron/engine/worker/in-place-thread.ts'],
    texts: ['shared/text/'],
  },
});

export default { ...config, plugins: [loadChildProcessLate] };
