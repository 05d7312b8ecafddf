import { mainSide } from './main-side.ts';

export default mainSide({
  source: 'electron/cli/cli.ts',
  bundle: 'cli',
  banner: '#!/usr/bin/env node',
  split: true,
});
