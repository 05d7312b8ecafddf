import { mainSide } from './main-side.ts';

export default mainSide({
  source: 'electron/cli/cli.ts',
  bundle: 'cli',
  banner: '#!/usr/bin/env node',
  split: true,
  parts: [
    'shared/text/',
    'electron/chain/discover.ts',
    'electron/service/describe-target.ts',
    'electron/formats/',
    'electron/service/chain-session.ts',
    'electron/engine/worker/in-place-thread.ts',
  ],
});
