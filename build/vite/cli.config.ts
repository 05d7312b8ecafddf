import { mainSide } from './main-side.ts';

export default mainSide({
  source: 'electron/cli/cli.ts',
  bundle: 'cli',
  banner: '#!/usr/bin/env node',
  split: true,
  parts: {
    basics: [
      'shared/text/',
      'shared/assert.ts',
      'shared/scheduler.ts',
      'shared/extent/page.ts',
      'shared/extent/status-cursor.ts',
      'electron/cli/target.ts',
      'electron/cli/missing-links.ts',
      'electron/cli/progress-line.ts',
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
    formats: ['electron/formats/'],
    session: ['electron/service/chain-session.ts'],
    engine: ['electron/engine/worker/in-place-thread.ts'],
  },
});
